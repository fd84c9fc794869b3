//! The conversation on one accepted connection, until it is closed or somebody else has it.

use std::io;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout, timeout_at};

use super::answer;
use super::framing::{Body, Expectation, Framing};
use super::head::{Head, HeadError, HeadLimits, HeadReader};
use super::listener::{Presence, Shared};
use super::pathname::pathname;
use super::{Plain, Refused, Request};
use crate::transport::{Addresses, Stream};

/// The largest body of a plain request that is received to keep the connection.
const MAX_DRAINED_BODY: u64 = 1024 * 1024;

/// What a refused peer may still send, and how long it may take until it closes its side. Closing
/// with unread bytes would make the kernel send a reset that can overtake our answer.
const LINGER_BYTES: usize = 256 * 1024;
const LINGER_TIME: Duration = Duration::from_secs(2);

/// How waiting for a request ended.
enum Arrival {
    Head(Head, Vec<u8>),
    Refused(&'static [u8]),
    /// The peer is gone, or nothing came while nothing had to come.
    Gone,
}

/// Serves the requests of one connection.
pub(super) async fn converse(mut stream: Stream, addresses: Addresses, presence: Presence) {
    let shared = presence.shared();
    let mut ahead = Vec::new();
    let mut first = true;
    loop {
        let (head, rest) = match arrival(&stream, shared, &ahead, first).await {
            Arrival::Head(head, rest) => (head, rest),
            Arrival::Refused(bytes) => return Box::pin(refuse(stream, bytes, presence)).await,
            Arrival::Gone => return,
        };
        let Ok(framing) = Framing::of(&head) else {
            return Box::pin(refuse(stream, answer::BAD_REQUEST, presence)).await;
        };
        if head.method() == b"CONNECT" {
            // Node destroys the socket if nobody listens for 'connect'.
            return;
        }
        if framing.upgrade {
            let Some((stream, head)) = upgrade(stream, addresses, head, rest, shared) else {
                return;
            };
            return Box::pin(refuse_unrouted(stream, addresses, head, presence)).await;
        }
        if shared.plain.get() == Plain::HandOver {
            let Head {
                bytes: mut read, ..
            } = head;
            read.extend_from_slice(&rest);
            return shared.reception.hand_over(shared.config.id, stream, read);
        }
        let reply = Box::pin(reply(&head, &framing, shared)).await;
        let keep_alive = reply.keep_alive;
        if !write(&mut stream, &reply.bytes, shared).await {
            return;
        }
        let body = match framing.body {
            Body::Length(length) if keep_alive => length,
            _ => return Box::pin(linger(stream, presence)).await,
        };
        match drain(&stream, shared, rest, body).await {
            Some(behind) => ahead = behind,
            None => return,
        }
        first = false;
    }
}

/// Waits for the next head. `ahead` was read before. `first`: the time for the head runs from now,
/// not from its first byte.
async fn arrival(stream: &Stream, shared: &Shared, ahead: &[u8], first: bool) -> Arrival {
    let config = &shared.config;
    let limits = HeadLimits {
        bytes: config.max_head,
        headers: config.max_headers,
    };
    let mut reader = HeadReader::new(limits);
    let mut deadline = Instant::now()
        + if first {
            config.head_timeout
        } else {
            config.keep_alive_timeout
        };
    let mut idle = !first;
    let mut progress = reader.push(ahead);
    loop {
        match progress {
            Ok(Some((head, rest))) => return Arrival::Head(head, rest),
            Ok(None) => {}
            Err(HeadError::Malformed) => return Arrival::Refused(answer::BAD_REQUEST),
            Err(HeadError::TooLarge) => return Arrival::Refused(answer::HEADER_FIELDS_TOO_LARGE),
        }
        if idle && reader.has_begun() {
            idle = false;
            deadline = Instant::now() + config.head_timeout;
        }
        let ready = if idle {
            tokio::select! {
                biased;
                ready = timeout_at(deadline, stream.readable()) => ready,
                () = shared.closing() => return Arrival::Gone,
            }
        } else {
            timeout_at(deadline, stream.readable()).await
        };
        if ready.is_err() {
            return if idle {
                Arrival::Gone
            } else {
                Arrival::Refused(answer::REQUEST_TIMEOUT)
            };
        }
        let mut buffer = shared.buffer.borrow_mut();
        progress = match stream.try_read(&mut buffer) {
            // Node answers a request that ends in the middle of its head.
            Ok(0) if reader.has_begun() => return Arrival::Refused(answer::BAD_REQUEST),
            Ok(0) => return Arrival::Gone,
            Ok(count) => reader.push(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(_) => return Arrival::Gone,
        };
    }
}

/// Finds the route of an upgrade request and hands it over. Gives back what is to be refused.
fn upgrade(
    stream: Stream,
    addresses: Addresses,
    head: Head,
    rest: Vec<u8>,
    shared: &Shared,
) -> Option<(Stream, Head)> {
    let config = &shared.config;
    let route = if config.routed {
        pathname(head.target()).and_then(|path| shared.routes.find(&path))
    } else {
        None
    };
    if route.is_none() && config.routed && config.reject_unhandled {
        return Some((stream, head));
    }
    let listener = config.id;
    shared.reception.request(Request {
        listener,
        route,
        head,
        rest,
        stream,
        addresses,
    });
    None
}

/// Answers an upgrade request that has no route, closes, and reports it.
async fn refuse_unrouted(mut stream: Stream, addresses: Addresses, head: Head, presence: Presence) {
    let shared = presence.shared();
    // A peer that is gone already is still an unhandled request.
    write(&mut stream, answer::UNROUTED, shared).await;
    let _ = stream.shutdown_write();
    shared.reception.unhandled(Refused {
        listener: shared.config.id,
        head,
        addresses,
    });
    linger(stream, presence).await;
}

/// The answer to a plain request.
struct Reply {
    bytes: Vec<u8>,
    keep_alive: bool,
}

/// Answers a plain request as Node's HTTP server with the request listener of `ws` does.
async fn reply(head: &Head, framing: &Framing, shared: &Shared) -> Reply {
    let head_only = head.method() == b"HEAD";
    if head.minor_version == 1 && !framing.has_host {
        return Reply {
            bytes: answer::missing_host(head_only),
            keep_alive: false,
        };
    }
    if framing.expectation == Expectation::Unknown {
        return Reply {
            bytes: answer::expectation_failed(),
            keep_alive: false,
        };
    }
    let drainable = matches!(framing.body, Body::Length(length) if length <= MAX_DRAINED_BODY);
    let keep_alive = framing.keep_alive && drainable && !shared.is_closing();
    let timeout = keep_alive.then_some(shared.config.keep_alive_timeout);
    let Ok(answer) = answer::upgrade_required(head_only, timeout).await else {
        return Reply {
            bytes: answer::BAD_REQUEST.to_vec(),
            keep_alive: false,
        };
    };
    if framing.expectation == Expectation::Continue && keep_alive {
        return Reply {
            bytes: [answer::CONTINUE, &answer].concat(),
            keep_alive,
        };
    }
    Reply {
        bytes: answer,
        keep_alive,
    }
}

/// Writes all of it, within the time a head may take. False if that was not possible.
async fn write(stream: &mut Stream, bytes: &[u8], shared: &Shared) -> bool {
    matches!(
        timeout(shared.config.head_timeout, stream.write_all(bytes)).await,
        Ok(Ok(()))
    )
}

/// Receives `length` bytes of body, of which `rest` may have some. The result is what was read
/// behind them, `None` if they did not come.
async fn drain(
    stream: &Stream,
    shared: &Shared,
    mut rest: Vec<u8>,
    length: u64,
) -> Option<Vec<u8>> {
    let mut missing = usize::try_from(length).ok()?;
    let deadline = Instant::now() + shared.config.head_timeout;
    while missing > rest.len() {
        missing -= rest.len();
        rest.clear();
        timeout_at(deadline, stream.readable()).await.ok()?.ok()?;
        let mut buffer = shared.buffer.borrow_mut();
        match stream.try_read(&mut buffer) {
            Ok(0) => return None,
            Ok(count) => rest.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return None,
        }
    }
    rest.drain(..missing);
    Some(rest)
}

/// Answers and closes.
async fn refuse(mut stream: Stream, bytes: &[u8], presence: Presence) {
    write(&mut stream, bytes, presence.shared()).await;
    linger(stream, presence).await;
}

/// Sends FIN, then reads and drops what the peer sends until it closes, within bounds. The
/// connection does not count any more: for the application it is closed.
async fn linger(stream: Stream, presence: Presence) {
    if stream.shutdown_write().is_err() {
        return;
    }
    let shared = presence.leave();
    let read_out = async {
        let mut total = 0;
        while total < LINGER_BYTES && stream.readable().await.is_ok() {
            match stream.try_read(&mut shared.buffer.borrow_mut()) {
                Ok(0) => return,
                Ok(count) => total += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    };
    let _ = timeout(LINGER_TIME, read_out).await;
}
