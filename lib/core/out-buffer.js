'use strict';

const { op, control } = require('./records');
const { nextMask } = require('./masking');

const OUT_BYTES = 256 * 1024;
const COMMANDS = 8192;

/** Larger payloads get memory of their own and one native call instead of a copy through the out buffer. */
const LARGE = 16 * 1024;

/** Strings up to this many UTF-16 units are encoded straight into the out buffer (three bytes each at most). */
const LARGE_TEXT = 16 * 1024;

/**
 * Outbound half of the crossing: finished frames in one buffer, commands in one array, handed over together.
 *
 * The native side resets `control[COMMANDS]` when it has taken everything, after a drain or in `flush()`.
 *
 * @module lib/core/out-buffer
 */
class OutBuffer {
  /** @param {Int32Array} controlWords shared with the native side */
  constructor(controlWords) {
    this.control = controlWords;
    this.bytes = Buffer.allocUnsafeSlow(OUT_BYTES);
    this.commands = new Int32Array(COMMANDS * 4);
    /** Counts flushes; the token of NOTIFY commands. */
    this.sequence = 0;
    this.used = 0;
    this.lastId = -1;
    this.lastOp = 0;
    this.lastAt = 0;
    this.scheduled = false;
    this.native = null;
    this.flushScheduled = () => {
      this.scheduled = false;
      this.flush();
    };
  }

  /** Hands everything over now. */
  flush() {
    if (this.control[control.COMMANDS] !== 0) this.native.flush();
  }

  /**
   * Makes room for `size` bytes and one command, and sees to it that somebody flushes.
   *
   * @param {number} size bytes, at most the out buffer's size
   */
  reserve(size) {
    if (this.control[control.COMMANDS] === 0) {
      this.restart();
    } else if (this.used + size > OUT_BYTES || this.control[control.COMMANDS] >= COMMANDS - 2) {
      this.native.flush();
      this.restart();
    }
  }

  restart() {
    this.used = 0;
    this.lastId = -1;
    this.sequence = (this.sequence + 1) | 0;
    // Inside a drain the native side flushes when the last listener has returned.
    if (this.control[control.DRAINING] === 0 && !this.scheduled) {
      this.scheduled = true;
      process.nextTick(this.flushScheduled);
    }
  }

  /**
   * Appends a command.
   *
   * @param {number} id connection
   * @param {number} code one of `op`
   * @param {number} [a]
   * @param {number} [b]
   */
  command(id, code, a = 0, b = 0) {
    this.reserve(0);
    const at = this.control[control.COMMANDS]++ << 2;
    const commands = this.commands;
    commands[at] = id;
    commands[at + 1] = code;
    commands[at + 2] = a;
    commands[at + 3] = b;
    // A NOTIFY covers its whole flush, so frames may still be merged across it.
    if (code !== op.NOTIFY) this.lastId = -1;
  }

  /** Bytes `start..this.used` belong to `id`; neighbours are merged into one write. */
  run(id, code, start) {
    if (this.lastId === id && this.lastOp === code) {
      this.commands[this.lastAt + 3] = this.used;
    } else {
      const at = this.control[control.COMMANDS]++ << 2;
      const commands = this.commands;
      commands[at] = id;
      commands[at + 1] = code;
      commands[at + 2] = start;
      commands[at + 3] = this.used;
      this.lastId = id;
      this.lastOp = code;
      this.lastAt = at;
    }
    this.control[control.OUT_USED] = this.used;
  }

  /**
   * One frame with a binary payload.
   *
   * @param {number} id connection
   * @param {number} first first header byte: FIN, RSV, op code
   * @param {Uint8Array} data payload, copied
   * @param {boolean} mask whether the frame is masked
   * @param {?function(Buffer): void} generateMask the user's source of keys
   * @param {boolean} [pong] the answer to a ping that the core left to us
   * @param {boolean} [deflate] the core is to compress the payload
   * @return {number} bytes of the frame, or of its payload if that is to be compressed
   */
  frame(id, first, data, mask, generateMask, pong, deflate) {
    const length = data.length;
    const head = headerSize(length) + (mask ? 4 : 0);
    if (length > LARGE) {
      const key = mask ? nextMask(generateMask) : undefined;
      this.reserve(0);
      if (deflate) {
        this.command(id, op.LARGE_DEFLATE, this.native.addLargePlain(first, data, key));
        return length;
      }
      const index = this.native.addLarge(first, data, key);
      this.command(id, op.LARGE, index);
      return head + length;
    }
    this.reserve(head + length);
    const start = this.used;
    const at = this.header(first, length, mask, generateMask);
    const bytes = this.bytes;
    if (length <= 24) for (let i = 0; i < length; i++) bytes[at + i] = data[i];
    else bytes.set(data, at);
    this.used = at + length;
    if (deflate) {
      this.run(id, op.DATA_DEFLATE, start);
      return length;
    }
    this.run(id, mask ? op.DATA_MASK : pong ? op.PONG : op.DATA, start);
    return this.used - start;
  }

