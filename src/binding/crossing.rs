//! The JavaScript thread's half of the crossing: batches into records and slabs, one call per connection's run, commands out.
//! One of the files that may contain `unsafe`.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;

use napi::{Env, Result, sys};

use super::loop_handle::Doorbell;
use super::memory::{Bytes, Slab, Strong, Words, check, clear_exception};
use crate::engine::commands::Command;
use crate::hub::{Batch, Hub, Message};
use crate::protocol::event::{EventQueue, Record, kind};

/// Indexes of the control words; `lib/core/hub.js` has the same list.
mod control {
    pub(super) const COMMANDS: usize = 0;
    pub(super) const OUT_USED: usize = 1;
    pub(super) const FROM: usize = 2;
    pub(super) const TO: usize = 3;
    pub(super) const DRAINING: usize = 4;
}

/// Size of a slab; as in `lib/core/hub.js`. About what one read of Node brings.
const SLAB_BYTES: usize = 64 * 1024;

/// `napi_cannot_run_js`: the environment is being torn down.
const CANNOT_RUN_JS: sys::napi_status = 23;

/// What JavaScript gave when it made the hub.
pub(super) struct Shared {
    pub(super) records: Words,
    pub(super) control: Words,
    pub(super) out: Bytes,
    pub(super) commands: Words,
    /// `() => void`: dispatches records FROM..TO.
    pub(super) drain: Strong,
    /// `(bytes) => ArrayBuffer`: a new slab.
    pub(super) refill: Strong,
    pub(super) receiver: Strong,
}

/// State of the JavaScript thread. Lives as long as the environment.
pub(super) struct Crossing {
    env: Env,
    shared: Shared,
    slab: RefCell<Slab>,
    batches: RefCell<VecDeque<Batch>>,
    /// Large payloads that records of the batch in hand name.
    large: RefCell<Vec<Vec<u8>>>,
    /// Large frames for the next flush.
    frames: RefCell<Vec<Vec<u8>>>,
    hub: Arc<Hub>,
    doorbell: Doorbell,
    dead: Cell<bool>,
}

impl Crossing {
    pub(super) fn new(env: Env, shared: Shared) -> Result<Rc<Self>> {
        let cell: Rc<RefCell<Option<Rc<Self>>>> = Rc::default();
        let ringing = Rc::clone(&cell);
        let doorbell = Doorbell::new(env, move || {
            let crossing = ringing.borrow().clone();
            if let Some(crossing) = crossing {
                crossing.ring();
            }
        })?;
        let hub = Hub::new(doorbell.ringer());
        let crossing = Rc::new(Self {
            env,
            shared,
            slab: RefCell::default(),
            batches: RefCell::default(),
            large: RefCell::default(),
            frames: RefCell::default(),
            hub,
            doorbell,
            dead: Cell::new(false),
        });
        // The doorbell's closure owns the crossing until the handle is closed: a cycle that `tear_down` breaks.
        *cell.borrow_mut() = Some(Rc::clone(&crossing));
        Ok(crossing)
    }

    pub(super) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    pub(super) fn hold(&self, on: bool) {
        self.doorbell.hold(on);
    }

    /// The environment ends: stop the IO thread, give up everything of JavaScript's, close the handle.
    pub(super) fn tear_down(&self, closed: impl FnOnce() + 'static) {
        self.dead.set(true);
        clear_exception(self.env.raw());
        self.hub.shutdown();
        self.slab.borrow_mut().release();
        let shared = &self.shared;
        for words in [&shared.records, &shared.control, &shared.commands] {
            words.release();
        }
        shared.out.release();
        for reference in [&shared.drain, &shared.refill, &shared.receiver] {
            reference.release();
        }
        self.doorbell.close(closed);
    }

