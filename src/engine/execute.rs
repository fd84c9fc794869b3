//! Commands: what JavaScript asked for, in its order.

use std::io::{self, IoSlice};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Waker};

use super::commands::{Command, CommandBatch, op};
use super::outbox::SLICES;
use super::{Engine, INTERNAL_ERROR, Slot};
use crate::protocol::connection::Connection;
use crate::protocol::frame;
use crate::transport::Transport;

/// How long a refused connection is kept open for the peer's FIN.
const LINGER_MS: u64 = 5_000;

impl<T: Transport> Engine<T> {
    /// Carries out a batch; a panic closes the connection that it happened on. HAND_OVER commands are left to the driver: it owns the transports' descriptors.
    pub fn execute(&mut self, batch: &mut CommandBatch, mut hand_over: impl FnMut(&mut Self, u32)) {
        let commands = std::mem::take(&mut batch.commands);
        let mut index = 0;
        while let Some(command) = commands.get(index) {
            let id = command.connection;
            let result = match command.op {
                op::DATA | op::DATA_MASK | op::PONG | op::LARGE => {
                    let run = commands
                        .get(index..)
                        .unwrap_or_default()
                        .iter()
                        .take(SLICES)
                        .take_while(|next| next.connection == id && is_write(next.op))
                        .count();
                    let writes = commands.get(index..index + run).unwrap_or_default();
                    index += run - 1;
                    contained(|| self.write(id, writes, batch))
                }
                op::DATA_DEFLATE | op::LARGE_DEFLATE => {
                    contained(|| self.write_compressed(id, *command, batch))
                }
                op::HAND_OVER => {
                    hand_over(self, id);
                    Some(Ok(()))
                }
                _ => contained(|| self.control(*command)),
            };
            match result {
                Some(Ok(())) => {}
                Some(Err(error)) => self.fail(id, &error),
                None => self.close(id, INTERNAL_ERROR),
            }
            index += 1;
        }
        // A NOTIFY covers the whole batch, wherever in it it stands.
        for command in commands.iter().filter(|command| command.op == op::NOTIFY) {
            if let Some(live) = self.live(command.connection) {
                live.notify(command.a);
                self.settle(command.connection);
            }
        }
        batch.commands = commands;
        self.compressor.end_batch();
        self.announce();
    }

    fn write(&mut self, id: u32, writes: &[Command], batch: &mut CommandBatch) -> io::Result<()> {
        let Some(Slot::Live(live)) = self.slots.get_mut(id as usize) else {
            return Ok(());
        };
        for write in writes {
            match write.op {
                op::DATA_MASK => {
                    // The keys were drawn by JavaScript, the bytes are this batch's own copy.
                    let frames = batch.data.get_mut(write.a as usize..write.b as usize);
                    if frame::mask_frames(frames.unwrap_or_default()).is_err() {
                        return Err(io::ErrorKind::InvalidData.into());
                    }
                }
                op::PONG => {
                    if let Some(protocol) = &mut live.protocol {
                        protocol.pong_queued();
                    }
                }
                _ => {}
            }
        }
        let mut slices = [IoSlice::new(&[]); SLICES];
        for (slot, write) in slices.iter_mut().zip(writes) {
            *slot = IoSlice::new(bytes_of(write, batch));
        }
        let slices = slices.get(..writes.len()).unwrap_or_default();
        let length: usize = slices.iter().map(|slice| slice.len()).sum();
        live.given += length as u64;
        let mut written = if live.ending {
            length
        } else {
            live.write_now(slices)?
        };
        if written < length {
            for write in writes {
                let size = bytes_of(write, batch).len();
                let from = written.min(size);
                written -= from;
                if write.op == op::LARGE {
                    let large = batch.large.get_mut(write.a as usize);
                    live.outbox()
                        .push_owned(large.map(std::mem::take).unwrap_or_default(), from);
                } else {
                    live.outbox()
                        .push(bytes_of(write, batch).get(from..).unwrap_or_default());
                }
            }
            live.mark();
            live.wake();
        }
        self.settle(id);
        Ok(())
    }

    fn control(&mut self, command: Command) -> io::Result<()> {
        let id = command.connection;
        if command.op == op::RELEASE {
            if let Some(slot @ Slot::Closed) = self.slots.get_mut(id as usize) {
                *slot = Slot::Free;
            }
            return Ok(());
        }
        let (now_ms, config) = (self.now_ms, self.configs.get(command.a as usize).cloned());
        let Some(live) = self.live(id) else {
            return Ok(());
        };
        match command.op {
            op::END => {
                live.ending = true;
                live.rest = Vec::new();
                if live.protocol.is_none() {
                    // A refused peer gets a moment to read the answer and say goodbye.
                    let generation = live.generation;
                    self.timers.insert(now_ms + LINGER_MS, id, generation);
                }
                return self.flush_now(id);
            }
            op::DESTROY => {
                if command.a == 1 {
                    live.stream.reset_on_drop();
                }
                self.close(id, 0);
            }
            op::PAUSE => live.paused = true,
            op::RESUME => {
                live.paused = false;
                live.wake();
            }
            op::START => {
                let Some(config) = config else {
                    return Err(io::ErrorKind::InvalidInput.into());
                };
                live.auto_pong = command.b & 1 == 1;
                live.given = 0;
                live.protocol = Some(Connection::new(config));
                live.wake();
                self.receive_rest(id)?;
                if self.live(id).is_some_and(|live| live.read_closed) {
                    self.end(id);
                }
            }
            op::CLOSING => {
                live.auto_pong = false;
                let generation = live.generation;
                if command.a > 0 {
                    self.timers
                        .insert(now_ms + u64::from(command.a), id, generation);
                }
            }
            op::AUTO_PONG => live.auto_pong = command.a == 1,
            _ => {}
        }
        Ok(())
    }

    /// Flushes outside the connection's own turn, with its task's waker.
    fn flush_now(&mut self, id: u32) -> io::Result<()> {
        let waker = self.live(id).and_then(|live| live.waker.clone());
        let mut cx = Context::from_waker(waker.as_ref().unwrap_or(Waker::noop()));
        self.flush(id, &mut cx)?;
        // What is left is the task's business: it may never have been polled, or now reads only to discard.
        if let Some(live) = self.live(id) {
            live.wake();
        }
        Ok(())
    }

    /// Takes a raw connection's transport out of the engine, with the bytes already read. The id stays in use.
    pub fn take_raw(&mut self, id: u32) -> Option<(T, Vec<u8>)> {
        let slot = self.slots.get_mut(id as usize)?;
        match slot {
            Slot::Live(live) if live.protocol.is_none() => {}
            _ => return None,
        }
        match std::mem::replace(slot, Slot::Closed) {
            Slot::Live(live) => {
                live.wake();
                Some((live.stream, live.rest))
            }
            _ => None,
        }
    }
}

/// A panic closes what the command was about and nothing else; `None` then.
fn contained(command: impl FnOnce() -> io::Result<()>) -> Option<io::Result<()>> {
    catch_unwind(AssertUnwindSafe(command)).ok()
}

fn is_write(code: u32) -> bool {
    matches!(code, op::DATA | op::DATA_MASK | op::PONG | op::LARGE)
}

fn bytes_of<'a>(write: &Command, batch: &'a CommandBatch) -> &'a [u8] {
    match write.op {
        op::LARGE => batch
            .large
            .get(write.a as usize)
            .map_or(&[], |bytes| bytes.as_slice()),
        _ => batch
            .data
            .get(write.a as usize..write.b as usize)
            .unwrap_or_default(),
    }
}
