//! `idle`: resident memory per connection, before and after one echo on each.

use std::time::{Duration, Instant};

use crate::frame::build_frames;
use crate::generator::connect_all;
use crate::options::Opt;
use crate::proc::{self, CpuSnap};

/// Runs the mode.
pub(crate) fn run_idle(o: &Opt) {
    let (frames, _) = build_frames(o);
    let rss0 = proc::rss_kib(o.pid);
    let mut g = connect_all(o, frames);
    std::thread::sleep(Duration::from_secs_f64(o.settle));
    let rss1 = proc::rss_kib(o.pid);
    // one echo on each connection, then idle again
    let mut rbuf = vec![0u8; 1 << 18];
    let mut evs: Vec<libc::epoll_event> = vec![unsafe { std::mem::zeroed() }; 1024];
    let mut got = 0usize;
    let mut b = 0;
    let n_conns = g.conns.len();
    let mut started = 0;
    let t = Instant::now();
    while got < n_conns && t.elapsed() < Duration::from_secs(20) {
        while started < n_conns && started - got < 64 {
            g.conns[started].owed = 1;
            g.push(started);
            started += 1;
        }
        let n = unsafe { libc::epoll_wait(g.ep, evs.as_mut_ptr(), 1024, 100) };
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
            if r > 0 {
                got += g.conns[i].parse(&rbuf[..r as usize], &mut b);
            }
            if r == 0 {
                panic!("connection {i} closed");
            }
        }
    }
    std::thread::sleep(Duration::from_secs_f64(o.settle));
    let rss2 = proc::rss_kib(o.pid);
    // CPU that idle connections cost
    let c0 = CpuSnap::read(o.pid);
    std::thread::sleep(Duration::from_secs_f64(o.hold.max(0.5)));
    let idle = CpuSnap::read(o.pid).since(&c0);
    let per = |a: u64, b: u64| (b as f64 - a as f64) * 1024.0 / n_conns as f64;
    println!(
        "{{\"mode\":\"idle\",\"conns\":{},\"echoed\":{},\"rss0_kib\":{},\"rss1_kib\":{},\"rss2_kib\":{},\"idle_bytes\":{:.0},\"after_echo_bytes\":{:.0},\"idle_cpu_frac\":{:.4}}}",
        n_conns,
        got,
        rss0,
        rss1,
        rss2,
        per(rss0, rss1),
        per(rss0, rss2),
        idle.total / o.hold.max(0.5)
    );
}
