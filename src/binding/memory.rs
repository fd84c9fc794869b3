//! Memory that JavaScript made and the binding reads or writes on the JavaScript thread. One of the files that may contain `unsafe`.
//!
//! The arrays are private to `lib/core/hub.js`: nobody else has a reference, so they are never detached or resized.

use std::cell::Cell;
use std::ptr;

use napi::{Env, Error, Result, Status, sys};

/// A strong reference to a JavaScript value.
pub(super) struct Strong {
    env: sys::napi_env,
    reference: Cell<sys::napi_ref>,
}

impl Strong {
    pub(super) fn new(env: Env, value: sys::napi_value) -> Result<Self> {
        let mut reference = ptr::null_mut();
        // SAFETY: `env` and `value` come from the running call; the status is checked.
        let status = unsafe { sys::napi_create_reference(env.raw(), value, 1, &raw mut reference) };
        check(status)?;
        Ok(Self {
            env: env.raw(),
            reference: Cell::new(reference),
        })
    }

    /// The value. Needs an open handle scope on the JavaScript thread.
    pub(super) fn value(&self) -> sys::napi_value {
        let mut value = ptr::null_mut();
        // SAFETY: the reference is live until `release`; after that it is null and the call only reports an error.
        unsafe { sys::napi_get_reference_value(self.env, self.reference.get(), &raw mut value) };
        value
    }

    /// Gives the reference up while the environment still lives.
    pub(super) fn release(&self) {
        let reference = self.reference.replace(ptr::null_mut());
        if !reference.is_null() {
            // SAFETY: a live reference of this environment, deleted once, on its thread.
            unsafe { sys::napi_delete_reference(self.env, reference) };
        }
    }
}

pub(super) fn check(status: sys::napi_status) -> Result<()> {
    if status == sys::Status::napi_ok {
        Ok(())
    } else {
        Err(Error::new(Status::from(status), "N-API call failed"))
    }
}

/// Forgets an exception that a failed call left pending. Left alone it would surface in the next unrelated call, and at the end of an
/// environment, where no handle scope is open, it would abort the process.
pub(super) fn clear_exception(env: sys::napi_env) {
    let (mut scope, mut pending, mut exception) = (ptr::null_mut(), false, ptr::null_mut());
    // SAFETY: on the environment's thread; out-pointers to locals; the scope is closed before the return.
    unsafe {
        if sys::napi_is_exception_pending(env, &raw mut pending) == sys::Status::napi_ok
            && pending
            && sys::napi_open_handle_scope(env, &raw mut scope) == sys::Status::napi_ok
        {
            sys::napi_get_and_clear_last_exception(env, &raw mut exception);
            sys::napi_close_handle_scope(env, scope);
        }
    }
}

/// A private `Int32Array` of JavaScript's.
pub(super) struct Words {
    data: *mut i32,
    length: usize,
    keep: Strong,
}

