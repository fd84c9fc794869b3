//! All connections on one epoll descriptor.

use std::time::Instant;

use crate::connection::Conn;
use crate::options::Opt;
use crate::socket::{check, connect_one};

/// The connections, and the frames that all of them send.
pub(crate) struct Gen {
    pub(crate) ep: i32,
    pub(crate) frames: Vec<Vec<u8>>,
    pub(crate) repeat: Vec<u8>, // K copies of the one frame, where there is only one variant
    pub(crate) conns: Vec<Conn>,
    pub(crate) scratch: Vec<u8>,
}

impl Gen {
    pub(crate) fn epoll_add(&self, i: usize, fd: i32) {
        let mut ev = libc::epoll_event {
            events: libc::EPOLLIN as u32,
            u64: i as u64,
        };
        check(
            unsafe { libc::epoll_ctl(self.ep, libc::EPOLL_CTL_ADD, fd, &mut ev) },
            "epoll_ctl",
        );
    }
    pub(crate) fn set_want_w(&mut self, i: usize, on: bool) {
        if self.conns[i].want_w != on {
            self.conns[i].want_w = on;
            let mut ev = libc::epoll_event {
                events: (libc::EPOLLIN | if on { libc::EPOLLOUT } else { 0 }) as u32,
                u64: i as u64,
            };
            check(
                unsafe { libc::epoll_ctl(self.ep, libc::EPOLL_CTL_MOD, self.conns[i].fd, &mut ev) },
                "epoll_ctl mod",
            );
        }
    }
    /// Writes what is owed, as far as the socket takes it.
    #[inline]
    pub(crate) fn push(&mut self, i: usize) {
        loop {
            let c = &mut self.conns[i];
            if c.owed == 0 {
                break;
            }
            let buf: &[u8] = if self.frames.len() == 1 {
                let fl = self.frames[0].len();
                let n = c.owed.min(self.repeat.len() / fl);
                &self.repeat[c.off..n * fl]
            } else {
                self.scratch.clear();
                let mut first = true;
                for j in 0..c.owed.min(64) {
                    let f = &self.frames[(c.next + j) % self.frames.len()];
                    self.scratch
                        .extend_from_slice(if first { &f[c.off..] } else { f });
                    first = false;
                }
                &self.scratch
            };
            let r = unsafe {
                libc::send(
                    c.fd,
                    buf.as_ptr() as *const libc::c_void,
                    buf.len(),
                    libc::MSG_NOSIGNAL,
                )
            };
            if r < 0 {
                let e = std::io::Error::last_os_error().raw_os_error().unwrap();
                if e == libc::EAGAIN {
                    self.set_want_w(i, true);
                    return;
                }
                c.dead = true;
                return;
            }
            let full = r as usize == buf.len();
            let mut left = r as usize + c.off;
            c.off = 0;
            while left > 0 {
                let fl = self.frames[c.next % self.frames.len()].len();
                if left >= fl {
                    left -= fl;
                    c.next = c.next.wrapping_add(1);
                    c.owed -= 1;
                } else {
                    c.off = left;
                    left = 0;
                }
            }
            if !full {
                self.set_want_w(i, true);
                return;
            }
        }
        if self.conns[i].want_w {
            self.set_want_w(i, false);
        }
    }
}

/// Nanoseconds since `t0`.
pub(crate) fn now_ns(t0: &Instant) -> u64 {
    t0.elapsed().as_nanos() as u64
}

/// Opens all connections, one after the other.
pub(crate) fn connect_all(o: &Opt, frames: Vec<Vec<u8>>) -> Gen {
    let ep = check(
        unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) },
        "epoll_create1",
    );
    let repeat = if frames.len() == 1 {
        frames[0].repeat(o.k.max(1))
    } else {
        vec![]
    };
    let mut g = Gen {
        ep,
        frames,
        repeat,
        conns: Vec::with_capacity(o.conns),
        scratch: Vec::with_capacity(1 << 16),
    };
    for i in 0..o.conns {
        let (fd, rest) = connect_one(o, i);
        let mut c = Conn::new(fd, i);
        let mut b = 0;
        c.parse(&rest, &mut b);
        g.conns.push(c);
        g.epoll_add(i, fd);
    }
    g
}
