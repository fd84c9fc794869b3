//! The command line.

/// The options of a run.
#[derive(Clone)]
pub(crate) struct Opt {
    pub(crate) mode: String,
    pub(crate) ip: [u8; 4],
    pub(crate) port: u16,
    pub(crate) path: String,
    pub(crate) conns: usize,
    pub(crate) k: usize,
    pub(crate) size: usize,
    pub(crate) text: bool,
    pub(crate) deflate: bool,
    pub(crate) secs: f64,
    pub(crate) warm: f64,
    pub(crate) rate: f64,
    pub(crate) pid: i32,
    pub(crate) srcs: usize,
    pub(crate) max: u64,
    pub(crate) settle: f64,
    pub(crate) hold: f64,
}

/// Reads the command line; prints the usage and ends the process where it is wrong.
pub(crate) fn parse_opts() -> Opt {
    let a: Vec<String> = std::env::args().collect();
    if a.len() < 2 || a[1] == "-h" || a[1] == "--help" {
        eprintln!(
            "usage: loadgen echo|fanout|connect|idle [--port P] [--path /] [--conns C] [--k K] [--size S] [--text] [--deflate] [--secs D] [--warm W] [--rate R] [--pid PID] [--srcs N] [--max N]"
        );
        std::process::exit(2);
    }
    let mut o = Opt {
        mode: a[1].clone(),
        ip: [127, 0, 0, 1],
        port: 9001,
        path: "/".into(),
        conns: 1,
        k: 1,
        size: 64,
        text: false,
        deflate: false,
        secs: 3.0,
        warm: 1.0,
        rate: 0.0,
        pid: 0,
        srcs: 8,
        max: 200_000,
        settle: 1.0,
        hold: 0.0,
    };
    let mut i = 2;
    while i < a.len() {
        let k = a[i].as_str();
        match k {
            "--text" => {
                o.text = true;
                i += 1;
                continue;
            }
            "--deflate" => {
                o.deflate = true;
                o.text = true;
                i += 1;
                continue;
            }
            _ => {}
        }
        let v = a
            .get(i + 1)
            .unwrap_or_else(|| panic!("missing value for {k}"))
            .clone();
        match k {
            "--port" => o.port = v.parse().unwrap(),
            "--path" => o.path = v,
            "--conns" => o.conns = v.parse().unwrap(),
            "--k" => o.k = v.parse().unwrap(),
            "--size" => o.size = v.parse().unwrap(),
            "--secs" => o.secs = v.parse().unwrap(),
            "--warm" => o.warm = v.parse().unwrap(),
            "--rate" => o.rate = v.parse().unwrap(),
            "--pid" => o.pid = v.parse().unwrap(),
            "--srcs" => o.srcs = v.parse().unwrap(),
            "--max" => o.max = v.parse().unwrap(),
            "--settle" => o.settle = v.parse().unwrap(),
            "--hold" => o.hold = v.parse().unwrap(),
            _ => panic!("unknown flag {k}"),
        }
        i += 2;
    }
    o
}
