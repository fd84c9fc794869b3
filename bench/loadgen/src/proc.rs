//! CPU time of the server (whole process and main thread) and its RSS, from /proc.
use std::fs;

#[derive(Default, Clone, Copy)]
pub struct CpuSnap {
    pub total: f64,
    pub main: f64,
}

fn sched_ns(path: &str) -> Option<f64> {
    let s = fs::read_to_string(path).ok()?;
    s.split_whitespace().next()?.parse::<f64>().ok()
}

fn stat_ticks(path: &str) -> Option<f64> {
    let s = fs::read_to_string(path).ok()?;
    let r = &s[s.rfind(')')? + 2..];
    let f: Vec<&str> = r.split_whitespace().collect();
    Some(f[11].parse::<f64>().ok()? + f[12].parse::<f64>().ok()?)
}

impl CpuSnap {
    pub fn read(pid: i32) -> CpuSnap {
        let mut c = CpuSnap::default();
        if pid <= 0 {
            return c;
        }
        let Ok(rd) = fs::read_dir(format!("/proc/{pid}/task")) else {
            return c;
        };
        for e in rd.flatten() {
            let tid = e.file_name().to_string_lossy().to_string();
            let base = format!("/proc/{pid}/task/{tid}");
            // schedstat is in nanoseconds; stat (10 ms ticks) where the kernel lacks it
            let v = match sched_ns(&format!("{base}/schedstat")) {
                Some(v) if v > 0.0 => v / 1e9,
                _ => stat_ticks(&format!("{base}/stat")).unwrap_or(0.0) / 100.0,
            };
            c.total += v;
            if tid == pid.to_string() {
                c.main = v;
            }
        }
        c
    }
    pub fn since(&self, o: &CpuSnap) -> CpuSnap {
        CpuSnap {
            total: self.total - o.total,
            main: self.main - o.main,
        }
    }
}

pub fn self_cpu() -> f64 {
    let mut ts = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut ts) };
    ts.tv_sec as f64 + ts.tv_nsec as f64 / 1e9
}

pub fn rss_kib(pid: i32) -> u64 {
    let s = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    s.lines()
        .find(|l| l.starts_with("VmRSS"))
        .and_then(|l| l.split_whitespace().nth(1))
        .and_then(|v| v.parse().ok())
        .unwrap_or(0)
}
