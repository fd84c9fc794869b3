//! The payload of REQUEST, UNHANDLED and HANDED_OVER records; the layout is in `docs/architecture.md`.

use std::io;
use std::net::SocketAddr;

use crate::server::Head;
use crate::transport::{Addresses, Stream};

/// A request head for JavaScript: words, then addresses, then the head as it came.
#[must_use]
pub fn encode(listener: u32, route: Option<u32>, head: &Head, addresses: &Addresses) -> Vec<u8> {
    let (remote, remote_port) = text_of(addresses.remote);
    let (local, local_port) = text_of(addresses.local);
    let header_words = head.headers.len() * 4;
    let size = (12 + header_words) * 4 + remote.len() + local.len() + head.bytes.len();
    let mut payload = Vec::with_capacity(size);
    let words = [
        listener,
        route.unwrap_or(u32::MAX),
        u32::from(head.minor_version),
        u32::from(remote_port),
        u32::from(local_port),
        length(remote.len()),
        length(local.len()),
        length(head.bytes.len()),
        length(head.method_end),
        length(head.target.start),
        length(head.target.end),
        length(head.headers.len()),
    ];
    for word in words.iter().chain(head.headers.iter().flatten()) {
        payload.extend_from_slice(&word.to_le_bytes());
    }
    payload.extend_from_slice(remote.as_bytes());
    payload.extend_from_slice(local.as_bytes());
    payload.extend_from_slice(&head.bytes);
    payload
}

/// A descriptor that JavaScript owns from now on, and what was read from it.
///
/// # Errors
/// When the stream cannot be taken from the runtime.
pub fn handed_over(stream: Stream, read: &[u8]) -> io::Result<Vec<u8>> {
    #[cfg(unix)]
    {
        use std::os::fd::IntoRawFd;
        let descriptor = stream.into_std_fd()?.into_raw_fd();
        let mut payload = descriptor.to_le_bytes().to_vec();
        payload.extend_from_slice(read);
        Ok(payload)
    }
    #[cfg(not(unix))]
    {
        let _ = (stream, read);
        Err(io::ErrorKind::Unsupported.into())
    }
}

fn text_of(address: Option<SocketAddr>) -> (String, u16) {
    address.map_or_else(Default::default, |address| {
        (address.ip().to_string(), address.port())
    })
}

/// Heads are bounded far below 4 GiB.
fn length(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}
