//! `fanout`: one trigger makes the server broadcast to all connections; the next follows when all have it.

use std::time::Instant;

use crate::frame::client_frame;
use crate::generator::{connect_all, now_ns};
use crate::hist::Hist;
use crate::options::Opt;
use crate::proc::{self, CpuSnap};
use crate::report::{Measured, report};

/// Runs the mode.
pub(crate) fn run_fanout(o: &Opt) {
    // the trigger is a small text message; the server answers it by broadcasting to everyone
    let mut g = connect_all(o, vec![client_frame(0x81, b"b")]);
    let t0 = Instant::now();
    let mut rbuf = vec![0u8; 1 << 18];
    let mut evs: Vec<libc::epoll_event> = vec![unsafe { std::mem::zeroed() }; 1024];
    let mut hist = Hist::new();
    let mut full = Hist::new();
    let warm_end = (o.warm * 1e9) as u64;
    let mut end = u64::MAX;
    let mut measuring = false;
    let (mut msgs, mut bytes, mut rounds) = (0u64, 0u64, 0u64);
    let mut snap0 = CpuSnap::default();
    let mut self0 = proc::self_cpu();
    let mut t_start = 0;
    let mut left = g.conns.len() as u64;
    let mut trig = now_ns(&t0);
    g.conns[0].owed = 1;
    g.push(0);
    loop {
        let n = unsafe { libc::epoll_wait(g.ep, evs.as_mut_ptr(), 1024, 100) };
        let t = now_ns(&t0);
        if !measuring && t >= warm_end {
            measuring = true;
            msgs = 0;
            bytes = 0;
            rounds = 0;
            hist = Hist::new();
            full = Hist::new();
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
            let done = g.conns[i].parse(&rbuf[..r as usize], &mut bytes) as u64;
            let tn = now_ns(&t0);
            for _ in 0..done {
                hist.add(tn - trig);
            }
            msgs += done;
            assert!(left >= done, "more deliveries than clients");
            left -= done;
            if left == 0 {
                full.add(tn - trig);
                rounds += 1;
                left = g.conns.len() as u64;
                trig = tn;
                g.conns[0].owed = 1;
                g.push(0);
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
        &format!(
            ",\"rounds\":{},\"full_p50_us\":{:.1},\"full_p99_us\":{:.1}",
            rounds,
            full.q(0.5) as f64 / 1e3,
            full.q(0.99) as f64 / 1e3
        ),
    );
}
