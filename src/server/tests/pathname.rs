use super::super::pathname::pathname;

/// Targets and what `url.parse(target).pathname` is in Node 20; `None` where it is null or throws.
#[test]
fn pathnames_are_those_of_the_legacy_parser() {
    for (target, expected) in [
        ("/foo", Some("/foo")),
        ("/foo?x=1", Some("/foo")),
        ("/foo?", Some("/foo")),
        ("/foo?a/b\\c#d", Some("/foo")),
        ("/foo/", Some("/foo/")),
        ("//foo", Some("//foo")),
        ("///foo", Some("///foo")),
        ("/./foo/..", Some("/./foo/..")),
        ("/foo;x", Some("/foo;x")),
        ("/foo%2f", Some("/foo%2f")),
        ("/foo#h", Some("/foo")),
        ("/a\\b", Some("/a/b")),
        ("/foo?a\\b", Some("/foo")),
        ("*", Some("*")),
        ("http://h/foo", Some("/foo")),
        ("HTTP://H/Foo?x", Some("/Foo")),
        ("http://h", Some("/")),
        ("http://h?x", Some("/")),
        ("http://", None),
        ("http:/x", Some("/x")),
        ("http://h\\x/y", Some("/x/y")),
        ("http://h;x/y", Some(";x/y")),
        ("http://h:80/x", Some("/x")),
        ("http://a:b:80/x", Some("/:b/x")),
        ("http://a%b/x", Some("%b/x")),
        ("http://u:p@h/x", Some("/x")),
        ("http://%zz@h/x", None),
        ("http://%C3%A9@h/x", Some("/x")),
        ("http://%ff@h/x", None),
        ("http://[::1]:80/x", Some("/x")),
        ("http://[::1]", Some("/")),
        ("http://[::1/x", None),
        ("//a@b/c", Some("/c")),
        ("/a@b", Some("/a@b")),
        ("/a'b", Some("/a'b")),
        ("/a'b@", Some("/a%27b@")),
        ("/a'b#", Some("/a%27b")),
        ("javascript://a/b'", Some("//a/b'")),
        ("foo://h", None),
        ("foo://h/x", Some("/x")),
        ("foo:bar", None),
    ] {
        let found = pathname(target.as_bytes());
        assert_eq!(found.as_deref(), expected.map(str::as_bytes), "{target}");
    }
}

#[test]
fn a_long_host_name_is_no_problem() {
    let target = format!("http://{}/x", "h".repeat(300));
    assert_eq!(pathname(target.as_bytes()).as_deref(), Some(&b"/x"[..]));
}
