use std::io::{IoSlice, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::super::{Addresses, Stream};

/// A blocking client and the server's end as a descriptor.
fn pair() -> (TcpStream, OwnedFd) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0.into())
}

#[tokio::test]
async fn a_tcp_descriptor_makes_the_round_trip() {
    let (mut client, fd) = pair();
    let mut stream = Stream::from_owned_fd(fd).unwrap();
    assert!(matches!(stream, Stream::Tcp(_)));
    let addresses = stream.addresses();
    assert_eq!(addresses.remote, Some(client.local_addr().unwrap()));
    assert_eq!(addresses.local, Some(client.peer_addr().unwrap()));
    stream.set_nodelay(true).unwrap();
    let count = stream
        .write_vectored(&[IoSlice::new(b"ab"), IoSlice::new(b"cd")])
        .await
        .unwrap();
    assert_eq!(count, 4);
    let mut bytes = [0; 4];
    client.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"abcd");

    client.write_all(b"unread").unwrap();
    let mut again = Stream::from_owned_fd(stream.into_std_fd().unwrap()).unwrap();
    let mut bytes = [0; 6];
    again.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"unread");
}

#[tokio::test]
async fn a_unix_descriptor_is_recognised() {
    let (mut client, server) = UnixStream::pair().unwrap();
    let mut stream = Stream::from_owned_fd(server.into()).unwrap();
    assert!(matches!(stream, Stream::Unix(_)));
    assert_eq!(stream.addresses(), Addresses::default());
    stream.set_nodelay(true).unwrap();
    stream.set_linger_zero().unwrap();
    stream.write_all(b"x").await.unwrap();
    let mut byte = [0];
    client.read_exact(&mut byte).unwrap();
}

#[tokio::test]
async fn other_descriptors_are_refused() {
    let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    assert!(Stream::from_owned_fd(udp.into()).is_err());
    let file = std::fs::File::open("/dev/null").unwrap();
    assert!(Stream::from_owned_fd(file.into()).is_err());
}

#[tokio::test]
async fn shutdown_write_sends_fin_and_keeps_reading() {
    let (mut client, fd) = pair();
    let mut stream = Stream::from_owned_fd(fd).unwrap();
    stream.shutdown_write().unwrap();
    assert_eq!(client.read(&mut [0; 1]).unwrap(), 0);
    client.write_all(b"late").unwrap();
    let mut bytes = [0; 4];
    stream.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"late");
}

#[tokio::test]
async fn linger_zero_resets() {
    let (mut client, fd) = pair();
    let stream = Stream::from_owned_fd(fd).unwrap();
    stream.set_linger_zero().unwrap();
    drop(stream);
    let error = client.read(&mut [0; 1]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}
