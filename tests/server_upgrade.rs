//! Upgrade requests on the control plane's sockets: what reaches the reception, routing, refusals.
#![cfg(feature = "net")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod server_support;

use ferrows::server::{ListenerConfig, Plain, Request};
use ferrows::transport::Stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use server_support::{Client, Event, GET, LISTENER, Server, config, run, soon};

const UNROUTED: &str = "HTTP/1.0 400 Bad Request\r\nConnection: close\r\n\
    Content-Type: text/html\r\nContent-Length: 11\r\n\r\nBad Request";

fn upgrade(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
}

fn routed(reject_unhandled: bool) -> Server {
    Server::start(config(|config| {
        config.routed = true;
        config.reject_unhandled = reject_unhandled;
    }))
}

/// The stream of a request and its client are connected, with nothing lost between them.
async fn assert_connected(request: Request, mut client: Client) {
    let mut stream = request.stream;
    client.send("ping").await;
    let mut bytes = [0; 4];
    soon(stream.read_exact(&mut bytes)).await.unwrap();
    assert_eq!(&bytes, b"ping");
    stream.write_all(b"pong").await.unwrap();
    drop(stream);
    assert_eq!(client.read_to_end().await, "pong");
}

#[test]
fn a_request_arrives_as_it_was_sent() {
    run(async {
        let server = Server::start(ListenerConfig::new(LISTENER));
        let mut client = server.connect().await;
        let head = "GET /x?y=1 HTTP/1.1\r\nhOST: a\r\nUpgrade: WebSocket\r\nx: 1\r\nX: 2\r\n\
            Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: \r\n\r\n";
        client.send(format!("\r\n{head}early data\r\n\r\n")).await;
        let request = server.request().await;
        assert_eq!((request.listener, request.route), (LISTENER, None));
        assert_eq!(request.head.bytes, head.as_bytes());
        assert_eq!(request.head.method(), b"GET");
        assert_eq!(request.head.target(), b"/x?y=1");
        assert_eq!(request.head.minor_version, 1);
        let headers: Vec<_> = request
            .head
            .headers()
            .map(|(name, value)| [name, b"=", value].concat())
            .map(|line| String::from_utf8(line).unwrap())
            .collect();
        let expected = [
            "hOST=a",
            "Upgrade=WebSocket",
            "x=1",
            "X=2",
            "Connection=keep-alive, Upgrade",
            "Sec-WebSocket-Key=",
        ];
        assert_eq!(headers, expected);
        assert_eq!(request.rest, b"early data\r\n\r\n");
        assert_eq!(
            request.addresses.remote,
            Some(client.0.local_addr().unwrap())
        );
        assert_eq!(request.addresses.local, Some(client.0.peer_addr().unwrap()));
        assert_eq!(request.addresses, request.stream.addresses());
        let Stream::Tcp(tcp) = &request.stream else {
            panic!()
        };
        assert!(tcp.nodelay().unwrap());
        assert_connected(request, client).await;
    });
}

#[test]
fn single_bytes_make_an_upgrade() {
    run(async {
        let server = Server::start(ListenerConfig::new(LISTENER));
        let mut client = server.connect().await;
        client.0.set_nodelay(true).unwrap();
        for byte in upgrade("/").bytes() {
            client.send([byte]).await;
            tokio::task::yield_now().await;
        }
        let request = server.request().await;
        assert_eq!(request.head.bytes, upgrade("/").as_bytes());
        assert!(request.rest.is_empty());
        assert_connected(request, client).await;
    });
}

/// As in Node, whose parser stops at the head of an upgrade.
#[test]
fn a_body_of_an_upgrade_request_is_early_data() {
    run(async {
        let server = Server::start(ListenerConfig::new(LISTENER));
        for (header, body) in [
            ("Content-Length: 3", "abcdef"),
            ("Transfer-Encoding: chunked", "3\r\nabc\r\n0\r\n\r\n"),
        ] {
            let mut client = server.connect().await;
            let head = upgrade("/").replace("\r\n\r\n", &format!("\r\n{header}\r\n\r\n"));
            client.send(format!("{head}{body}")).await;
            assert_eq!(server.request().await.rest, body.as_bytes());
        }
    });
}

