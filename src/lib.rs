//! The Rust core of ferrows. The layers and their one-way arrows are described in `docs/architecture.md`.

pub mod protocol;

#[cfg(feature = "net")]
pub mod engine;
#[cfg(feature = "net")]
pub mod hub;
#[cfg(feature = "net")]
pub mod server;
#[cfg(feature = "net")]
pub mod transport;

#[cfg(feature = "addon")]
mod binding;
