use super::super::target::is_valid;

#[test]
fn targets_are_as_strict_as_in_llhttp() {
    for target in [
        "/",
        "/foo?x=1#h",
        "/a\\b",
        "/\"<>|{}^`",
        "*",
        "*abc",
        "http://h/foo",
        "http://",
        "ws://a@b@c/",
        "HTTP://[::1]:80?q",
    ] {
        assert!(is_valid(target.as_bytes(), false), "{target}");
    }
    let malformed: [&[u8]; 11] = [
        b"",
        b"foo",
        b"?x",
        b"http:/h",
        b"h2p://a",
        b"http://a@@b/",
        b"http://a|b/",
        b"/\xff",
        b"/\t",
        b"/\x7f",
        b"http://h/\xc3\xa9",
    ];
    for target in malformed {
        assert!(!is_valid(target, false), "{target:?}");
    }
    assert!(is_valid(b"host:80", true));
    assert!(!is_valid(b"host:80", false));
}
