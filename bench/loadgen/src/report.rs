//! The one line of JSON that a run prints.

use crate::hist::Hist;
use crate::options::Opt;
use crate::proc::CpuSnap;

/// What one measured interval gave.
pub(crate) struct Measured<'a> {
    /// Messages (or connections) that were completed.
    pub(crate) count: u64,
    /// Payload bytes that came back.
    pub(crate) bytes: u64,
    /// Length of the interval in seconds.
    pub(crate) secs: f64,
    /// CPU time of the server in it.
    pub(crate) cpu: CpuSnap,
    /// CPU seconds of the generator itself.
    pub(crate) own: f64,
    /// Latencies in nanoseconds.
    pub(crate) latency: &'a Hist,
}

/// Prints the result; `extra` are more members of the JSON object, each with its comma in front.
pub(crate) fn report(o: &Opt, m: &Measured<'_>, extra: &str) {
    let count = m.count.max(1) as f64;
    let micros = |q: f64| m.latency.q(q) as f64 / 1e3;
    let load = format!(
        "\"mode\":\"{}\",\"conns\":{},\"k\":{},\"size\":{},\"deflate\":{},\"rate\":{}",
        o.mode, o.conns, o.k, o.size, o.deflate, o.rate
    );
    let rates = format!(
        "\"msgs\":{},\"secs\":{:.3},\"per_s\":{:.1},\"mib_s\":{:.1}",
        m.count,
        m.secs,
        m.count as f64 / m.secs,
        m.bytes as f64 / m.secs / 1_048_576.0
    );
    let latency = format!(
        "\"p50_us\":{:.1},\"p99_us\":{:.1},\"p999_us\":{:.1},\"max_us\":{:.1}",
        micros(0.5),
        micros(0.99),
        micros(0.999),
        m.latency.max as f64 / 1e3
    );
    let cpu = format!(
        "\"cpu_us\":{:.3},\"main_us\":{:.3},\"cpu_frac\":{:.3},\"main_frac\":{:.3},\"gen_us\":{:.3},\"gen_frac\":{:.3}",
        m.cpu.total * 1e6 / count,
        m.cpu.main * 1e6 / count,
        m.cpu.total / m.secs,
        m.cpu.main / m.secs,
        m.own * 1e6 / count,
        m.own / m.secs
    );
    println!("{{{load},{rates},{latency},{cpu}{extra}}}");
}
