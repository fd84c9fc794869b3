//! The doorbell: a `uv_async_t` on the environment's loop. One of the files that may contain `unsafe`.
//!
//! Not a thread-safe function: its dispatcher wraps all calls of a turn in one callback scope, and then promise continuations of one
//! connection would run after the next connection's messages. libuv's functions are looked up in the host's own binary.

use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};

use libloading::Symbol;
use napi::{Env, Error, Result, Status, sys};

type Callback = unsafe extern "C" fn(*mut c_void);
type AsyncInit = unsafe extern "C" fn(*mut c_void, *mut c_void, Callback) -> c_int;
type Send = unsafe extern "C" fn(*mut c_void) -> c_int;
type Close = unsafe extern "C" fn(*mut c_void, Option<Callback>);
type OnHandle = unsafe extern "C" fn(*mut c_void);
type HandleSize = unsafe extern "C" fn(c_int) -> usize;

const UV_ASYNC: c_int = 1;
/// Room for any `uv_async_t`; checked against the host's own size.
const ROOM: usize = 64;

#[derive(Clone, Copy)]
struct Uv {
    async_init: AsyncInit,
    async_send: Send,
    close: Close,
    hold: OnHandle,
    unhold: OnHandle,
    handle_size: HandleSize,
}

impl Uv {
    fn load() -> Option<Self> {
        #[cfg(unix)]
        let host = libloading::os::unix::Library::this();
        #[cfg(windows)]
        let host = libloading::os::windows::Library::this().ok()?;
        let host = libloading::Library::from(host);
        // SAFETY: the types are those of libuv's stable ABI (uv.h, version 1). The functions belong to the host process
        // and stay valid after the handle to it is dropped.
        unsafe {
            let init: Symbol<'_, AsyncInit> = host.get(b"uv_async_init\0").ok()?;
            let send: Symbol<'_, Send> = host.get(b"uv_async_send\0").ok()?;
            let close: Symbol<'_, Close> = host.get(b"uv_close\0").ok()?;
            let hold: Symbol<'_, OnHandle> = host.get(b"uv_ref\0").ok()?;
            let unhold: Symbol<'_, OnHandle> = host.get(b"uv_unref\0").ok()?;
            let size: Symbol<'_, HandleSize> = host.get(b"uv_handle_size\0").ok()?;
            Some(Self {
                async_init: *init,
                async_send: *send,
                close: *close,
                hold: *hold,
                unhold: *unhold,
                handle_size: *size,
            })
        }
    }
}

/// What libuv gets a pointer to. Lives until the handle's close callback.
#[repr(C)]
struct Cell {
    /// First, so that a pointer to the cell is a pointer to the handle.
    handle: [u64; ROOM],
    on_ring: Box<dyn Fn()>,
    on_closed: Option<Box<dyn FnOnce()>>,
}

struct Pointer(*mut Cell);

// SAFETY: other threads use the pointer only for `uv_async_send`, which libuv allows from any thread, and only under the mutex that
// `Doorbell::close` empties before it closes the handle.
unsafe impl std::marker::Send for Pointer {}

/// Rings from any thread; `on_ring` runs on the loop, outside any callback scope.
pub(super) struct Doorbell {
    uv: Uv,
    cell: Arc<Mutex<Option<Pointer>>>,
}

impl Doorbell {
    /// The handle starts unreferenced: it does not hold the process.
    pub(super) fn new(env: Env, on_ring: impl Fn() + 'static) -> Result<Self> {
        let failed = |text: &str| Error::new(Status::GenericFailure, text.to_owned());
        let uv = Uv::load().ok_or_else(|| failed("this host does not offer libuv"))?;
        let mut uv_loop = ptr::null_mut();
        // SAFETY: out-pointer to a local; the status is checked.
        let status = unsafe { sys::napi_get_uv_event_loop(env.raw(), &raw mut uv_loop) };
        super::memory::check(status)?;
        // SAFETY: a pure function of libuv.
        if unsafe { (uv.handle_size)(UV_ASYNC) } > ROOM * size_of::<u64>() {
            return Err(failed("this host's uv_async_t is larger than expected"));
        }
        let cell = Box::into_raw(Box::new(Cell {
            handle: [0; ROOM],
            on_ring: Box::new(on_ring),
            on_closed: None,
        }));
        // SAFETY: the loop is the running environment's, the memory is large enough and stays until the close callback.
        let result = unsafe { (uv.async_init)(uv_loop.cast(), cell.cast(), ring) };
        if result != 0 {
            // SAFETY: libuv did not take the handle; the box is ours alone.
            drop(unsafe { Box::from_raw(cell) });
            return Err(failed("uv_async_init failed"));
        }
        // SAFETY: an initialised handle on its own thread.
        unsafe { (uv.unhold)(cell.cast()) };
        Ok(Self {
            uv,
            cell: Arc::new(Mutex::new(Some(Pointer(cell)))),
        })
    }

    /// A closure that rings, for other threads. After `close` it does nothing.
    pub(super) fn ringer(&self) -> impl Fn() + std::marker::Send + Sync + 'static {
        let (cell, send) = (Arc::clone(&self.cell), self.uv.async_send);
        move || {
            let cell = cell.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(pointer) = &*cell {
                // SAFETY: the handle is open while the mutex holds a pointer.
                unsafe { send(pointer.0.cast()) };
            }
        }
    }

    /// Whether the handle keeps the process alive.
    pub(super) fn hold(&self, on: bool) {
        let cell = self.cell.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pointer) = &*cell {
            let change = if on { self.uv.hold } else { self.uv.unhold };
            // SAFETY: an open handle, on the loop's thread (the hub's methods run on the JavaScript thread only).
            unsafe { change(pointer.0.cast()) };
        }
    }

    /// Closes the handle; `closed` runs on the loop when libuv has let go of it.
    pub(super) fn close(&self, closed: impl FnOnce() + 'static) {
        let pointer = self
            .cell
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match pointer {
            Some(Pointer(cell)) => {
                // SAFETY: an open handle, on the loop's thread; `done` frees the cell once libuv has let go of it.
                unsafe {
                    (*cell).on_closed = Some(Box::new(closed));
                    (self.uv.close)(cell.cast(), Some(done));
                }
            }
            None => closed(),
        }
    }
}

unsafe extern "C" fn ring(handle: *mut c_void) {
    // SAFETY: libuv calls with the handle that `new` gave it; the cell lives until `done`.
    let cell = unsafe { &*handle.cast::<Cell>() };
    // A panic must not cross into C. What it interrupted is reported by the crossing itself.
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (cell.on_ring)()));
}

unsafe extern "C" fn done(handle: *mut c_void) {
    // SAFETY: the last callback of this handle; the box was made in `new`.
    let mut cell = unsafe { Box::from_raw(handle.cast::<Cell>()) };
    if let Some(closed) = cell.on_closed.take() {
        closed();
    }
}
