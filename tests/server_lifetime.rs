//! How a listener starts and ends, and how it meets a lack of descriptors.
#![cfg(feature = "net")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod server_support;

use std::time::{Duration, Instant};

use ferrows::server::ListenerConfig;
use tokio::net::TcpStream;

use server_support::{Client, Event, GET, LISTENER, Server, config, loopback, run};

const UPGRADE: &str = "GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

#[test]
fn close_stops_accepting_and_reports_once() {
    run(async {
        let server = Server::start(ListenerConfig::new(LISTENER));
        server.handle.close();
        server.handle.close();
        assert!(matches!(
            server.event().await,
            Event::Closed(LISTENER, None)
        ));
        assert!(TcpStream::connect(server.address()).await.is_err());
        tokio::task::yield_now().await;
        server.assert_no_event();
    });
}

#[test]
fn connections_made_before_serve_are_accepted() {
    run(async {
        let bound = loopback();
        let ferrows::server::Local::Tcp(address) = bound.local() else {
            panic!()
        };
        let mut client = Client(TcpStream::connect(address).await.unwrap());
        client.send(GET).await;
        let _server = Server::on(bound, ListenerConfig::new(LISTENER));
        client.response(false).await;
    });
}

#[test]
fn close_drops_idle_connections_and_waits_for_the_others() {
    run(async {
        let server = Server::start(ListenerConfig::new(LISTENER));
        let mut idle = server.connect().await;
        idle.send(GET).await;
        idle.response(false).await;
        let mut halfway = server.connect().await;
        halfway.send([GET, &GET[..10]].concat()).await;
        halfway.response(false).await;
        let mut upgrading = server.connect().await;
        upgrading.send(&UPGRADE[..10]).await;
        // Once it is served, the bytes above have been read too.
        let mut last = server.connect().await;
        last.send(GET).await;
        last.response(false).await;

        server.handle.close();
        idle.assert_closed().await;
        last.assert_closed().await;
        server.assert_no_event();
        halfway.send(&GET[10..]).await;
        let answer = halfway.read_to_end().await;
        assert!(answer.contains("\r\nConnection: close\r\n"), "{answer}");
        server.assert_no_event();
        upgrading.send(&UPGRADE[10..]).await;
        let request = server.request().await;
        assert!(matches!(
            server.event().await,
            Event::Closed(LISTENER, None)
        ));
        // Its connection is no business of the listener's.
        drop(request);
        upgrading.assert_closed().await;
    });
}

#[test]
fn a_peer_that_does_not_close_does_not_hold_the_listener() {
    run(async {
        let server = Server::start(config(|config| {
            config.routed = true;
            config.reject_unhandled = true;
        }));
        let mut client = server.connect().await;
        client.send(UPGRADE).await;
        assert!(matches!(server.event().await, Event::Unhandled(_)));
        let start = Instant::now();
        server.handle.close();
        assert!(matches!(
            server.event().await,
            Event::Closed(LISTENER, None)
        ));
        assert!(start.elapsed() < Duration::from_secs(1));
        assert!(client.read_to_end().await.ends_with("Bad Request"));
    });
}

#[test]
fn a_panicking_reception_costs_one_connection() {
    use std::rc::Rc;

    use ferrows::server::{Reception, Refused, Request, Routes, serve};
    use ferrows::transport::Stream;
    use tokio::sync::Notify;

    struct Panicking(Rc<Notify>);
    impl Reception for Panicking {
        fn request(&self, _: Request) {
            panic!("expected");
        }
        fn unhandled(&self, _: Refused) {}
        fn hand_over(&self, _: u32, _: Stream, _: Vec<u8>) {}
        fn listener_closed(&self, _: u32, _: Option<std::io::Error>) {
            self.0.notify_one();
        }
    }
    run(async {
        let bound = loopback();
        let ferrows::server::Local::Tcp(address) = bound.local() else {
            panic!()
        };
        let closed = Rc::new(Notify::new());
        let reception = Rc::new(Panicking(Rc::clone(&closed)));
        let config = ListenerConfig::new(LISTENER);
        let handle = serve(bound, config, Routes::default(), reception).unwrap();
        for _ in 0..2 {
            let mut client = Client(TcpStream::connect(address).await.unwrap());
            client.send(UPGRADE).await;
            client.assert_closed().await;
        }
        handle.close();
        server_support::soon(closed.notified()).await;
    });
}

#[cfg(unix)]
mod unix {
    use std::process::Command;

    use ferrows::server::{BindTarget, bind};
    use ferrows::transport::{Addresses, Stream};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixStream;

    use super::*;

    #[test]
    fn unix_sockets_are_served() {
        run(async {
            let name = format!("ferrows-lifetime-{}", std::process::id());
            let path = std::env::temp_dir().join(name);
            let bound = bind(BindTarget::Unix { path: path.clone() }, 511).unwrap();
            let server = Server::on(bound, ListenerConfig::new(LISTENER));
            let mut client = UnixStream::connect(&path).await.unwrap();
            client
                .write_all(format!("{GET}{UPGRADE}").as_bytes())
                .await
                .unwrap();
            let request = server.request().await;
            assert!(matches!(request.stream, Stream::Unix(_)));
            assert_eq!(request.addresses, Addresses::default());
            server.handle.close();
            assert!(matches!(
                server.event().await,
                Event::Closed(LISTENER, None)
            ));
            assert!(!path.exists());
            drop(request);
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
        });
    }

    /// Runs the ignored test below in a process of its own with few descriptors.
    #[test]
    fn a_lack_of_descriptors_is_survived() {
        let output = Command::new("sh")
            .args(["-c", "ulimit -n 64 && exec \"$0\" \"$@\""])
            .arg(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "unix::without_descriptors",
                "--ignored",
                "--nocapture",
            ])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && text.contains("1 passed"),
            "{output:?}"
        );
    }

    #[test]
    #[ignore = "needs a small limit of descriptors: run by the test above"]
    fn without_descriptors() {
        run(async {
            let server = Server::start(ListenerConfig::new(LISTENER));
            let mut client = server.connect().await;
            let mut fill = Vec::new();
            while let Ok(file) = std::fs::File::open("/dev/null") {
                fill.push(file);
                assert!(fill.len() < 64, "no limit");
            }
            client.send(GET).await;
            let mut byte = [0];
            let pause = Duration::from_millis(300);
            assert!(
                tokio::time::timeout(pause, client.0.read(&mut byte))
                    .await
                    .is_err()
            );
            let waited = cpu_time();
            assert!(
                tokio::time::timeout(pause, client.0.read(&mut byte))
                    .await
                    .is_err()
            );
            // A tenth of the time at most: no busy loop.
            assert!(cpu_time() - waited < Duration::from_millis(60));
            drop(fill);
            client.response(false).await;
        });
    }

    /// User and system time of this process, in units of 10 ms; always zero where there is no
    /// `/proc`.
    fn cpu_time() -> Duration {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let fields: Vec<_> = stat
            .rsplit(')')
            .next()
            .unwrap()
            .split_whitespace()
            .collect();
        let ticks = |index: usize| {
            fields
                .get(index)
                .and_then(|f| f.parse().ok())
                .unwrap_or(0u64)
        };
        Duration::from_millis((ticks(11) + ticks(12)) * 10)
    }
}
