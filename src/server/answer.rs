//! The answers that the control plane gives by itself: the fixed bytes of refusals, and what hyper
//! makes of a plain request.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderName};
use hyper::{Request, Response, StatusCode, body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::date::http_date;

/// For a request that is not HTTP as Node's parser knows it.
pub(super) const BAD_REQUEST: &[u8] = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";

/// For a head that is not complete in time.
pub(super) const REQUEST_TIMEOUT: &[u8] =
    b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n";

/// For a head beyond the limits.
pub(super) const HEADER_FIELDS_TOO_LARGE: &[u8] =
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n";

/// For an upgrade request whose path nobody has registered: the bytes of ws-multipath.
pub(super) const UNROUTED: &[u8] = b"HTTP/1.0 400 Bad Request\r\nConnection: close\r\n\
    Content-Type: text/html\r\nContent-Length: 11\r\n\r\nBad Request";

/// Precedes the answer to `Expect: 100-continue`.
pub(super) const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

const UPGRADE_REQUIRED: &str = "Upgrade Required";

/// For an HTTP/1.1 request without a Host header (RFC 9112 section 3.2), as Node answers it.
pub(super) fn missing_host(head_only: bool) -> Vec<u8> {
    format!(
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nDate: {}\r\n{}",
        http_date(),
        if head_only {
            "\r\n"
        } else {
            "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        },
    )
    .into_bytes()
}

/// For an expectation other than `100-continue`. Unlike Node's, it closes the connection: whether
/// the client goes on to send the body is its own choice (RFC 9110 section 10.1.1).
pub(super) fn expectation_failed() -> Vec<u8> {
    format!(
        "HTTP/1.1 417 Expectation Failed\r\nDate: {}\r\nConnection: close\r\n\
         Content-Length: 0\r\n\r\n",
        http_date(),
    )
    .into_bytes()
}

/// The 426 of `ws`, made by hyper. `head_only`: no body (a HEAD request). `keep_alive`: for how
/// long the connection stays open without a request; `None` closes it.
///
/// hyper works on memory here, with a request line of our own: the peer's bytes are parsed in one
/// place only, and a request that follows is not lost in a buffer of hyper's.
pub(super) async fn upgrade_required(
    head_only: bool,
    keep_alive: Option<Duration>,
) -> io::Result<Vec<u8>> {
    let service = service_fn(move |_: Request<Incoming>| async move { respond(keep_alive) });
    let request: &[u8] = if head_only {
        b"HEAD / HTTP/1.1\r\n\r\n"
    } else {
        b"GET / HTTP/1.1\r\n\r\n"
    };
    let mut output = Vec::with_capacity(256);
    let memory = TokioIo::new(Memory {
        input: request,
        output: &mut output,
    });
    hyper::server::conn::http1::Builder::new()
        .title_case_headers(true)
        .auto_date_header(false)
        .half_close(true)
        .serve_connection(memory, service)
        .await
        .map_err(io::Error::other)?;
    Ok(output)
}

/// The headers in Node's order: those of the application, Date, then the connection's.
fn respond(keep_alive: Option<Duration>) -> Result<Response<Full<Bytes>>, hyper::http::Error> {
    let response = Response::builder()
        .status(StatusCode::UPGRADE_REQUIRED)
        .header(CONTENT_LENGTH, UPGRADE_REQUIRED.len())
        .header(CONTENT_TYPE, "text/plain")
        .header(DATE, http_date());
    let response = match keep_alive {
        Some(timeout) => response.header(CONNECTION, "keep-alive").header(
            HeaderName::from_static("keep-alive"),
            format!("timeout={}", timeout.as_secs()),
        ),
        None => response.header(CONNECTION, "close"),
    };
    response.body(Full::from(UPGRADE_REQUIRED))
}

/// A connection that has received one request and FIN, and collects what is written.
struct Memory<'a> {
    input: &'static [u8],
    output: &'a mut Vec<u8>,
}

impl AsyncRead for Memory<'_> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().input).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Memory<'_> {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().output.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
