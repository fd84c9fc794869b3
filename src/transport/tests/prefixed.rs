use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::super::Prefixed;

#[tokio::test]
async fn prefix_comes_first_and_only_once() {
    let (near, mut far) = tokio::io::duplex(64);
    far.write_all(b"world").await.unwrap();
    let mut stream = Prefixed::new(b"hello ".to_vec(), near);
    let mut bytes = [0; 4];
    stream.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"hell");
    let mut rest = [0; 7];
    stream.read_exact(&mut rest).await.unwrap();
    assert_eq!(&rest, b"o world");
    stream.write_all(b"back").await.unwrap();
    far.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"back");
    assert!(stream.into_parts().0.is_empty());
}

#[tokio::test]
async fn unread_part_of_the_prefix_can_be_taken_back() {
    let (near, _far) = tokio::io::duplex(64);
    let mut stream = Prefixed::new(b"abcdef".to_vec(), near);
    let mut bytes = [0; 2];
    stream.read_exact(&mut bytes).await.unwrap();
    assert_eq!(stream.into_parts().0, b"cdef");
}
