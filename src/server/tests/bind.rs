use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};

use super::super::{BindTarget, Bound, Local, bind, bind_any};

fn bind_tcp(address: impl Into<SocketAddr>, ipv6_only: bool) -> io::Result<Bound> {
    bind(
        BindTarget::Tcp {
            address: address.into(),
            ipv6_only,
            reuse_port: false,
        },
        511,
    )
}

fn address(bound: &Bound) -> SocketAddr {
    match bound.local() {
        Local::Tcp(address) => address,
        #[cfg(unix)]
        Local::Unix(path) => panic!("{path:?}"),
    }
}

#[test]
fn the_port_is_known_and_the_socket_listens() {
    let bound = bind_tcp((Ipv4Addr::LOCALHOST, 0), false).unwrap();
    let address = address(&bound);
    assert_ne!(address.port(), 0);
    TcpStream::connect(address).unwrap();
}

#[test]
fn without_a_host_both_families_are_served() {
    let bound = bind_any(0, 511).unwrap();
    let port = address(&bound).port();
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    if address(&bound).is_ipv6() {
        TcpStream::connect((Ipv6Addr::LOCALHOST, port)).unwrap();
    }
}

#[test]
fn ipv6_only_is_honoured() {
    let Ok(bound) = bind_tcp((Ipv6Addr::UNSPECIFIED, 0), true) else {
        return;
    };
    let port = address(&bound).port();
    TcpStream::connect((Ipv6Addr::LOCALHOST, port)).unwrap();
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
}

#[test]
fn a_port_in_use_is_reported_with_its_errno() {
    let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let error = bind_tcp(other.local_addr().unwrap(), false).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    assert!(error.raw_os_error().is_some());

    let first = bind_any(0, 511).unwrap();
    let error = bind_any(address(&first).port(), 511).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
}

#[test]
fn a_foreign_address_is_reported() {
    let error = bind_tcp((Ipv4Addr::new(192, 0, 2, 1), 0), false).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
}

#[cfg(unix)]
mod unix {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::path::PathBuf;

    use super::*;

    /// A path that nobody else uses.
    fn path(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("ferrows-bind-{}-{name}", std::process::id()))
    }

    fn bind_unix(path: impl Into<PathBuf>) -> io::Result<Bound> {
        bind(BindTarget::Unix { path: path.into() }, 511)
    }

    #[test]
    fn two_listeners_may_share_a_port_if_both_say_so() {
        let shared = |address| {
            bind(
                BindTarget::Tcp {
                    address,
                    ipv6_only: false,
                    reuse_port: true,
                },
                511,
            )
        };
        let first = shared((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        shared(address(&first)).unwrap();
        assert!(bind_tcp(address(&first), false).is_err());
    }

    #[test]
    fn the_file_of_a_socket_goes_with_it() {
        let path = path("file");
        let bound = bind_unix(&path).unwrap();
        assert_eq!(bound.local(), Local::Unix(path.clone()));
        UnixStream::connect(&path).unwrap();
        let error = bind_unix(&path).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EADDRINUSE));
        assert!(path.exists());
        drop(bound);
        assert!(!path.exists());
    }

    #[test]
    fn impossible_paths_have_an_errno() {
        let missing = bind_unix(path("no-directory").join("x")).unwrap_err();
        assert_eq!(missing.raw_os_error(), Some(libc::EACCES));
        let long = bind_unix(path(&"x".repeat(200))).unwrap_err();
        assert_eq!(long.raw_os_error(), Some(libc::ENAMETOOLONG));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn abstract_names() {
        let name = format!("\0ferrows-bind-{}", std::process::id());
        let bound = bind_unix(&name).unwrap();
        assert_eq!(bound.local(), Local::Unix(name.clone().into()));
        assert_eq!(
            bind_unix(&name).unwrap_err().raw_os_error(),
            Some(libc::EADDRINUSE)
        );
    }

    #[test]
    fn descriptors_of_either_family() {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let expected = tcp.local_addr().unwrap();
        let bound = bind(BindTarget::Descriptor(tcp.into()), 511).unwrap();
        assert_eq!(bound.local(), Local::Tcp(expected));
        TcpStream::connect(expected).unwrap();

        let path = path("descriptor");
        let unix = UnixListener::bind(&path).unwrap();
        let bound = bind(BindTarget::Descriptor(unix.into()), 511).unwrap();
        assert_eq!(bound.local(), Local::Unix(path.clone()));
        drop(bound);
        // It was not ours to remove.
        assert!(path.exists());
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn other_descriptors_are_refused() {
        let file: OwnedFd = std::fs::File::open("/dev/null").unwrap().into();
        let udp: OwnedFd = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
            .unwrap()
            .into();
        for fd in [file, udp] {
            let error = bind(BindTarget::Descriptor(fd), 511).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
        }
    }
}
