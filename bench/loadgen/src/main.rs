//! Load generator for WebSocket servers on loopback: one thread, epoll, frames built and masked beforehand, so that it
//! costs less than the servers it drives. ../../README.md tells the modes and flags. Prints one JSON object.

mod connect;
mod connection;
mod echo;
mod fanout;
mod frame;
mod generator;
mod hist;
mod idle;
mod options;
mod proc;
mod report;
mod socket;

fn main() {
    let o = options::parse_opts();
    match o.mode.as_str() {
        "echo" => echo::run_echo(&o),
        "fanout" => fanout::run_fanout(&o),
        "connect" => connect::run_connect(&o),
        "idle" => idle::run_idle(&o),
        m => panic!("unknown mode {m}"),
    }
}