    /// Hands frames and commands over to the IO thread.
    pub(super) fn flush(&self) {
        let shared = &self.shared;
        let count = usize::try_from(shared.control.at(control::COMMANDS)).unwrap_or(0);
        if count == 0 || self.dead.get() {
            return;
        }
        let mut batch = self.hub.spare_commands();
        let used = usize::try_from(shared.control.at(control::OUT_USED)).unwrap_or(0);
        shared.out.copy_to(used, &mut batch.data);
        batch.commands.extend((0..count).map(|index| {
            let word = |at: usize| shared.commands.at(index * 4 + at).cast_unsigned();
            Command {
                connection: word(0),
                op: word(1),
                a: word(2),
                b: word(3),
            }
        }));
        batch.large.append(&mut self.frames.borrow_mut());
        shared.control.set(control::COMMANDS, 0);
        shared.control.set(control::OUT_USED, 0);
        self.send(Message::Commands(batch));
    }

    /// Keeps a frame for a LARGE command of this flush; its index.
    pub(super) fn add_frame(&self, frame: Vec<u8>) -> u32 {
        let mut frames = self.frames.borrow_mut();
        frames.push(frame);
        u32::try_from(frames.len() - 1).unwrap_or(u32::MAX)
    }

    /// The payload that a LARGE record names.
    pub(super) fn take_large(&self, index: usize) -> Vec<u8> {
        self.large
            .borrow_mut()
            .get_mut(index)
            .map(std::mem::take)
            .unwrap_or_default()
    }

    pub(super) fn send(&self, message: Message) {
        if let Err(error) = self.hub.send(message) {
            eprintln!("ferrows: the IO thread could not start: {error}");
        }
    }

    /// The doorbell rang.
    fn ring(&self) {
        if self.dead.get() {
            return;
        }
        let mut scope = ptr::null_mut();
        // SAFETY: on the environment's thread, called by its loop; closed below.
        if unsafe { sys::napi_open_handle_scope(self.env.raw(), &raw mut scope) }
            != sys::Status::napi_ok
        {
            return;
        }
        self.hub.take_batches(&mut self.batches.borrow_mut());
        loop {
            let Some(mut batch) = self.batches.borrow_mut().pop_front() else {
                break;
            };
            self.shared.control.set(control::DRAINING, 1);
            self.dispatch(&mut batch.events);
            self.shared.control.set(control::DRAINING, 0);
            if self.dead.get() {
                break;
            }
            self.flush();
            self.hub.drained(batch);
        }
        // SAFETY: opened above on this thread.
        unsafe { sys::napi_close_handle_scope(self.env.raw(), scope) };
    }

    fn dispatch(&self, events: &mut EventQueue) {
        *self.large.borrow_mut() = std::mem::take(&mut events.large);
        let capacity = self.shared.records.len() / 4;
        let mut records = events.records.as_slice();
        while !records.is_empty() && !self.dead.get() {
            self.slab.borrow_mut().revalidate(self.env.raw());
            let mut count = 0;
            let mut connection = None;
            for (index, record) in records.iter().take(capacity).enumerate() {
                let mut slab = self.slab.borrow_mut();
                if connection != Some(record.connection) {
                    // A run is delivered in one go: it must not be cut where the slab happens to end.
                    connection = Some(record.connection);
                    let run = records.get(index..).unwrap_or_default();
                    if slab.room() < run_weight(run).min(SLAB_BYTES) {
                        break;
                    }
                }
                let Some(words) = place(&mut slab, record, &events.payloads) else {
                    break;
                };
                self.shared.records.set_record(count, words);
                count += 1;
            }
            if count == 0 {
                let needed = records.first().map_or(0, |record| payload_range(record).1);
                if self.refill(needed).is_err() {
                    // JavaScript cannot even allocate: the worker is being terminated.
                    clear_exception(self.env.raw());
                    self.dead.set(true);
                }
                continue;
            }
            let (now, later) = records.split_at(count);
            self.dispatch_runs(now);
            records = later;
        }
    }

    /// One call for each connection's run, so that each has a callback scope: ticks and microtasks of one connection's listeners run
    /// before the next connection's, as when every socket has its own read.
    fn dispatch_runs(&self, records: &[Record]) {
        let mut from = 0;
        for run in records.chunk_by(|a, b| a.connection == b.connection) {
            let to = from + run.len();
            self.shared
                .control
                .set(control::TO, i32::try_from(to).unwrap_or(0));
            // JavaScript moves FROM before each record: what a listener's exception left is delivered by the next call.
            self.shared
                .control
                .set(control::FROM, i32::try_from(from).unwrap_or(0));
            loop {
                let before = self.shared.control.at(control::FROM);
                if usize::try_from(before).unwrap_or(to) >= to || !self.call_drain() {
                    break;
                }
                if self.shared.control.at(control::FROM) == before {
                    break;
                }
            }
            if self.dead.get() {
                return;
            }
            from = to;
        }
    }

