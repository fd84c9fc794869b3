use super::super::framing::{Body, Expectation, Framing};
use super::super::head::{HeadError, HeadLimits, HeadReader};

fn framing_of(version: &str, headers: &[u8]) -> Result<Framing, HeadError> {
    let mut bytes = format!("GET / HTTP/{version}\r\n").into_bytes();
    bytes.extend_from_slice(headers);
    bytes.extend_from_slice(b"\r\n");
    let mut reader = HeadReader::new(HeadLimits {
        bytes: 16 * 1024,
        headers: 2000,
    });
    let (head, _) = reader.push(&bytes).unwrap().unwrap();
    Framing::of(&head)
}

fn framing(headers: &str) -> Framing {
    framing_of("1.1", headers.as_bytes()).unwrap()
}

#[test]
fn an_upgrade_needs_both_headers() {
    for (headers, upgrade) in [
        ("Connection: Upgrade\r\nUpgrade: websocket\r\n", true),
        (
            "upgrade: h2c\r\nCONNECTION: keep-alive, uPGRADE ,x\r\n",
            true,
        ),
        (
            "Connection: keep-alive\r\nConnection: upgrade\r\nUpgrade: x\r\n",
            true,
        ),
        ("Proxy-Connection: upgrade\r\nUpgrade: x\r\n", true),
        ("Connection: close, upgrade\r\nUpgrade: x\r\n", true),
        ("Connection: Upgrade\r\nUpgrade:\r\n", false),
        ("Connection: Upgrade\r\nUpgrade:  \r\n", false),
        ("Connection: Upgrade\r\n", false),
        ("Upgrade: websocket\r\n", false),
        ("Connection: upgrades\r\nUpgrade: x\r\n", false),
        ("Connection: upgrade close\r\nUpgrade: x\r\n", false),
        ("Connection: upgrade;q=1\r\nUpgrade: x\r\n", false),
        ("Connection: foo,\tupgrade \r\nUpgrade: x\r\n", true),
        ("Connection: upgrade\t\r\nUpgrade: x\r\n", false),
    ] {
        assert_eq!(framing(headers).upgrade, upgrade, "{headers:?}");
    }
}

#[test]
fn keep_alive_depends_on_the_version() {
    let keep_alive =
        |version, headers: &str| framing_of(version, headers.as_bytes()).unwrap().keep_alive;
    assert!(keep_alive("1.1", ""));
    assert!(!keep_alive("1.1", "Connection: foo, Close\r\n"));
    assert!(!keep_alive("1.0", ""));
    assert!(keep_alive("1.0", "Connection: Keep-Alive\r\n"));
}

#[test]
fn bodies() {
    assert_eq!(framing("").body, Body::Length(0));
    assert_eq!(framing("Content-Length: 12 \r\n").body, Body::Length(12));
    assert_eq!(
        framing("Content-Length: 18446744073709551615\r\n").body,
        Body::Length(u64::MAX)
    );
    assert_eq!(
        framing("Transfer-Encoding: gzip, Chunked\r\n").body,
        Body::Coded
    );
    assert_eq!(framing("Transfer-Encoding: gzip\r\n").body, Body::Coded);
}

#[test]
fn ambiguous_bodies_are_malformed() {
    for headers in [
        "Content-Length: 1\r\nContent-Length: 1\r\n",
        "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
        "Transfer-Encoding: chunked, gzip\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n",
        "Content-Length: +1\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 0x1\r\n",
        "Content-Length: 1 1\r\n",
        "Content-Length: 1,1\r\n",
        "Content-Length: 1\t\r\n",
        "Content-Length:\r\n",
        "Content-Length: 18446744073709551616\r\n",
    ] {
        assert_eq!(
            framing_of("1.1", headers.as_bytes()),
            Err(HeadError::Malformed),
            "{headers:?}"
        );
    }
}

#[test]
fn expectations() {
    for (headers, expectation) in [
        ("", Expectation::None),
        ("Expect: 100-Continue\r\n", Expectation::Continue),
        ("Expect: x; 100-continue\r\n", Expectation::Continue),
        (
            "Expect: x\r\nExpect: 100-continue\r\n",
            Expectation::Continue,
        ),
        (
            "Expect: 100-continue\r\nExpect: x\r\n",
            Expectation::Continue,
        ),
        ("Expect: 100-continued\r\n", Expectation::Unknown),
        ("Expect: x100-continue\r\n", Expectation::Unknown),
        ("Expect:\r\n", Expectation::Unknown),
    ] {
        assert_eq!(framing(headers).expectation, expectation, "{headers:?}");
    }
    assert_eq!(
        framing_of("1.0", b"Expect: x\r\n").unwrap().expectation,
        Expectation::None
    );
}

#[test]
fn host_may_be_empty_but_not_missing() {
    assert!(framing("host:\r\n").has_host);
    assert!(!framing("Hosts: a\r\n").has_host);
}