#[test]
fn other_methods_versions_and_protocols_are_for_javascript_to_refuse() {
    run(async {
        let server = Server::start(ListenerConfig::new(LISTENER));
        for request in [
            upgrade("/").replace("GET", "POST"),
            upgrade("/").replace("HTTP/1.1", "HTTP/1.0"),
            upgrade("/").replace("websocket", "h2c"),
            upgrade("*").replace("GET", "OPTIONS"),
        ] {
            let mut client = server.connect().await;
            client.send(&request).await;
            assert_eq!(server.request().await.head.bytes, request.as_bytes());
        }
    });
}

#[test]
fn an_upgrade_may_follow_plain_requests() {
    run(async {
        let server = Server::start(ListenerConfig::new(LISTENER));
        let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nGET /";
        // At once, and one after the other.
        let mut client = server.connect().await;
        client
            .send(format!("{GET}{post}{}rest", upgrade("/u")))
            .await;
        let request = server.request().await;
        assert_eq!(request.head.bytes, upgrade("/u").as_bytes());
        assert_eq!(request.rest, b"rest");
        client.response(false).await;
        client.response(false).await;
        assert_connected(request, client).await;

        let mut client = server.connect().await;
        for plain in [GET, post] {
            client.send(plain).await;
            client.response(false).await;
        }
        client.send(upgrade("/u")).await;
        let request = server.request().await;
        assert_eq!(request.head.bytes, upgrade("/u").as_bytes());
        assert!(request.rest.is_empty());
        assert_connected(request, client).await;
    });
}

#[test]
fn requests_are_routed_by_pathname() {
    run(async {
        let server = routed(true);
        let foo = server.routes.add("/foo");
        let odd = server.routes.add("/a%20b");
        for (target, route) in [
            ("/foo", Some(foo)),
            ("/foo?x=1", Some(foo)),
            ("/foo#h", Some(foo)),
            ("http://h/foo", Some(foo)),
            ("\\foo", None),
            ("/a%20b", Some(odd)),
            ("/foo/", None),
            ("/FOO", None),
            ("//foo", None),
            ("/foo%2f", None),
            ("/foo/../foo", None),
        ] {
            let mut client = server.connect().await;
            client.send(upgrade(target)).await;
            match route {
                Some(_) => assert_eq!(server.request().await.route, route, "{target}"),
                None => assert!(client.read_to_end().await.contains(" 400 "), "{target}"),
            }
            if route.is_none() && target.starts_with('/') {
                assert!(
                    matches!(server.event().await, Event::Unhandled(_)),
                    "{target}"
                );
            }
        }
        server.routes.remove("/foo");
        assert_eq!(server.exchange(upgrade("/foo")).await, UNROUTED);
    });
}

#[test]
fn unrouted_requests_are_refused_and_reported() {
    run(async {
        let server = routed(true);
        let mut client = server.connect().await;
        client.send(upgrade("/foo?x")).await;
        let Event::Unhandled(refused) = server.event().await else {
            panic!()
        };
        assert_eq!(refused.listener, LISTENER);
        assert_eq!(refused.head.bytes, upgrade("/foo?x").as_bytes());
        assert_eq!(
            refused.addresses.remote,
            Some(client.0.local_addr().unwrap())
        );
        assert_eq!(client.read_to_end().await, UNROUTED);
    });
}

/// Unread bytes must not turn FIN into a reset, which could overtake the refusal.
#[test]
fn a_refusal_survives_what_is_still_sent() {
    run(async {
        let server = routed(true);
        for extra in [10, 1000, 100_000] {
            for _ in 0..20 {
                let mut client = server.connect().await;
                client
                    .send([upgrade("/").into_bytes(), vec![b'x'; extra]].concat())
                    .await;
                tokio::task::yield_now().await;
                client.send([b'y'; 1000]).await;
                assert_eq!(client.read_to_end().await, UNROUTED);
            }
        }
    });
}

#[test]
fn unrouted_requests_may_be_left_to_javascript() {
    run(async {
        let server = routed(false);
        let foo = server.routes.add("/foo");
        for (target, route) in [("/foo", Some(foo)), ("/bar", None)] {
            let mut client = server.connect().await;
            client.send(upgrade(target)).await;
            let request = server.request().await;
            assert_eq!(request.route, route);
            assert_connected(request, client).await;
        }
    });
}

#[test]
fn upgrades_are_not_handed_over_as_plain() {
    run(async {
        let server = Server::start(config(|config| config.plain = Plain::HandOver));
        let mut client = server.connect().await;
        client.send(upgrade("/")).await;
        assert_connected(server.request().await, client).await;
    });
}
