//! `echo`: K messages outstanding on each of C connections, or an open loop at a given rate.

use std::time::{Duration, Instant};

use crate::frame::build_frames;
use crate::generator::{connect_all, now_ns};
use crate::hist::Hist;
use crate::options::Opt;
use crate::proc::{self, CpuSnap};
use crate::report::{Measured, report};
use crate::socket::check;

/// Inflates a permessage-deflate payload.
fn inflate_raw(data: &[u8], out_hint: usize) -> Vec<u8> {
    let mut d = flate2::Decompress::new(false);
    let mut input = data.to_vec();
    input.extend_from_slice(&[0, 0, 0xff, 0xff]);
    let mut out = Vec::with_capacity(out_hint * 2 + 1024);
    d.decompress_vec(&input, &mut out, flate2::FlushDecompress::Sync)
        .expect("reply does not inflate");
    out
}

/// Runs the mode.
pub(crate) fn run_echo(o: &Opt) {
    let (frames, payloads) = build_frames(o);
    let mut g = connect_all(o, frames);
    let t0 = Instant::now();
    let mut rbuf = vec![0u8; 1 << 20];
    let mut evs: Vec<libc::epoll_event> = vec![unsafe { std::mem::zeroed() }; 1024];

    // correctness: one message on connection 0 and compare
    {
        let mut cap = Vec::with_capacity(payloads[0].len() + 64);
        cap.clear();
        g.conns[0].first_payload = Some(cap);
        g.conns[0].owed = 1;
        let mut got = 0;
        let mut b = 0;
        let start = Instant::now();
        g.push(0);
        while got == 0 {
            if start.elapsed() > Duration::from_secs(10) {
                panic!("no echo came back");
            }
            let n = unsafe { libc::epoll_wait(g.ep, evs.as_mut_ptr(), 1024, 1000) };
            for e in &evs[..n.max(0) as usize] {
                let i = e.u64 as usize;
                if e.events & libc::EPOLLOUT as u32 != 0 {
                    g.push(i);
                }
                if e.events & libc::EPOLLIN as u32 == 0 {
                    continue;
                }
                let r = unsafe {
                    libc::recv(
                        g.conns[i].fd,
                        rbuf.as_mut_ptr() as *mut libc::c_void,
                        rbuf.len(),
                        0,
                    )
                };
                if r == 0 {
                    panic!("closed by the server");
                }
                if r > 0 {
                    let k = g.conns[i].parse(&rbuf[..r as usize], &mut b);
                    if i == 0 {
                        got += k;
                    }
                }
            }
        }
        let cap = g.conns[0].first_payload.take().unwrap();
        let comp = g.conns[0].hdr[0] & 0x40 != 0;
        let plain = if comp { inflate_raw(&cap, o.size) } else { cap };
        assert!(
            plain == payloads[0],
            "the echo differs from what was sent ({} bytes, {} expected)",
            plain.len(),
            payloads[0].len()
        );
        assert!(
            g.conns[0].hdr[0] & 0x0f == if o.text { 1 } else { 2 },
            "wrong opcode in the echo"
        );
        if o.deflate && !comp {
            eprintln!("note: the reply was not compressed");
        }
        g.conns[0].next = 0;
    }

    let open_loop = o.rate > 0.0;
    let mut tfd = -1;
    if open_loop {
        // a timer paces the sends; latency counts from the moment a message was due
        tfd = check(
            unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_NONBLOCK | libc::TFD_CLOEXEC) },
            "timerfd",
        );
        let per = ((1e9 / o.rate) as i64).max(100_000);
        let ts = libc::timespec {
            tv_sec: per / 1_000_000_000,
            tv_nsec: per % 1_000_000_000,
        };
        let its = libc::itimerspec {
            it_interval: ts,
            it_value: ts,
        };
        check(
            unsafe { libc::timerfd_settime(tfd, 0, &its, std::ptr::null_mut()) },
            "timerfd_settime",
        );
        g.epoll_add(usize::MAX >> 1, tfd);
    } else {
        for i in 0..g.conns.len() {
            g.conns[i].owed = o.k;
            let t = now_ns(&t0);
            for _ in 0..o.k {
                g.conns[i].ts.push_back(t);
            }
            g.push(i);
        }
    }
    let warm_end = now_ns(&t0) + (o.warm * 1e9) as u64;
    let mut end = u64::MAX;
    let mut measuring = false;
    let mut hist = Hist::new();
    let (mut msgs, mut bytes) = (0u64, 0u64);
    let mut snap0 = CpuSnap::default();
    let mut self0 = proc::self_cpu();
    let mut t_start = 0u64;
    let ol_start = now_ns(&t0);
    let mut ol_sent = 0u64;
    let mut rr = 0usize;
    let mut dead = 0;
    loop {
        let n = unsafe { libc::epoll_wait(g.ep, evs.as_mut_ptr(), 1024, 100) };
        let t = now_ns(&t0);
        if !measuring && t >= warm_end {
            measuring = true;
            msgs = 0;
            bytes = 0;
            hist = Hist::new();
            snap0 = CpuSnap::read(o.pid);
            self0 = proc::self_cpu();
            t_start = now_ns(&t0);
            end = t_start + (o.secs * 1e9) as u64;
        }
        if t >= end {
            break;
        }
        for e in &evs[..n.max(0) as usize] {
            let i = e.u64 as usize;
            if i == usize::MAX >> 1 {
                let mut x = 0u64;
                unsafe { libc::read(tfd, &mut x as *mut u64 as *mut libc::c_void, 8) };
                let due = ((now_ns(&t0) - ol_start) as f64 * o.rate / 1e9) as u64;
                while ol_sent < due {
                    let when = ol_start + (ol_sent as f64 * 1e9 / o.rate) as u64;
                    let c = rr % g.conns.len();
                    rr += 1;
                    ol_sent += 1;
                    g.conns[c].ts.push_back(when);
                    g.conns[c].owed += 1;
                    if !g.conns[c].want_w {
                        g.push(c);
                    }
                }
                continue;
            }
            if e.events & libc::EPOLLOUT as u32 != 0 {
                g.push(i);
            }
            if e.events & (libc::EPOLLIN | libc::EPOLLHUP | libc::EPOLLERR) as u32 == 0 {
                continue;
            }
            let r = unsafe {
                libc::recv(
                    g.conns[i].fd,
                    rbuf.as_mut_ptr() as *mut libc::c_void,
                    rbuf.len(),
                    0,
                )
            };
            if r <= 0 {
                if r < 0 && std::io::Error::last_os_error().raw_os_error() == Some(libc::EAGAIN) {
                    continue;
                }
                panic!("connection {i} lost");
            }
            let done = g.conns[i].parse(&rbuf[..r as usize], &mut bytes);
            if g.conns[i].dead {
                dead += 1;
                panic!("connection {i} got a close frame ({dead})");
            }
            if done == 0 {
                continue;
            }
            let tn = now_ns(&t0);
            let c = &mut g.conns[i];
            for _ in 0..done {
                let s = c.ts.pop_front().unwrap_or(tn);
                hist.add(tn.saturating_sub(s));
            }
            msgs += done as u64;
            if !open_loop {
                for _ in 0..done {
                    c.ts.push_back(tn);
                }
                c.owed += done;
                if !c.want_w {
                    g.push(i);
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
            count: msgs,
            bytes,
            secs: dt,
            cpu,
            own,
            latency: &hist,
        },
        "",
    );
}
