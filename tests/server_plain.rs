//! Plain HTTP and refused requests on the control plane's sockets. The bytes expected here are
//! those of Node 20's HTTP server with the request listener of `ws`.
#![cfg(feature = "net")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod server_support;

use std::time::{Duration, Instant};

use ferrows::server::{ListenerConfig, Plain};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use server_support::{Client, Event, GET, LISTENER, Server, config, run, soon, without_date};

const KEPT: &str = "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 16\r\n\
    Content-Type: text/plain\r\nDate: D\r\nConnection: keep-alive\r\n\
    Keep-Alive: timeout=5\r\n\r\n";
const CLOSED: &str = "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 16\r\n\
    Content-Type: text/plain\r\nDate: D\r\nConnection: close\r\n\r\n";
const BODY: &str = "Upgrade Required";
const BAD_REQUEST: &str = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
const TIMEOUT: &str = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n";
const TOO_LARGE: &str = "HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n";

fn answering() -> Server {
    Server::start(ListenerConfig::new(LISTENER))
}

async fn response(client: &mut Client, head_only: bool) -> String {
    without_date(&client.response(head_only).await)
}

#[test]
fn plain_requests_get_426() {
    run(async {
        let server = answering();
        let mut client = server.connect().await;
        for _ in 0..3 {
            client.send(GET).await;
            assert_eq!(response(&mut client, false).await, format!("{KEPT}{BODY}"));
        }
        client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(response(&mut client, true).await, KEPT);
        client
            .send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            .await;
        assert_eq!(response(&mut client, false).await, format!("{KEPT}{BODY}"));
        client
            .send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET")
            .await;
        assert_eq!(
            without_date(&client.read_to_end().await),
            format!("{CLOSED}{BODY}")
        );
        let answer = server.exchange("GET / HTTP/1.0\r\n\r\n").await;
        assert_eq!(without_date(&answer), format!("{CLOSED}{BODY}"));
        server.assert_no_event();
    });
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    run(async {
        let server = answering();
        let mut client = server.connect().await;
        let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nGET /\r\n";
        let head = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
        client.send([GET, post, head, GET].concat()).await;
        for head_only in [false, false, true, false] {
            let body = if head_only { "" } else { BODY };
            assert_eq!(
                response(&mut client, head_only).await,
                format!("{KEPT}{body}")
            );
        }
    });
}

#[test]
fn a_body_in_pieces_is_received() {
    run(async {
        let server = answering();
        let mut client = server.connect().await;
        client
            .send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
            .await;
        assert_eq!(response(&mut client, false).await, format!("{KEPT}{BODY}"));
        for _ in 0..100 {
            client.send([b'x'; 1000]).await;
            tokio::task::yield_now().await;
        }
        client.send(GET).await;
        assert_eq!(response(&mut client, false).await, format!("{KEPT}{BODY}"));
    });
}

#[test]
fn bodies_that_are_not_received_close_the_connection() {
    run(async {
        let server = answering();
        for headers in ["Content-Length: 1048577", "Transfer-Encoding: chunked"] {
            let request = format!("POST / HTTP/1.1\r\nHost: a\r\n{headers}\r\n\r\n0\r\n\r\n{GET}");
            let answer = server.exchange(request).await;
            assert_eq!(
                without_date(&answer),
                format!("{CLOSED}{BODY}"),
                "{headers}"
            );
        }
        let mut client = server.connect().await;
        client
            .send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
            .await;
        client.0.shutdown().await.unwrap();
        assert_eq!(
            without_date(&client.read_to_end().await),
            format!("{KEPT}{BODY}")
        );
    });
}

#[test]
fn a_missing_host_is_refused_as_in_node() {
    run(async {
        let server = answering();
        let head = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nDate: D\r\n";
        let answer = server.exchange("GET / HTTP/1.1\r\n\r\n").await;
        let chunked = "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
        assert_eq!(without_date(&answer), format!("{head}{chunked}"));
        let answer = server.exchange("HEAD / HTTP/1.1\r\n\r\n").await;
        assert_eq!(without_date(&answer), format!("{head}\r\n"));
    });
}

#[test]
fn expectations_are_answered() {
    run(async {
        let server = answering();
        let mut client = server.connect().await;
        let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: ";
        client.send(format!("{post}100-continue\r\n\r\n")).await;
        assert_eq!(
            client.response(false).await,
            "HTTP/1.1 100 Continue\r\n\r\n"
        );
        assert_eq!(response(&mut client, false).await, format!("{KEPT}{BODY}"));
        client.send(format!("ab{post}miracles\r\n\r\n")).await;
        let answer = client.read_to_end().await;
        assert!(
            answer.starts_with("HTTP/1.1 417 Expectation Failed\r\n"),
            "{answer}"
        );
    });
}

#[test]
fn malformed_requests_get_400() {
    run(async {
        let server = answering();
        let cases: [&[u8]; 8] = [
            b"\x16\x03\x01\x02\x00\x01\x00",
            b"GET /\xff HTTP/1.1\r\n\r\n",
            b"GET foo HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\nHost: a\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: x\r\n\r\n",
            b"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: 1\r\n\
                Content-Length: 1\r\n\r\na",
        ];
        for case in cases {
            assert_eq!(server.exchange(case).await, BAD_REQUEST, "{case:?}");
        }
        // A head that ends too early.
        let mut client = server.connect().await;
        client.send("GET / HT").await;
        client.0.shutdown().await.unwrap();
        assert_eq!(client.read_to_end().await, BAD_REQUEST);
        // On a kept connection too.
        let mut client = server.connect().await;
        client.send([GET, "BREW / HTTP/1.1\r\n\r\n"].concat()).await;
        assert!(
            client
                .read_to_end()
                .await
                .ends_with(&format!("{BODY}{BAD_REQUEST}"))
        );
        server.assert_no_event();
    });
}

