//! Descriptors that Node owns. One of the files that may contain `unsafe`.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

/// A descriptor of our own for the same socket.
pub(super) fn duplicate(fd: i32) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: borrowed only for the duration of the call, on the thread on which Node owns it; a number that is not
    // open makes `dup` fail with EBADF.
    unsafe { BorrowedFd::borrow_raw(fd) }.try_clone_to_owned()
}
