//! The N-API boundary: conversions, and the JavaScript thread's half of the crossing. The only layer that names napi.

// `unsafe` is needed for N-API's raw calls, libuv and memory shared with JavaScript; it stays in the files that say so here,
// each block with its reason.

mod config;
#[expect(unsafe_code, reason = "raw N-API calls of the drain loop")]
mod crossing;
#[cfg(unix)]
#[expect(unsafe_code, reason = "borrowing Node's descriptors")]
mod descriptor;
mod fed;
mod listen;
#[expect(unsafe_code, reason = "libuv")]
mod loop_handle;
#[expect(unsafe_code, reason = "memory shared with JavaScript")]
mod memory;
mod native_hub;
#[expect(unsafe_code, reason = "asynchronous cleanup hook")]
mod teardown;
