//! The records and payloads that JavaScript gets, see `docs/architecture.md`.

/// One event: four words as JavaScript reads them from an `Int32Array`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Id of the connection (or listener).
    pub connection: u32,
    /// What happened, a constant of [`kind`].
    pub kind: u32,
    /// First value, by kind.
    pub a: u32,
    /// Second value, by kind.
    pub b: u32,
}

/// Kinds of records. "Offset" is a position in [`EventQueue::payloads`].
pub mod kind {
    /// Text message: offset, length.
    pub const TEXT: u32 = 1;
    /// Binary message: offset, length.
    pub const BINARY: u32 = 2;
    /// Ping: offset, length with [`super::PING_OWED`].
    pub const PING: u32 = 3;
    /// Pong: offset, length.
    pub const PONG: u32 = 4;
    /// Close frame: offset of the reason, its length << 16 | the status code (1005 if none).
    pub const CLOSE_FRAME: u32 = 5;
    /// Violation by the peer: index and detail of the [`ProtocolError`](super::super::error).
    pub const PROTOCOL_ERROR: u32 = 6;
    /// The peer sent FIN.
    pub const END: u32 = 7;
    /// The descriptor is closed: errno or 0.
    pub const CLOSED: u32 = 8;
    /// The kernel accepted what was queued before a NOTIFY: its token.
    pub const WRITTEN: u32 = 9;
    /// Text message: index in [`EventQueue::large`](super::EventQueue::large), length.
    pub const TEXT_LARGE: u32 = 10;
    /// Binary message: index in [`EventQueue::large`](super::EventQueue::large), length.
    pub const BINARY_LARGE: u32 = 11;
    /// Precedes a binary message of several frames: offset of the little-endian u32 lengths of its
    /// non-empty frames, their count.
    pub const FRAGMENTS: u32 = 12;
    /// Upgrade request: offset, length.
    pub const REQUEST: u32 = 13;
    /// The descriptor is JavaScript's now: offset, length of the `i32` descriptor and the
    /// bytes that were read already.
    pub const HANDED_OVER: u32 = 15;
    /// A listener is closed: errno or 0.
    pub const LISTENER_CLOSED: u32 = 16;
    /// Upgrade request that was refused already: offset, length.
    pub const UNHANDLED: u32 = 17;
}

/// Bit in the second value of a PING: nobody has answered, JavaScript decides about the pong.
pub const PING_OWED: u32 = 1 << 31;

/// Longest payload in bytes that lies in [`EventQueue::payloads`]; a longer one is a vector of its
/// own.
pub const SMALL_PAYLOAD_MAX: usize = 8 * 1024;

/// Events of one turn, in the order in which they happened.
#[derive(Default, Debug)]
pub struct EventQueue {
    /// What happened.
    pub records: Vec<Record>,
    /// Payloads of up to [`SMALL_PAYLOAD_MAX`] bytes, each at a multiple of 8.
    pub payloads: Vec<u8>,
    /// Longer payloads.
    pub large: Vec<Vec<u8>>,
}

impl EventQueue {
    /// Appends a record.
    #[inline]
    pub fn push(&mut self, connection: u32, kind: u32, a: u32, b: u32) {
        self.records.push(Record {
            connection,
            kind,
            a,
            b,
        });
    }

    /// Whether nothing happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Forgets everything but keeps the capacity.
    pub fn clear(&mut self) {
        self.records.clear();
        self.payloads.clear();
        self.large.clear();
    }

    /// Bytes held: 16 for each record, and all payloads.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.records.len() * size_of::<Record>()
            + self.payloads.len()
            + self.large.iter().map(Vec::len).sum::<usize>()
    }

    /// Appends a payload at the next multiple of 8 and returns its offset. The queue is emptied
    /// long before offsets end (4 GiB).
    #[inline]
    pub fn append_payload(&mut self, bytes: &[u8]) -> u32 {
        let start = self.align();
        self.payloads.extend_from_slice(bytes);
        start
    }

    /// Fills up with zeros to the next multiple of 8, which is returned as an offset.
    #[inline]
    pub(super) fn align(&mut self) -> u32 {
        let start = self.payloads.len().next_multiple_of(8);
        if start > self.payloads.len() {
            // A copy of fixed size and a cut are cheaper than filling with a variable number.
            self.payloads.extend_from_slice(&[0; 8]);
            self.payloads.truncate(start);
        }
        u32::try_from(start).unwrap_or(u32::MAX)
    }

    /// Appends a message of op code 1 or 2 and at most [`SMALL_PAYLOAD_MAX`] bytes.
    pub(super) fn push_small(&mut self, connection: u32, opcode: u8, payload: &[u8]) {
        let offset = self.append_payload(payload);
        self.push(connection, u32::from(opcode), offset, length(payload));
    }

    /// Appends a longer message of op code 1 or 2.
    pub(super) fn push_large(&mut self, connection: u32, opcode: u8, payload: Vec<u8>) {
        let index = u32::try_from(self.large.len()).unwrap_or(u32::MAX);
        let kind = if opcode == 1 {
            kind::TEXT_LARGE
        } else {
            kind::BINARY_LARGE
        };
        self.push(connection, kind, index, length(&payload));
        self.large.push(payload);
    }
}

/// The length as a record says it; messages are refused before they get longer than a u32.
pub(super) fn length(payload: &[u8]) -> u32 {
    u32::try_from(payload.len()).unwrap_or(u32::MAX)
}
