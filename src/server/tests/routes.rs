use super::super::Routes;

#[test]
fn paths_match_byte_for_byte() {
    let routes = Routes::default();
    let foo = routes.add("/foo");
    let odd = routes.add("/a%20b");
    assert_ne!(foo, odd);
    assert_eq!(routes.add("/foo"), foo);
    assert_eq!(routes.clone().find(b"/foo"), Some(foo));
    assert_eq!(routes.find(b"/a%20b"), Some(odd));
    for other in [&b"/FOO"[..], b"/foo/", b"//foo", b"", b"/a b", b"foo"] {
        assert_eq!(routes.find(other), None);
    }
}

#[test]
fn an_id_is_not_used_again() {
    let routes = Routes::default();
    let first = routes.add("/foo");
    routes.remove("/foo");
    routes.remove("/bar");
    assert_eq!(routes.find(b"/foo"), None);
    assert_ne!(routes.add("/foo"), first);
}
