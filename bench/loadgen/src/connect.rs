//! `connect`: connect, upgrade, send a close frame, wait for the server's FIN, start again.

use std::time::Instant;

use crate::frame::client_frame;
use crate::generator::now_ns;
use crate::hist::Hist;
use crate::options::Opt;
use crate::proc::{self, CpuSnap};
use crate::report::{Measured, report};
use crate::socket::{check, new_socket, request, start_connect};

/// Runs the mode.
pub(crate) fn run_connect(o: &Opt) {
    // o.conns slots; each one connects, upgrades, sends a close frame, waits for the server's FIN, starts again
    #[derive(PartialEq, Clone, Copy)]
    enum St {
        Conn,
        Resp,
        Close,
    }
    struct Slot {
        fd: i32,
        st: St,
        t: u64,
        got: Vec<u8>,
    }
    let ep = check(
        unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) },
        "epoll_create1",
    );
    let req = request(o);
    let close = client_frame(0x88, &1000u16.to_be_bytes());
    let t0 = Instant::now();
    let mut seq = 0usize;
    let open = |i: usize, slots: &mut Vec<Slot>, seq: &mut usize| {
        let fd = new_socket(o, *seq, true);
        *seq += 1;
        start_connect(o, fd);
        let mut ev = libc::epoll_event {
            events: libc::EPOLLOUT as u32,
            u64: i as u64,
        };
        check(
            unsafe { libc::epoll_ctl(ep, libc::EPOLL_CTL_ADD, fd, &mut ev) },
            "epoll_ctl",
        );
        let s = Slot {
            fd,
            st: St::Conn,
            t: now_ns(&t0),
            got: vec![],
        };
        if i < slots.len() {
            slots[i] = s
        } else {
            slots.push(s)
        }
    };
    let mut slots: Vec<Slot> = vec![];
    for i in 0..o.conns {
        open(i, &mut slots, &mut seq);
    }
    let mut evs: Vec<libc::epoll_event> = vec![unsafe { std::mem::zeroed() }; 256];
    let mut rbuf = vec![0u8; 65536];
    let warm_end = (o.warm * 1e9) as u64;
    let (mut measuring, mut end, mut t_start) = (false, u64::MAX, 0u64);
    let mut hist = Hist::new();
    let mut done = 0u64;
    let mut snap0 = CpuSnap::default();
    let mut self0 = 0.0;
    loop {
        let n = unsafe { libc::epoll_wait(ep, evs.as_mut_ptr(), 256, 100) };
        let t = now_ns(&t0);
        if !measuring && t >= warm_end {
            measuring = true;
            done = 0;
            hist = Hist::new();
            snap0 = CpuSnap::read(o.pid);
            self0 = proc::self_cpu();
            t_start = now_ns(&t0);
            end = t_start + (o.secs * 1e9) as u64;
        }
        if t >= end || seq as u64 > o.max {
            break;
        }
        for e in &evs[..n.max(0) as usize] {
            let i = e.u64 as usize;
            match slots[i].st {
                St::Conn => {
                    let fd = slots[i].fd;
                    let r = unsafe {
                        libc::send(
                            fd,
                            req.as_ptr() as *const libc::c_void,
                            req.len(),
                            libc::MSG_NOSIGNAL,
                        )
                    };
                    if r != req.len() as isize {
                        panic!("connect failed: {}", std::io::Error::last_os_error());
                    }
                    let mut ev = libc::epoll_event {
                        events: libc::EPOLLIN as u32,
                        u64: i as u64,
                    };
                    check(
                        unsafe { libc::epoll_ctl(ep, libc::EPOLL_CTL_MOD, fd, &mut ev) },
                        "mod",
                    );
                    slots[i].st = St::Resp;
                }
                St::Resp | St::Close => {
                    let fd = slots[i].fd;
                    let r = unsafe { libc::recv(fd, rbuf.as_mut_ptr() as *mut libc::c_void, rbuf.len(), 0) };
                    if r < 0 {
                        let e = std::io::Error::last_os_error();
                        if e.raw_os_error() == Some(libc::EAGAIN) {
                            continue;
                        }
                        if slots[i].st == St::Resp {
                            panic!("handshake: {e}");
                        }
                    }
                    if slots[i].st == St::Resp {
                        if r == 0 {
                            panic!("closed in handshake");
                        }
                        slots[i].got.extend_from_slice(&rbuf[..r as usize]);
                        if slots[i].got.windows(4).any(|w| w == b"\r\n\r\n") {
                            assert!(slots[i].got.starts_with(b"HTTP/1.1 101"));
                            unsafe {
                                libc::send(
                                    fd,
                                    close.as_ptr() as *const libc::c_void,
                                    close.len(),
                                    libc::MSG_NOSIGNAL,
                                )
                            };
                            slots[i].st = St::Close;
                        }
                    } else if r <= 0 {
                        unsafe { libc::close(fd) };
                        hist.add(now_ns(&t0) - slots[i].t);
                        done += 1;
                        open(i, &mut slots, &mut seq);
                    }
                }
            }
        }
    }
    let dt = (now_ns(&t0) - t_start) as f64 / 1e9;
    let cpu = CpuSnap::read(o.pid).since(&snap0);
    let own = proc::self_cpu() - self0;
    report(
        o,
        &Measured {
            count: done,
            bytes: 0,
            secs: dt,
            cpu,
            own,
            latency: &hist,
        },
        "",
    );
}
