//! The end of an environment (process exit, `worker.terminate()`). One of the files that may contain `unsafe`.

use std::ffi::c_void;
use std::ptr;
use std::rc::Rc;

use napi::{Env, Result, sys};

use super::crossing::Crossing;
use super::memory::check;

/// Tears `crossing` down when the environment ends. An asynchronous hook: Node waits until libuv has closed the doorbell, else it
/// aborts on an open handle.
pub(super) fn on_end(env: Env, crossing: Rc<Crossing>) -> Result<()> {
    let data = Rc::into_raw(crossing).cast_mut().cast();
    // SAFETY: `data` is an owned reference that `hook` takes back, once.
    let status =
        unsafe { sys::napi_add_async_cleanup_hook(env.raw(), Some(hook), data, ptr::null_mut()) };
    check(status)
}

unsafe extern "C" fn hook(handle: sys::napi_async_cleanup_hook_handle, data: *mut c_void) {
    // SAFETY: the reference that `on_end` leaked; Node calls the hook once.
    let crossing = unsafe { Rc::from_raw(data.cast::<Crossing>()) };
    let kept = Rc::clone(&crossing);
    let tear_down = || {
        crossing.tear_down(move || {
            drop(kept);
            // SAFETY: the handle that Node gave this hook, removed once, on the environment's thread.
            unsafe { sys::napi_remove_async_cleanup_hook(handle) };
        });
    };
    // A panic must not cross into C.
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(tear_down));
}
