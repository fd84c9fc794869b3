//! Tests of the control plane's parts; `tests/server_*.rs` test it through sockets.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod bind;
mod date;
mod framing;
mod head;
mod pathname;
mod routes;
mod target;
