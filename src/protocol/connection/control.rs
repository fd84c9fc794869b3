//! Control frames: close, ping, pong (RFC 6455 section 5.5).

use super::{Connection, Phase, Turn};
use crate::protocol::config::Role;
use crate::protocol::error::ProtocolError;
use crate::protocol::event::{PING_OWED, kind, length};
use crate::protocol::frame::{self, FIN, opcode};
use crate::protocol::{close, mask, rules};

/// Longest payload of a control frame.
const CONTROL_MAX: usize = 125;

/// What the connection may answer by itself while it receives.
pub struct Replies<'a> {
    /// Where automatic pongs are appended, as finished frames.
    pub out: &'a mut Vec<u8>,
    /// Whether pings are answered at all; false once a close frame was sent.
    pub auto_pong: bool,
    /// Whether JavaScript sends the automatic pongs: the PING record says so, `out` gets nothing.
    pub owed: bool,
    /// Whether it sends those for pings behind other records of the same input: what it sends because
    /// of these goes out first then, as in `ws`.
    pub owed_behind: bool,
    /// Source of mask keys, for clients.
    pub mask: &'a mut dyn FnMut() -> [u8; 4],
}

impl Replies<'_> {
    /// Appends a pong (RFC 6455 section 5.5.3).
    fn pong(&mut self, payload: &[u8], role: Role) {
        let key = match role {
            Role::Client => Some((self.mask)()),
            Role::Server => None,
        };
        frame::write_header(self.out, FIN | opcode::PONG, payload.len() as u64, key);
        mask::append(self.out, payload, payload.len(), key.unwrap_or_default());
    }
}

impl Connection {
    /// Handles a control frame that came in pieces, once it is complete.
    pub(super) fn end_control(&mut self, turn: &mut Turn<'_, '_>) -> Result<(), ProtocolError> {
        if self.missing() > 0 {
            return Ok(());
        }
        self.phase = Phase::Header;
        let start = self
            .message
            .bytes
            .len()
            .saturating_sub(self.received as usize);
        let mut buffer = [0; CONTROL_MAX];
        let mut length = 0;
        let kept = self.message.bytes.get(start..).unwrap_or_default();
        for (slot, byte) in buffer.iter_mut().zip(kept) {
            *slot = *byte;
            length += 1;
        }
        self.message.bytes.truncate(start);
        if !self.message.is_open() {
            self.message.bytes = Vec::new();
        }
        let payload = buffer.get_mut(..length).unwrap_or_default();
        mask::apply(payload, self.frame.key, 0);
        self.control(self.frame.opcode(), payload, turn)
    }

    /// Handles a complete and unmasked control frame.
    pub(super) fn control(
        &mut self,
        code: u8,
        payload: &[u8],
        turn: &mut Turn<'_, '_>,
    ) -> Result<(), ProtocolError> {
        match code {
            opcode::PING => self.ping(payload, turn),
            opcode::PONG => {
                let offset = turn.events.append_payload(payload);
                turn.events
                    .push(turn.id, kind::PONG, offset, length(payload));
            }
            _ => {
                let (status, reason) = close::parse(payload, self.config.skip_utf8_validation)?;
                let offset = turn.events.append_payload(reason);
                let b = length(reason) << 16 | u32::from(status);
                turn.events.push(turn.id, kind::CLOSE_FRAME, offset, b);
                self.stop();
            }
        }
        Ok(())
    }

    fn ping(&mut self, payload: &[u8], turn: &mut Turn<'_, '_>) {
        let mut b = length(payload);
        if turn.replies.auto_pong {
            // Nothing is written within a turn: once the limit is reached no pong follows.
            let pending = self.pending_pongs.saturating_add(turn.owed);
            if rules::reached(pending, self.config.max_pending_pongs) {
                turn.terminate = true;
            } else if turn.is_owed() {
                turn.owed += 1;
                b |= PING_OWED;
            } else {
                self.pending_pongs = self.pending_pongs.saturating_add(1);
                turn.replies.pong(payload, self.config.role);
            }
        }
        let offset = turn.events.append_payload(payload);
        turn.events.push(turn.id, kind::PING, offset, b);
    }
}
