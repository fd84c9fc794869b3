//! Sockets from several loopback addresses, and the opening handshake.

use std::io::{Read, Write as _};
use std::time::Duration;

use crate::options::Opt;

/// Panics with the error of the last call if its result is negative.
pub(crate) fn check(r: i32, what: &str) -> i32 {
    if r < 0 {
        panic!("{what}: {}", std::io::Error::last_os_error());
    }
    r
}

/// An IPv4 address as the kernel wants it.
pub(crate) fn sockaddr(ip: [u8; 4], port: u16) -> libc::sockaddr_in {
    let mut sa: libc::sockaddr_in = unsafe { std::mem::zeroed() };
    sa.sin_family = libc::AF_INET as u16;
    sa.sin_port = port.to_be();
    sa.sin_addr.s_addr = u32::from_ne_bytes(ip);
    sa
}

/// A TCP socket without Nagle, bound to one of several 127.0.0.x so that ports do not run out.
pub(crate) fn new_socket(o: &Opt, idx: usize, nonblock: bool) -> i32 {
    unsafe {
        let fd = check(
            libc::socket(
                libc::AF_INET,
                libc::SOCK_STREAM | libc::SOCK_CLOEXEC | if nonblock { libc::SOCK_NONBLOCK } else { 0 },
                0,
            ),
            "socket",
        );
        let one: i32 = 1;
        let p = &one as *const i32 as *const libc::c_void;
        libc::setsockopt(fd, libc::IPPROTO_TCP, libc::TCP_NODELAY, p, 4);
        if o.srcs > 1 {
            libc::setsockopt(fd, libc::IPPROTO_IP, 24 /* IP_BIND_ADDRESS_NO_PORT */, p, 4);
            let src = sockaddr([127, 0, 0, 2 + (idx % o.srcs) as u8], 0);
            check(
                libc::bind(
                    fd,
                    &src as *const _ as *const libc::sockaddr,
                    std::mem::size_of::<libc::sockaddr_in>() as u32,
                ),
                "bind",
            );
        }
        fd
    }
}

/// Connects, or starts to.
pub(crate) fn start_connect(o: &Opt, fd: i32) {
    let sa = sockaddr(o.ip, o.port);
    let r = unsafe {
        libc::connect(
            fd,
            &sa as *const _ as *const libc::sockaddr,
            std::mem::size_of::<libc::sockaddr_in>() as u32,
        )
    };
    if r < 0 {
        let e = std::io::Error::last_os_error();
        if e.raw_os_error() != Some(libc::EINPROGRESS) {
            panic!("connect: {e}");
        }
    }
}

/// The opening handshake.
pub(crate) fn request(o: &Opt) -> Vec<u8> {
    let ext = if o.deflate {
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
    } else {
        ""
    };
    format!(
        "GET {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nUser-Agent: loadgen\r\nAccept: */*\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{}\r\n",
        o.path, o.port, ext
    ).into_bytes()
}

/// Blocking connect and handshake; returns the fd (non-blocking) and bytes that came after the response head.
pub(crate) fn connect_one(o: &Opt, idx: usize) -> (i32, Vec<u8>) {
    use std::os::fd::{FromRawFd, IntoRawFd};
    let fd = new_socket(o, idx, false);
    start_connect(o, fd);
    let mut s = unsafe { std::net::TcpStream::from_raw_fd(fd) };
    s.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    s.write_all(&request(o)).unwrap();
    let mut buf = vec![];
    let mut tmp = [0u8; 2048];
    loop {
        let n = s.read(&mut tmp).expect("handshake read");
        if n == 0 {
            panic!("closed in handshake: {}", String::from_utf8_lossy(&buf));
        }
        buf.extend_from_slice(&tmp[..n]);
        if let Some(p) = buf.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buf[..p]).to_string();
            if !head.starts_with("HTTP/1.1 101") {
                panic!("no upgrade: {head}");
            }
            if o.deflate && !head.to_ascii_lowercase().contains("permessage-deflate") {
                panic!("server did not accept permessage-deflate: {head}");
            }
            let rest = buf[p + 4..].to_vec();
            s.set_nonblocking(true).unwrap();
            return (s.into_raw_fd(), rest);
        }
    }
}
