//! `NativeHub`: what `lib/core/hub.js` calls. No method is called per message.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use napi::bindgen_prelude::{Buffer, JsObjectValue, Object};
use napi::{Env, Error, JsValue, Result, Unknown};
use napi_derive::napi;

use super::config::ConnectionConfig;
use super::crossing::{Crossing, Shared};
use super::fed::Fed;
use super::listen::{self, ListenOptions, ListenResult, ListenTarget};
use super::memory::{Bytes, Strong, Words};
use super::teardown;
use crate::hub::Message;
use crate::protocol::config::Config;
use crate::protocol::{frame, mask};
use crate::server::{Plain, Routes};

/// How long `flushSync` waits for the IO thread.
const BARRIER_LIMIT: Duration = Duration::from_millis(500);

/// One hub: the crossing of one realm of one environment.
#[napi]
pub struct NativeHub {
    env: Env,
    crossing: Rc<Crossing>,
    fed: RefCell<Fed>,
    fed_records: Words,
    fed_refill: Strong,
    receiver: Strong,
    configs: RefCell<Vec<Arc<Config>>>,
    routes: RefCell<HashMap<u32, Routes>>,
    /// Bound listeners that do not accept yet.
    bound: RefCell<HashMap<u32, Message>>,
}

#[napi]
impl NativeHub {
    /// `memory`: `{ records, control, commands, fedRecords: Int32Array, out: Uint8Array, drain(), refill(bytes), refillFed(bytes) }`.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, memory: Object<'_>) -> Result<Self> {
        let property = |name: &str| -> Result<napi::sys::napi_value> {
            memory
                .get_named_property::<Unknown<'_>>(name)
                .map(|value| value.raw())
        };
        let words = |name: &str| Words::new(env, property(name)?);
        let strong = |name: &str| Strong::new(env, property(name)?);
        let shared = Shared {
            records: words("records")?,
            control: words("control")?,
            out: Bytes::new(env, property("out")?)?,
            commands: words("commands")?,
            drain: strong("drain")?,
            refill: strong("refill")?,
            receiver: Strong::new(env, memory.raw())?,
        };
        let crossing = Crossing::new(env, shared)?;
        teardown::on_end(env, Rc::clone(&crossing))?;
        Ok(Self {
            env,
            crossing,
            fed: RefCell::default(),
            fed_records: words("fedRecords")?,
            fed_refill: strong("refillFed")?,
            receiver: Strong::new(env, memory.raw())?,
            configs: RefCell::default(),
            routes: RefCell::default(),
            bound: RefCell::default(),
        })
    }

    /// Hands the commands and frames written so far to the IO thread.
    #[napi(catch_unwind)]
    pub fn flush(&self) {
        self.crossing.flush();
    }

    /// Waits until the IO thread has carried out what was flushed, half a second at most. For the end of the process.
    #[napi(catch_unwind)]
    pub fn flush_sync(&self) {
        self.crossing.flush();
        self.crossing.hub().barrier(BARRIER_LIMIT);
    }

    /// Whether the hub holds the process.
    #[napi(catch_unwind)]
    pub fn hold(&self, on: bool) {
        self.crossing.hold(on);
    }

    /// Keeps a large frame for a LARGE command; its index. `key`: the masking key, 4 bytes, for client frames.
    #[napi(catch_unwind)]
    pub fn add_large(&self, first: u32, payload: &[u8], key: Option<&[u8]>) -> u32 {
        self.crossing.add_frame(build_frame(first, payload, key))
    }

    /// As `addLarge`, for a LARGE_DEFLATE command: the key is only written into the header.
    #[napi(catch_unwind)]
    pub fn add_large_plain(&self, first: u32, payload: &[u8], key: Option<&[u8]>) -> u32 {
        let key = key.and_then(|key| <[u8; 4]>::try_from(key).ok());
        let mut bytes = Vec::with_capacity(payload.len() + frame::HEADER_MAX);
        frame::write_header(&mut bytes, first as u8, payload.len() as u64, key);
        bytes.extend_from_slice(payload);
        self.crossing.add_frame(bytes)
    }

    /// Keeps large raw bytes for a LARGE command; its index.
    #[napi(catch_unwind)]
    pub fn add_raw(&self, bytes: &[u8]) -> u32 {
        self.crossing.add_frame(bytes.to_vec())
    }

    /// The payload of a TEXT_LARGE or BINARY_LARGE record; may be taken once, while it is dispatched.
    #[napi(catch_unwind)]
    pub fn take_large(&self, index: u32) -> Buffer {
        self.crossing.take_large(index as usize).into()
    }

    /// Registers a configuration; its index.
    #[napi(catch_unwind)]
    pub fn configure(&self, config: ConnectionConfig) -> u32 {
        let mut configs = self.configs.borrow_mut();
        configs.push(config.into_protocol());
        u32::try_from(configs.len() - 1).unwrap_or(u32::MAX)
    }

    /// Makes a configuration known to the IO thread, before the first START that names it.
    #[napi(catch_unwind)]
    pub fn share_config(&self, index: u32) {
        if let Some(config) = self.configs.borrow().get(index as usize) {
            self.crossing
                .send(Message::Configure(index as usize, Arc::clone(config)));
        }
    }

    /// A new connection id.
    #[napi(catch_unwind)]
    pub fn allocate_id(&self) -> u32 {
        self.crossing.hub().allocate_id()
    }

    /// Gives back an id that no RELEASE command covers (listeners, fed connections).
    #[napi(catch_unwind)]
    pub fn release_id(&self, id: u32) {
        self.crossing.hub().release_id(id);
    }

    /// Takes a descriptor over: the IO thread serves a duplicate, raw until START. Returns the errno, 0 if all is well.
    #[cfg(unix)]
    #[napi(catch_unwind)]
    pub fn adopt(&self, id: u32, fd: i32, read: &[u8]) -> i32 {
        match super::descriptor::duplicate(fd) {
            Ok(descriptor) => {
                self.crossing.send(Message::Adopt {
                    id,
                    descriptor,
                    rest: read.to_vec(),
                });
                0
            }
            Err(error) => error.raw_os_error().unwrap_or(libc::EINVAL),
        }
    }

    /// Binds and listens, synchronously; connections wait in the kernel's backlog until `accept`.
    #[napi(catch_unwind)]
    pub fn listen(&self, target: ListenTarget, options: ListenOptions) -> ListenResult {
        let bound = match listen::bind(&target) {
            Ok(bound) => bound,
            Err(error) => return ListenResult::failed(&error),
        };
        let id = self.crossing.hub().allocate_id();
        let result = ListenResult::bound(id, &bound.local());
        let config = listen::listener_config(id, &options);
        let routes = Routes::default();
        self.routes.borrow_mut().insert(id, routes.clone());
        let listen = Message::Listen {
            bound,
            config,
            routes,
        };
        self.bound.borrow_mut().insert(id, listen);
        result
    }

    /// Starts to accept on a listener that `listen` has bound.
    #[napi(catch_unwind)]
    pub fn accept(&self, id: u32) {
        let listen = self.bound.borrow_mut().remove(&id);
        if let Some(listen) = listen {
            self.crossing.send(listen);
        }
    }

    /// Stops accepting; LISTENER_CLOSED follows.
    #[napi(catch_unwind)]
    pub fn close_listener(&self, id: u32) {
        self.accept(id);
        self.routes.borrow_mut().remove(&id);
        self.crossing.send(Message::CloseListener(id));
    }

    /// Whether plain HTTP connections are handed to JavaScript from now on, or answered 426.
    #[napi(catch_unwind)]
    pub fn set_plain(&self, id: u32, hand_over: bool) {
        let plain = if hand_over {
            Plain::HandOver
        } else {
            Plain::Answer
        };
        // Before `accept` the IO thread does not know the listener.
        if let Some(Message::Listen { config, .. }) = self.bound.borrow_mut().get_mut(&id) {
            config.plain = plain;
            return;
        }
        self.crossing.send(Message::SetPlain(id, plain));
    }

    /// Adds a path to a routed listener; its route number.
    #[napi(catch_unwind)]
    pub fn add_route(&self, id: u32, path: String) -> u32 {
        self.routes
            .borrow()
            .get(&id)
            .map_or(u32::MAX, |routes| routes.add(&path))
    }

    /// Removes a path.
    #[napi(catch_unwind)]
    pub fn remove_route(&self, id: u32, path: String) {
        if let Some(routes) = self.routes.borrow().get(&id) {
            routes.remove(&path);
        }
    }

    /// Twice the bytes of JavaScript's frames that the kernel has taken, plus 1 if the engine holds more.
    #[napi(catch_unwind)]
    pub fn accepted(&self, id: u32) -> f64 {
        let (bytes, backed_up) = self.crossing.hub().progress().accepted(id);
        // Exact below 2^52 bytes of one connection.
        bytes as f64 * 2.0 + f64::from(u8::from(backed_up))
    }

    /// A fed connection by configuration `config`.
    #[napi(catch_unwind)]
    pub fn open_fed(&self, id: u32, config: u32) {
        if let Some(config) = self.configs.borrow().get(config as usize) {
            self.fed.borrow_mut().open(id, Arc::clone(config));
        }
    }

    /// Ends a fed connection.
    #[napi(catch_unwind)]
    pub fn close_fed(&self, id: u32) {
        self.fed.borrow_mut().close(id);
    }

    /// Parses a chunk; how many records are in `fedRecords`, bit 30 set if there are more.
    #[napi(catch_unwind)]
    pub fn feed(&self, id: u32, chunk: &[u8]) -> Result<u32> {
        self.fed.borrow_mut().feed(id, chunk);
        self.more()
    }

    /// The next records of the innermost feed.
    #[napi(catch_unwind)]
    pub fn more(&self) -> Result<u32> {
        let mut fed = self.fed.borrow_mut();
        fed.place(
            self.env,
            &self.fed_records,
            &self.fed_refill,
            &self.receiver,
        )
    }

    /// As `takeLarge`, for a fed connection's record.
    #[napi(catch_unwind)]
    pub fn take_large_fed(&self, index: u32) -> Buffer {
        self.fed.borrow_mut().take_large(index as usize).into()
    }

    /// A whole frame in a Buffer of its own, for fed connections. `key`: as in `addLarge`.
    #[napi(catch_unwind)]
    pub fn frame(&self, first: u32, payload: &[u8], key: Option<&[u8]>) -> Buffer {
        build_frame(first, payload, key).into()
    }

    /// As `frame`, compressed by the fed connection `id`.
    #[napi(catch_unwind)]
    pub fn deflate_frame(
        &self,
        id: u32,
        first: u32,
        payload: &[u8],
        key: Option<&[u8]>,
    ) -> Result<Buffer> {
        let mut fed = self.fed.borrow_mut();
        let compressed = fed
            .deflate(id, payload, first & u32::from(frame::FIN) != 0)
            .ok_or_else(|| Error::from_reason("the connection does not compress"))?;
        Ok(build_frame(first, compressed, key).into())
    }

    /// Gives up a fed connection's compressor if it is idle; true if it still has one.
    #[napi(catch_unwind)]
    pub fn release_idle_deflate(&self, id: u32) -> bool {
        self.fed.borrow_mut().release_idle_deflate(id)
    }
}

fn build_frame(first: u32, payload: &[u8], key: Option<&[u8]>) -> Vec<u8> {
    let key = key.and_then(|key| <[u8; 4]>::try_from(key).ok());
    let mut bytes = Vec::with_capacity(payload.len() + 14);
    frame::write_header(&mut bytes, first as u8, payload.len() as u64, key);
    let start = bytes.len();
    bytes.extend_from_slice(payload);
    if let (Some(key), Some(tail)) = (key, bytes.get_mut(start..)) {
        mask::apply(tail, key, 0);
    }
    bytes
}
