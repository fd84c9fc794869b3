//! What the socket tests of the control plane share: a server with a recording reception on the
//! test's own thread, and a raw client.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests; not every test file uses everything"
)]

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use ferrows::server::{
    BindTarget, Bound, ListenerConfig, ListenerHandle, Local, Reception, Refused, Request, Routes,
    bind, serve,
};
use ferrows::transport::Stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::LocalSet;

/// Nothing in these tests takes this long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// A plain request that leaves the connection open.
pub const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// The listener's id in all tests.
pub const LISTENER: u32 = 7;

/// Runs a test on the runtime that the control plane runs on.
pub fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    LocalSet::new().block_on(&runtime, test);
}

/// Fails the test instead of hanging.
pub async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap()
}

/// What a reception was told.
#[derive(Debug)]
pub enum Event {
    Request(Request),
    Unhandled(Refused),
    HandOver(u32, Stream, Vec<u8>),
    Closed(u32, Option<io::Error>),
}

#[derive(Default)]
struct Recorder {
    events: RefCell<Vec<Event>>,
    arrived: Notify,
}

impl Recorder {
    fn record(&self, event: Event) {
        self.events.borrow_mut().push(event);
        self.arrived.notify_one();
    }
}

impl Reception for Recorder {
    fn request(&self, request: Request) {
        self.record(Event::Request(request));
    }

    fn unhandled(&self, refused: Refused) {
        self.record(Event::Unhandled(refused));
    }

    fn hand_over(&self, listener: u32, stream: Stream, read: Vec<u8>) {
        self.record(Event::HandOver(listener, stream, read));
    }

    fn listener_closed(&self, listener: u32, error: Option<io::Error>) {
        self.record(Event::Closed(listener, error));
    }
}

/// A listener on a free port of the loopback interface.
pub struct Server {
    pub handle: ListenerHandle,
    pub routes: Routes,
    pub local: Local,
    recorder: Rc<Recorder>,
}

impl Server {
    pub fn start(config: ListenerConfig) -> Self {
        Self::on(loopback(), config)
    }

    pub fn on(bound: Bound, config: ListenerConfig) -> Self {
        let (routes, local) = (Routes::default(), bound.local());
        let recorder = Rc::new(Recorder::default());
        let reception = Rc::<Recorder>::clone(&recorder);
        let handle = serve(bound, config, routes.clone(), reception).unwrap();
        Self {
            handle,
            routes,
            local,
            recorder,
        }
    }

    pub fn address(&self) -> SocketAddr {
        match &self.local {
            Local::Tcp(address) => *address,
            #[cfg(unix)]
            Local::Unix(path) => panic!("{path:?}"),
        }
    }

    pub async fn connect(&self) -> Client {
        Client(TcpStream::connect(self.address()).await.unwrap())
    }

    /// Sends `bytes` on a connection of their own and reads until the server closes.
    pub async fn exchange(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut client = self.connect().await;
        client.send(bytes).await;
        client.read_to_end().await
    }

    /// The next event, in order of arrival.
    pub async fn event(&self) -> Event {
        soon(async {
            loop {
                if !self.recorder.events.borrow().is_empty() {
                    return self.recorder.events.borrow_mut().remove(0);
                }
                self.recorder.arrived.notified().await;
            }
        })
        .await
    }

    /// The next event, which has to be an upgrade request.
    pub async fn request(&self) -> Request {
        match self.event().await {
            Event::Request(request) => request,
            other => panic!("{other:?}"),
        }
    }

    pub fn assert_no_event(&self) {
        let events = self.recorder.events.borrow();
        assert!(events.is_empty(), "{events:?}");
    }
}

/// A config with the given changes.
pub fn config(change: impl FnOnce(&mut ListenerConfig)) -> ListenerConfig {
    let mut config = ListenerConfig::new(LISTENER);
    change(&mut config);
    config
}

pub fn loopback() -> Bound {
    let address = (Ipv4Addr::LOCALHOST, 0).into();
    bind(
        BindTarget::Tcp {
            address,
            ipv6_only: false,
            reuse_port: false,
        },
        511,
    )
    .unwrap()
}

/// A client that knows nothing of HTTP but where a head ends.
pub struct Client(pub TcpStream);

impl Client {
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Everything until FIN; a reset fails the test.
    pub async fn read_to_end(&mut self) -> String {
        let mut bytes = Vec::new();
        soon(self.0.read_to_end(&mut bytes)).await.unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// One response: a head and as many bytes as its Content-Length says, 0 with `head_only`.
    pub async fn response(&mut self, head_only: bool) -> String {
        let mut text = String::new();
        soon(async {
            while !text.ends_with("\r\n\r\n") {
                text.push(char::from(self.0.read_u8().await.unwrap()));
            }
            let length = text.split("Content-Length: ").nth(1).filter(|_| !head_only);
            let length = length.map_or(0, |rest| rest.lines().next().unwrap().parse().unwrap());
            for _ in 0..length {
                text.push(char::from(self.0.read_u8().await.unwrap()));
            }
        })
        .await;
        text
    }

    /// Waits for FIN with nothing before it.
    pub async fn assert_closed(&mut self) {
        assert_eq!(self.read_to_end().await, "");
    }
}

/// Replaces the value of the Date header, if it has the right form.
pub fn without_date(response: &str) -> String {
    let Some((before, rest)) = response.split_once("\r\nDate: ") else {
        return response.to_owned();
    };
    let (date, after) = rest.split_once("\r\n").unwrap();
    assert!(date.len() == 29 && date.ends_with(" GMT"), "{date}");
    format!("{before}\r\nDate: D\r\n{after}")
}
