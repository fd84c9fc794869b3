//! A connected stream socket of either family, registered with the tokio runtime.

use std::io::{self, IoSlice};
use std::net::Shutdown;
#[cfg(unix)]
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

use super::Addresses;

/// A connected socket. Dropping it closes the descriptor (FIN, or RST after
/// [`Stream::set_linger_zero`] or with unread bytes in the kernel's receive queue).
#[derive(Debug)]
pub enum Stream {
    /// TCP over IPv4 or IPv6.
    Tcp(TcpStream),
    /// A Unix domain stream socket.
    #[cfg(unix)]
    Unix(UnixStream),
}

/// Runs `$body` with `$stream` bound to the socket inside.
macro_rules! each {
    ($self:expr, $stream:ident => $body:expr) => {
        match $self {
            Self::Tcp($stream) => $body,
            #[cfg(unix)]
            Self::Unix($stream) => $body,
        }
    };
}

impl Stream {
    /// Takes over a connected stream socket of any origin: finds out whether it is TCP or Unix,
    /// makes it non-blocking and registers it with the current runtime.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the descriptor is not a connected stream socket of these families; else
    /// the kernel's error.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with IO enabled.
    #[cfg(unix)]
    pub fn from_owned_fd(fd: OwnedFd) -> io::Result<Self> {
        let socket = socket2::Socket::from(fd);
        if socket.r#type()? != socket2::Type::STREAM {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let address = socket.local_addr()?;
        socket.set_nonblocking(true)?;
        if address.is_unix() {
            UnixStream::from_std(OwnedFd::from(socket).into()).map(Self::Unix)
        } else if address.as_socket().is_some() {
            TcpStream::from_std(OwnedFd::from(socket).into()).map(Self::Tcp)
        } else {
            Err(io::ErrorKind::InvalidInput.into())
        }
    }

    /// Gives the descriptor up, deregistered from the runtime and still non-blocking. Bytes that
    /// were not read stay in the kernel.
    ///
    /// # Errors
    ///
    /// The kernel's, from deregistering; the socket is closed then.
    #[cfg(unix)]
    pub fn into_std_fd(self) -> io::Result<OwnedFd> {
        match self {
            Self::Tcp(stream) => stream.into_std().map(OwnedFd::from),
            Self::Unix(stream) => stream.into_std().map(OwnedFd::from),
        }
    }

    /// Both ends' addresses as the kernel knows them now; an end it no longer knows is `None`.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        match self {
            Self::Tcp(stream) => Addresses {
                remote: stream.peer_addr().ok(),
                local: stream.local_addr().ok(),
            },
            #[cfg(unix)]
            Self::Unix(_) => Addresses::default(),
        }
    }

    /// Switches Nagle's algorithm off (`true`) or on. Without effect on a Unix socket.
    ///
    /// # Errors
    ///
    /// The kernel's.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_nodelay(nodelay),
            #[cfg(unix)]
            Self::Unix(_) => Ok(()),
        }
    }

    /// Makes dropping the stream send a reset instead of FIN and discard what was not sent.
    /// Without effect on a Unix socket, which has no reset.
    ///
    /// # Errors
    ///
    /// The kernel's.
    pub fn set_linger_zero(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => SockRef::from(stream).set_linger(Some(Duration::ZERO)),
            #[cfg(unix)]
            Self::Unix(_) => Ok(()),
        }
    }

    /// Sends FIN after what the kernel has already taken; reading goes on.
    ///
    /// # Errors
    ///
    /// The kernel's; `NotConnected` if the peer has reset the connection.
    pub fn shutdown_write(&self) -> io::Result<()> {
        each!(self, stream => SockRef::from(stream).shutdown(Shutdown::Write))
    }

    /// Waits until a read may succeed.
    ///
    /// # Errors
    ///
    /// Only when the runtime shuts down.
    pub async fn readable(&self) -> io::Result<()> {
        each!(self, stream => stream.readable().await)
    }

    /// Waits until a write may succeed.
    ///
    /// # Errors
    ///
    /// Only when the runtime shuts down.
    pub async fn writable(&self) -> io::Result<()> {
        each!(self, stream => stream.writable().await)
    }

    /// Polls for read readiness, with one waker for all callers.
    ///
    /// # Errors
    ///
    /// Only when the runtime shuts down.
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => stream.poll_read_ready(cx))
    }

    /// Polls for write readiness, with one waker for all callers.
    ///
    /// # Errors
    ///
    /// Only when the runtime shuts down.
    pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => stream.poll_write_ready(cx))
    }

    /// Reads what is there; 0 is the peer's FIN.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if nothing is there (the readiness is cleared), else the kernel's.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        each!(self, stream => stream.try_read(buffer))
    }

    /// Writes what the kernel takes.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if the send buffer is full (the readiness is cleared), else the kernel's.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        each!(self, stream => stream.try_write(bytes))
    }

    /// Writes what the kernel takes of several slices with one `writev`.
    ///
    /// # Errors
    ///
    /// As [`Stream::try_write`].
    pub fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        each!(self, stream => stream.try_write_vectored(slices))
    }
}

impl From<TcpStream> for Stream {
    fn from(stream: TcpStream) -> Self {
        Self::Tcp(stream)
    }
}

#[cfg(unix)]
impl From<UnixStream> for Stream {
    fn from(stream: UnixStream) -> Self {
        Self::Unix(stream)
    }
}

#[cfg(unix)]
impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        each!(self, stream => stream.as_fd())
    }
}

#[cfg(unix)]
impl AsRawFd for Stream {
    fn as_raw_fd(&self) -> RawFd {
        each!(self, stream => stream.as_raw_fd())
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_read(cx, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        each!(self, stream => stream.is_write_vectored())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_shutdown(cx))
    }
}
