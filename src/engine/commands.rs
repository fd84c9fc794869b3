//! What JavaScript asks of the engine: the ops of `docs/architecture.md`.

/// Op codes of a command.
pub mod op {
    /// Bytes `a..b` of the batch's data.
    pub const DATA: u32 = 1;
    /// As `DATA`: whole client frames whose masking keys are not applied yet.
    pub const DATA_MASK: u32 = 2;
    /// Report `a` when everything of this batch was written.
    pub const NOTIFY: u32 = 3;
    /// FIN after what is queued.
    pub const END: u32 = 4;
    /// Drop the connection; `a` = 1: with a reset.
    pub const DESTROY: u32 = 5;
    /// Stop reading.
    pub const PAUSE: u32 = 6;
    /// Read again.
    pub const RESUME: u32 = 7;
    /// The raw connection speaks WebSocket from now on, by configuration `a`.
    pub const START: u32 = 8;
    /// A close frame was sent; drop the connection after `a` milliseconds (0: no limit).
    pub const CLOSING: u32 = 9;
    /// JavaScript has seen CLOSED.
    pub const RELEASE: u32 = 10;
    /// Give the descriptor to JavaScript.
    pub const HAND_OVER: u32 = 11;
    /// Answer pings (1) or not (0).
    pub const AUTO_PONG: u32 = 12;
    /// Write payload `a` of the batch's large ones.
    pub const LARGE: u32 = 13;
    /// JavaScript answered a ping: as `DATA`.
    pub const PONG: u32 = 14;
    /// As `DATA`: whole frames that are to be compressed, their mask keys not applied.
    pub const DATA_DEFLATE: u32 = 15;
    /// As `LARGE`: one frame that is to be compressed, its mask key not applied.
    pub const LARGE_DEFLATE: u32 = 16;
}

/// One command: connection, op, two arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Command {
    /// The connection's id.
    pub connection: u32,
    /// One of [`op`].
    pub op: u32,
    /// First argument.
    pub a: u32,
    /// Second argument.
    pub b: u32,
}

/// A flush of JavaScript's: commands in order and the bytes they name.
#[derive(Debug, Default)]
pub struct CommandBatch {
    /// The commands, in the order they were given.
    pub commands: Vec<Command>,
    /// The out buffer's bytes.
    pub data: Vec<u8>,
    /// Frames too large for the out buffer, header included.
    pub large: Vec<Vec<u8>>,
}

impl CommandBatch {
    /// Empties the batch and keeps its memory, within reason.
    pub fn clear(&mut self) {
        self.commands.clear();
        self.data.clear();
        self.large.clear();
    }
}
