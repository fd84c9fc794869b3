//! What a connection can be read from and written to: a TCP or Unix domain stream. It knows nothing
//! about HTTP, WebSocket or JavaScript;
//! `engine` and `server` stand on it.

mod stream;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};

pub use self::stream::Stream;

/// The two ends of a stream. Both are `None` for a Unix domain socket, as in `net.Socket`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// The peer's address. IPv4 peers of a dual-stack listener appear as `::ffff:a.b.c.d`.
    pub remote: Option<SocketAddr>,
    /// Our own address.
    pub local: Option<SocketAddr>,
}

/// What the engine needs of a connection's stream.
pub trait Transport: AsyncRead + AsyncWrite + Unpin {
    /// Dropping the stream shall reset the connection instead of ending it, where there is such a thing.
    fn reset_on_drop(&self) {}
}

impl Transport for Stream {
    fn reset_on_drop(&self) {
        // A connection that is gone already has nothing to reset.
        let _ = self.set_linger_zero();
    }
}