#[test]
fn connect_and_silence_get_no_answer() {
    run(async {
        let server = answering();
        assert_eq!(
            server
                .exchange("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n")
                .await,
            ""
        );
        for blank in ["", "\r\n"] {
            let mut client = server.connect().await;
            client.send(blank).await;
            client.0.shutdown().await.unwrap();
            client.assert_closed().await;
        }
        server.assert_no_event();
    });
}

#[test]
fn large_heads_get_431_whatever_is_still_sent() {
    run(async {
        let server = Server::start(config(|config| config.max_headers = 100));
        let long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "a".repeat(64 * 1024));
        assert_eq!(server.exchange(long).await, TOO_LARGE);
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(101));
        assert_eq!(server.exchange(many).await, TOO_LARGE);
        // 20 MB of one header: the server stops reading, the client may fail to send.
        let mut client = server.connect().await;
        let start = Instant::now();
        let _ = client.0.write_all(b"GET / HTTP/1.1\r\nX: ").await;
        for _ in 0..320 {
            if client.0.write_all(&[b'a'; 64 * 1024]).await.is_err() {
                break;
            }
        }
        let mut answer = Vec::new();
        let _ = soon(client.0.read_to_end(&mut answer)).await;
        assert!(start.elapsed() < Duration::from_secs(10));
        server.assert_no_event();
    });
}

#[test]
fn heads_are_timed() {
    run(async {
        let server = Server::start(config(|config| {
            config.head_timeout = Duration::from_millis(150);
        }));
        // Silent, and stopped in the middle.
        assert_eq!(server.exchange("").await, TIMEOUT);
        assert_eq!(server.exchange("GET / HTTP/1.1\r\nHost").await, TIMEOUT);
        // One byte now and then does not win time.
        let mut client = server.connect().await;
        let start = Instant::now();
        let mut answer = String::new();
        let drip = async {
            loop {
                if client.0.write_all(b"\r\n").await.is_err() {
                    break;
                }
                let mut bytes = [0; 256];
                let pause = Duration::from_millis(20);
                match tokio::time::timeout(pause, client.0.read(&mut bytes)).await {
                    Ok(Ok(count)) if count > 0 => {
                        answer.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
                    }
                    Ok(_) => break,
                    Err(_) => {}
                }
            }
        };
        soon(drip).await;
        assert_eq!(answer, TIMEOUT);
        assert!(start.elapsed() >= Duration::from_millis(140));
    });
}

/// The number of half-open connections is small for the sake of descriptor limits.
#[test]
fn half_open_connections_go_while_others_are_served() {
    run(async {
        let server = Server::start(config(|config| {
            config.head_timeout = Duration::from_millis(500);
        }));
        let mut clients = Vec::new();
        for index in 0..300 {
            let mut client = server.connect().await;
            if index % 2 == 0 {
                client.send("GET / HTTP/1.1\r\nHost: a\r\nX").await;
            }
            clients.push(client);
        }
        let answer = server.exchange("GET / HTTP/1.0\r\n\r\n").await;
        assert_eq!(without_date(&answer), format!("{CLOSED}{BODY}"));
        for client in &mut clients {
            assert_eq!(client.read_to_end().await, TIMEOUT);
        }
        server.handle.close();
        assert!(matches!(
            server.event().await,
            Event::Closed(LISTENER, None)
        ));
    });
}

#[test]
fn idle_connections_are_closed_without_a_word() {
    run(async {
        let server = Server::start(config(|config| {
            config.keep_alive_timeout = Duration::from_millis(100);
        }));
        let mut client = server.connect().await;
        client.send(GET).await;
        let start = Instant::now();
        let answer = client.read_to_end().await;
        assert!(answer.ends_with(BODY), "{answer}");
        assert!(answer.contains("\r\nKeep-Alive: timeout=0\r\n"), "{answer}");
        assert!(start.elapsed() >= Duration::from_millis(90));
        // A request that has begun has the time of a head.
        let mut client = server.connect().await;
        client.send([GET, "GE"].concat()).await;
        client.response(false).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        client.send(&GET[2..]).await;
        client.response(false).await;
    });
}

#[test]
fn single_bytes_make_a_request() {
    run(async {
        let server = answering();
        let mut client = server.connect().await;
        client.0.set_nodelay(true).unwrap();
        for byte in format!("\r\n{GET}").bytes() {
            client.send([byte]).await;
            tokio::task::yield_now().await;
        }
        assert_eq!(response(&mut client, false).await, format!("{KEPT}{BODY}"));
    });
}

#[test]
fn plain_connections_are_handed_over_with_what_was_read() {
    run(async {
        let server = Server::start(config(|config| config.plain = Plain::HandOver));
        let mut client = server.connect().await;
        let sent = format!("POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody{GET}");
        client.send(&sent).await;
        let Event::HandOver(LISTENER, mut stream, read) = server.event().await else {
            panic!()
        };
        assert_eq!(read, sent.as_bytes());
        client.send("later").await;
        let mut later = [0; 5];
        soon(stream.read_exact(&mut later)).await.unwrap();
        assert_eq!(&later, b"later");
        stream.write_all(b"answer").await.unwrap();
        drop(stream);
        assert_eq!(client.read_to_end().await, "answer");
        assert_eq!(
            server.exchange("BREW / HTTP/1.1\r\n\r\n").await,
            BAD_REQUEST
        );
    });
}
