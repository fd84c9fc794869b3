//! Binding, synchronously and outside of any runtime, so that `address()` holds as soon as the
//! constructor returns. Socket options are those that libuv sets for `net.Server`.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
#[cfg(unix)]
use std::os::fd::OwnedFd;
#[cfg(unix)]
use std::os::unix::net::UnixListener;
#[cfg(unix)]
use std::path::{Path, PathBuf};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

/// What to listen on.
#[derive(Debug)]
pub enum BindTarget {
    /// A TCP address; port 0 lets the kernel choose.
    Tcp {
        /// The address and port.
        address: SocketAddr,
        /// For `::` and other IPv6 addresses: no IPv4 peers.
        ipv6_only: bool,
        /// `SO_REUSEPORT`, where the system has it.
        reuse_port: bool,
    },
    /// A Unix domain socket. On Linux a path that starts with a NUL byte is an abstract name.
    #[cfg(unix)]
    Unix {
        /// The path; the file must not exist yet, and is removed when listening ends.
        path: PathBuf,
    },
    /// A descriptor that is bound already (it may be listening too); kept open until listening
    /// ends.
    #[cfg(unix)]
    Descriptor(OwnedFd),
}

/// The address that a listener really has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Local {
    /// Address and port, the chosen port if 0 was asked for.
    Tcp(SocketAddr),
    /// The path of a Unix domain socket; empty if it has none.
    #[cfg(unix)]
    Unix(PathBuf),
}

/// A listening socket that does not accept yet; connections queue up in the kernel's backlog.
#[derive(Debug)]
pub struct Bound {
    local: Local,
    pub(super) socket: BoundSocket,
}

/// The socket inside, as the runtime wants it.
#[derive(Debug)]
pub(super) enum BoundSocket {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener, Option<SocketFile>),
}

/// The file of a Unix domain socket that we made; removed when dropped, as libuv does on close.
#[cfg(unix)]
#[derive(Debug)]
pub(super) struct SocketFile(PathBuf);

#[cfg(unix)]
impl Drop for SocketFile {
    fn drop(&mut self) {
        // Somebody may have removed it before us; nobody is left to hear about another failure.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Bound {
    /// The address that was bound.
    #[must_use]
    pub fn local(&self) -> Local {
        self.local.clone()
    }
}

/// Binds and listens. May be called on any thread.
///
/// # Errors
///
/// The kernel's, with its errno. As in libuv, a Unix path in a directory that does not exist is
/// `EACCES`, and a path that does not fit into an address is `ENAMETOOLONG` (libuv truncates it).
pub fn bind(target: BindTarget, backlog: i32) -> io::Result<Bound> {
    match target {
        BindTarget::Tcp {
            address,
            ipv6_only,
            reuse_port,
        } => {
            let socket = bind_tcp(address, ipv6_only, reuse_port)?;
            listen_tcp(socket, backlog)
        }
        #[cfg(unix)]
        BindTarget::Unix { path } => listen_unix(&path, backlog),
        #[cfg(unix)]
        BindTarget::Descriptor(fd) => listen_descriptor(fd, backlog),
    }
}

/// Listens on every address: `::` for both families, or `0.0.0.0` where there is no IPv6, as
/// `net.Server#listen` does without a host.
///
/// # Errors
///
/// As [`bind`]. A port in use is final: it is not tried again with IPv4 alone.
pub fn bind_any(port: u16, backlog: i32) -> io::Result<Bound> {
    let any = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
    let socket = match bind_tcp(any, false, false) {
        Err(error) if error.kind() != io::ErrorKind::AddrInUse => bind_tcp(
            SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)),
            false,
            false,
        )?,
        socket => socket?,
    };
    listen_tcp(socket, backlog)
}

fn bind_tcp(address: SocketAddr, ipv6_only: bool, reuse_port: bool) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // On Windows the option would let two listeners share a port; libuv does not set it there.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    #[cfg(all(unix, not(any(target_os = "solaris", target_os = "illumos"))))]
    if reuse_port {
        socket.set_reuse_port(true)?;
    }
    #[cfg(not(all(unix, not(any(target_os = "solaris", target_os = "illumos")))))]
    if reuse_port {
        return Err(io::ErrorKind::Unsupported.into());
    }
    if address.is_ipv6() {
        socket.set_only_v6(ipv6_only)?;
    }
    socket.bind(&SockAddr::from(address))?;
    Ok(socket)
}

fn listen_tcp(socket: Socket, backlog: i32) -> io::Result<Bound> {
    // Accepted sockets inherit it on Linux, macOS and the BSDs, which saves a call for each.
    socket.set_tcp_nodelay(true)?;
    socket.listen(backlog)?;
    socket.set_nonblocking(true)?;
    let listener = TcpListener::from(socket);
    Ok(Bound {
        local: Local::Tcp(listener.local_addr()?),
        socket: BoundSocket::Tcp(listener),
    })
}

#[cfg(unix)]
fn listen_unix(path: &Path, backlog: i32) -> io::Result<Bound> {
    use std::os::unix::ffi::OsStrExt;

    let address = SockAddr::unix(path).map_err(|error| match error.raw_os_error() {
        Some(_) => error,
        None => io::Error::from_raw_os_error(libc::ENAMETOOLONG),
    })?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket
        .bind(&address)
        .map_err(|error| match error.raw_os_error() {
            Some(libc::ENOENT) => io::Error::from_raw_os_error(libc::EACCES),
            _ => error,
        })?;
    let abstract_name = path.as_os_str().as_bytes().first() == Some(&0);
    let file = (!abstract_name).then(|| SocketFile(path.to_owned()));
    socket.listen(backlog)?;
    socket.set_nonblocking(true)?;
    let listener = UnixListener::from(OwnedFd::from(socket));
    Ok(Bound {
        local: Local::Unix(path.to_owned()),
        socket: BoundSocket::Unix(listener, file),
    })
}

#[cfg(unix)]
fn listen_descriptor(fd: OwnedFd, backlog: i32) -> io::Result<Bound> {
    let invalid = || io::Error::from_raw_os_error(libc::EINVAL);
    let socket = Socket::from(fd);
    // Anything that is not a socket is EINVAL, as from `listen({ fd })` of Node.
    if socket.r#type().map_err(|_| invalid())? != Type::STREAM {
        return Err(invalid());
    }
    let address = socket.local_addr()?;
    if address.as_socket().is_some() {
        return listen_tcp(socket, backlog);
    }
    if !address.is_unix() {
        return Err(invalid());
    }
    socket.listen(backlog)?;
    socket.set_nonblocking(true)?;
    let path = address
        .as_pathname()
        .map(Path::to_owned)
        .unwrap_or_default();
    let listener = UnixListener::from(OwnedFd::from(socket));
    Ok(Bound {
        local: Local::Unix(path),
        socket: BoundSocket::Unix(listener, None),
    })
}
