//! The control plane: bind, accept, read the head of a request, find its route, refuse what nobody
//! wants, answer plain HTTP. What is left, upgrade requests, goes to the [`Reception`] with its
//! stream and every byte that came behind the head; from then on the control plane is out of it.
//!
//! It runs on the IO thread's `current_thread` runtime inside a `LocalSet`, with IO and time
//! enabled. It must not touch a WebSocket message, nor know JavaScript.

mod answer;
mod bind;
mod connection;
mod date;
mod framing;
mod head;
mod listener;
mod pathname;
mod routes;
mod target;

#[cfg(test)]
mod tests;

use std::io;
use std::time::Duration;

pub use self::bind::{BindTarget, Bound, Local, bind, bind_any};
pub use self::head::Head;
pub use self::listener::{ListenerHandle, serve};
pub use self::routes::Routes;
use crate::transport::{Addresses, Stream};

/// How a listener treats what it accepts.
#[derive(Clone, Debug)]
pub struct ListenerConfig {
    /// The listener's name in everything that reaches the [`Reception`].
    pub id: u32,
    /// What happens to requests that are no upgrades.
    pub plain: Plain,
    /// Whether upgrade requests are looked up in the [`Routes`].
    pub routed: bool,
    /// With `routed`: refuse upgrade requests whose path is not there. If false they go to
    /// [`Reception::request`] without a route.
    pub reject_unhandled: bool,
    /// Target, header names and values of one request together must be fewer bytes than this
    /// (Node's `maxHeaderSize`).
    pub max_head: usize,
    /// Most headers of one request.
    pub max_headers: usize,
    /// From the connection, or the first byte of a later request, to the end of the head; also for
    /// writing an answer and for receiving the body of a plain request.
    pub head_timeout: Duration,
    /// How long a connection may stay without a request after an answer.
    pub keep_alive_timeout: Duration,
}

impl ListenerConfig {
    /// A listener without routes that answers plain requests, with the limits of Node's HTTP
    /// server: 16 KiB, 2000 headers, 60 s, 5 s.
    #[must_use]
    pub const fn new(id: u32) -> Self {
        Self {
            id,
            plain: Plain::Answer,
            routed: false,
            reject_unhandled: false,
            max_head: 16 * 1024,
            max_headers: 2000,
            head_timeout: Duration::from_secs(60),
            keep_alive_timeout: Duration::from_secs(5),
        }
    }
}

/// What happens to requests that are no upgrades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plain {
    /// 426 Upgrade Required, as from a `ws` server that listens by itself.
    Answer,
    /// The connection goes to [`Reception::hand_over`] with the first one.
    HandOver,
}

/// Who receives what the control plane does not deal with. Called on the IO thread.
pub trait Reception {
    /// An upgrade request to be decided by JavaScript.
    fn request(&self, request: Request);

    /// An upgrade request without a route. The refusal and FIN have been sent.
    fn unhandled(&self, refused: Refused);

    /// A connection whose first request is plain HTTP. `read` is everything that was read from it,
    /// less line ends in front of the request.
    fn hand_over(&self, listener: u32, stream: Stream, read: Vec<u8>);

    /// Accepting has stopped and no connection of the listener is in the control plane any more.
    /// Comes once; `error` if it was not [`ListenerHandle::close`] that stopped it.
    fn listener_closed(&self, listener: u32, error: Option<io::Error>);
}

/// An upgrade request and its connection.
#[derive(Debug)]
pub struct Request {
    /// The listener's [`ListenerConfig::id`].
    pub listener: u32,
    /// The id of the route, from [`Routes::add`]. `None` if the listener is not routed, or the
    /// path is not there and unhandled requests are not rejected.
    pub route: Option<u32>,
    /// The head as received.
    pub head: Head,
    /// What was read behind the head.
    pub rest: Vec<u8>,
    /// The connection; nothing has been written to it in answer to this request.
    pub stream: Stream,
    /// Both ends.
    pub addresses: Addresses,
}

/// An upgrade request that was refused.
#[derive(Debug)]
pub struct Refused {
    /// The listener's [`ListenerConfig::id`].
    pub listener: u32,
    /// The head as received.
    pub head: Head,
    /// Both ends.
    pub addresses: Addresses,
}