    /// False when no JavaScript can run any more.
    fn call_drain(&self) -> bool {
        let env = self.env.raw();
        let (mut scope, mut result) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: on the environment's thread with a handle scope open; references are live while `dead` is false; every
        // status is looked at.
        unsafe {
            sys::napi_open_handle_scope(env, &raw mut scope);
            let status = sys::napi_make_callback(
                env,
                ptr::null_mut(),
                self.shared.receiver.value(),
                self.shared.drain.value(),
                0,
                ptr::null(),
                &raw mut result,
            );
            if status == sys::Status::napi_pending_exception {
                let mut error = ptr::null_mut();
                sys::napi_get_and_clear_last_exception(env, &raw mut error);
                // 'uncaughtException', as for any listener that throws.
                sys::napi_fatal_exception(env, error);
            }
            sys::napi_close_handle_scope(env, scope);
            if status != sys::Status::napi_ok {
                clear_exception(env);
            }
            if status == CANNOT_RUN_JS {
                self.dead.set(true);
            }
            status == sys::Status::napi_ok || status == sys::Status::napi_pending_exception
        }
    }

    /// Asks JavaScript for a new slab with room for at least `needed` bytes.
    fn refill(&self, needed: usize) -> Result<()> {
        let slab = new_slab(self.env, &self.shared.refill, &self.shared.receiver, needed)?;
        let mut current = self.slab.borrow_mut();
        current.release();
        *current = slab;
        Ok(())
    }
}

/// Calls `refill(needed)` of JavaScript's and takes the `ArrayBuffer` it returns.
pub(super) fn new_slab(
    env: Env,
    refill: &Strong,
    receiver: &Strong,
    needed: usize,
) -> Result<Slab> {
    let (mut argument, mut value) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: on the environment's thread with a handle scope open; both statuses are checked.
    unsafe {
        let needed = u32::try_from(needed).unwrap_or(u32::MAX);
        check(sys::napi_create_uint32(
            env.raw(),
            needed,
            &raw mut argument,
        ))?;
        check(sys::napi_call_function(
            env.raw(),
            receiver.value(),
            refill.value(),
            1,
            &raw const argument,
            &raw mut value,
        ))?;
    }
    Slab::adopt(env, value)
}

/// Copies a record's payload into the slab; the record with its new offset, or `None` when the slab is full.
pub(super) fn place(slab: &mut Slab, record: &Record, payloads: &[u8]) -> Option<[u32; 4]> {
    let (from, length) = payload_range(record);
    let mut a = record.a;
    if length > 0 {
        a = slab.put(payloads.get(from..from + length).unwrap_or_default())?;
    } else if has_payload(record.kind) {
        a = 0;
    }
    Some([record.connection, record.kind, a, record.b])
}

/// Bytes of slab that the first connection's records take.
fn run_weight(records: &[Record]) -> usize {
    let first = records.first().map(|record| record.connection);
    records
        .iter()
        .take_while(|record| Some(record.connection) == first)
        .map(|record| (payload_range(record).1 + 7) & !7)
        .sum()
}

fn has_payload(code: u32) -> bool {
    matches!(
        code,
        kind::TEXT
            | kind::BINARY
            | kind::PING
            | kind::PONG
            | kind::CLOSE_FRAME
            | kind::FRAGMENTS
            | kind::REQUEST
            | kind::UNHANDLED
            | kind::HANDED_OVER
    )
}

/// Offset and length of a record's payload in the batch; length 0 where it has none.
pub(super) fn payload_range(record: &Record) -> (usize, usize) {
    let length = match record.kind {
        kind::PING => record.b & !crate::protocol::event::PING_OWED,
        kind::CLOSE_FRAME => record.b >> 16,
        kind::FRAGMENTS => record.b.saturating_mul(4),
        code if has_payload(code) => record.b,
        _ => 0,
    };
    (record.a as usize, length as usize)
}