impl Words {
    pub(super) fn new(env: Env, value: sys::napi_value) -> Result<Self> {
        let (kind, length, data) = typed_array(env, value)?;
        if kind != sys::TypedarrayType::int32_array {
            return Err(Error::new(Status::InvalidArg, "an Int32Array is needed"));
        }
        Ok(Self {
            data: data.cast(),
            length,
            keep: Strong::new(env, value)?,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.length
    }

    pub(super) fn at(&self, index: usize) -> i32 {
        if index >= self.length {
            return 0;
        }
        // SAFETY: in bounds; the array is kept by `keep`, never detached, and only this thread touches it.
        unsafe { self.data.add(index).read() }
    }

    pub(super) fn set(&self, index: usize, value: i32) {
        if index < self.length {
            // SAFETY: as in `at`.
            unsafe { self.data.add(index).write(value) }
        }
    }

    /// Writes four words of record `index`.
    pub(super) fn set_record(&self, index: usize, words: [u32; 4]) {
        if index * 4 + 4 <= self.length {
            // SAFETY: in bounds; as in `at`. `[u32; 4]` and four `i32` have the same layout.
            unsafe { self.data.add(index * 4).cast::<[u32; 4]>().write(words) }
        }
    }

    pub(super) fn release(&self) {
        self.keep.release();
    }
}

/// A private `Uint8Array` of JavaScript's.
pub(super) struct Bytes {
    data: *mut u8,
    length: usize,
    keep: Strong,
}

impl Bytes {
    pub(super) fn new(env: Env, value: sys::napi_value) -> Result<Self> {
        let (_, length, data) = typed_array(env, value)?;
        Ok(Self {
            data: data.cast(),
            length,
            keep: Strong::new(env, value)?,
        })
    }

    /// Appends the first `length` bytes to `target`.
    pub(super) fn copy_to(&self, length: usize, target: &mut Vec<u8>) {
        let length = length.min(self.length);
        // SAFETY: in bounds; kept by `keep`, never detached; JavaScript does not run while the slice lives.
        target.extend_from_slice(unsafe { std::slice::from_raw_parts(self.data, length) });
    }

    pub(super) fn release(&self) {
        self.keep.release();
    }
}

fn typed_array(env: Env, value: sys::napi_value) -> Result<(i32, usize, *mut std::ffi::c_void)> {
    let (mut kind, mut length, mut data) = (0, 0, ptr::null_mut());
    let (mut buffer, mut offset) = (ptr::null_mut(), 0);
    // SAFETY: out-pointers to locals; the status is checked before they are used.
    let status = unsafe {
        sys::napi_get_typedarray_info(
            env.raw(),
            value,
            &raw mut kind,
            &raw mut length,
            &raw mut data,
            &raw mut buffer,
            &raw mut offset,
        )
    };
    check(status)?;
    Ok((kind, length, data))
}

/// An `ArrayBuffer` that messages are views of. JavaScript's users see it, so it may be detached at any time that JavaScript runs.
pub(super) struct Slab {
    data: *mut u8,
    length: usize,
    used: usize,
    keep: Option<Strong>,
}

impl Default for Slab {
    fn default() -> Self {
        Self {
            data: ptr::null_mut(),
            length: 0,
            used: 0,
            keep: None,
        }
    }
}

impl Slab {
    pub(super) fn adopt(env: Env, value: sys::napi_value) -> Result<Self> {
        let (mut data, mut length) = (ptr::null_mut(), 0);
        // SAFETY: out-pointers to locals; the status is checked before they are used.
        let status = unsafe {
            sys::napi_get_arraybuffer_info(env.raw(), value, &raw mut data, &raw mut length)
        };
        check(status)?;
        Ok(Self {
            data: data.cast(),
            length,
            used: 0,
            keep: Some(Strong::new(env, value)?),
        })
    }

    /// Must be called after JavaScript ran and before `put`: a slab that was transferred away is given up.
    pub(super) fn revalidate(&mut self, env: sys::napi_env) {
        let Some(keep) = &self.keep else { return };
        let mut detached = false;
        // SAFETY: the value is a live ArrayBuffer kept by `keep`; out-pointer to a local.
        let status =
            unsafe { sys::napi_is_detached_arraybuffer(env, keep.value(), &raw mut detached) };
        if status != sys::Status::napi_ok || detached {
            self.release();
        }
    }

    /// Bytes that fit.
    pub(super) fn room(&self) -> usize {
        self.length - self.used.min(self.length)
    }

    /// Copies a payload in; the offset, or `None` when there is no room.
    pub(super) fn put(&mut self, payload: &[u8]) -> Option<u32> {
        let end = self.used.checked_add(payload.len())?;
        if end > self.length {
            return None;
        }
        let offset = self.used;
        // SAFETY: `used..end` is inside the buffer, which is kept and was found attached since JavaScript last ran
        // (`revalidate`); no view handed to JavaScript covers bytes from `used` on, and `payload` is Rust memory.
        unsafe {
            ptr::copy_nonoverlapping(payload.as_ptr(), self.data.add(offset), payload.len());
        }
        // Views start at multiples of eight, so that typed arrays can be made over them.
        self.used = (end + 7) & !7;
        u32::try_from(offset).ok()
    }

    pub(super) fn release(&mut self) {
        if let Some(keep) = self.keep.take() {
            keep.release();
        }
        *self = Self::default();
    }
}