  /**
   * One frame with a text payload, encoded in place.
   *
   * @param {number} id connection
   * @param {number} first first header byte
   * @param {string} text payload
   * @param {boolean} mask whether the frame is masked
   * @param {?function(Buffer): void} generateMask the user's source of keys
   * @param {boolean} [deflate] the core is to compress the payload
   * @return {number} as `frame`
   */
  text(id, first, text, mask, generateMask, deflate) {
    const units = text.length;
    if (units > LARGE_TEXT) {
      return this.frame(id, first, Buffer.from(text), mask, generateMask, false, deflate);
    }
    const most = units * 3;
    this.reserve(most + 14);
    const start = this.used;
    // The header's size follows from the length, which is known afterwards: 2 bytes are right up to 41 units, 4 are from 126
    // units on; between them the encoder tells.
    let size = most < 126 ? 2 : 4;
    if (size === 4 && units < 126 && Buffer.byteLength(text) < 126) size = 2;
    const at = start + size + (mask ? 4 : 0);
    const length = this.bytes.utf8Write(text, at, most);
    this.header(first, length, mask, generateMask);
    this.used = at + length;
    if (deflate) {
      this.run(id, op.DATA_DEFLATE, start);
      return length;
    }
    this.run(id, mask ? op.DATA_MASK : op.DATA, start);
    return this.used - start;
  }

  /** Writes a header at `used`; where the payload begins. */
  header(first, length, mask, generateMask) {
    const bytes = this.bytes;
    let at = this.used;
    bytes[at] = first;
    const bit = mask ? 0x80 : 0;
    if (length < 126) {
      bytes[at + 1] = bit | length;
      at += 2;
    } else {
      bytes[at + 1] = bit | 126;
      bytes[at + 2] = length >> 8;
      bytes[at + 3] = length & 255;
      at += 4;
      if (length > 0xffff) throw new RangeError('frame too large for the out buffer');
    }
    if (mask) {
      const key = nextMask(generateMask);
      bytes[at] = key[0];
      bytes[at + 1] = key[1];
      bytes[at + 2] = key[2];
      bytes[at + 3] = key[3];
      at += 4;
    }
    return at;
  }

  /**
   * Takes back the frames of this flush that are to be compressed, and those behind them: the connection is destroyed, and in
   * ws they would never get out of the compressor.
   *
   * @param {number} id connection
   */
  withdraw(id) {
    const { commands } = this;
    let found = false;
    for (let at = 0; at < this.control[control.COMMANDS] << 2; at += 4) {
      if (commands[at] !== id || !isWrite(commands[at + 1])) continue;
      found ||= commands[at + 1] >= op.DATA_DEFLATE;
      if (found) commands[at + 1] = op.NONE;
    }
    this.lastId = -1;
  }

  /**
   * Bytes that are no frame: handshakes, raw writes.
   *
   * @param {number} id connection
   * @param {string|Uint8Array} data a string is latin1
   * @return {number} bytes
   */
  raw(id, data) {
    const length = data.length;
    if (length > LARGE) {
      this.reserve(0);
      const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data;
      this.command(id, op.LARGE, this.native.addRaw(bytes));
      return length;
    }
    this.reserve(length);
    const start = this.used;
    if (typeof data === 'string') this.bytes.latin1Write(data, start, length);
    else this.bytes.set(data, start);
    this.used = start + length;
    this.run(id, op.DATA, start);
    return length;
  }
}

/** Whether an op carries bytes. */
function isWrite(code) {
  return code === op.DATA || code === op.DATA_MASK || code >= op.LARGE;
}

/** Bytes of an unmasked frame header (RFC 6455, 5.2). */
function headerSize(length) {
  return length < 126 ? 2 : length <= 0xffff ? 4 : 10;
}

module.exports = { OutBuffer, headerSize, LARGE };
