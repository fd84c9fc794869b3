'use strict';

/**
 * The exported Receiver: a Writable that takes the bytes of one side of a connection and emits
 * what they mean. WebSocket itself does not use it (its frames are parsed in Rust); it is here
 * for programs that parse frames of their own.
 *
 * @module lib/ws/receiver
 */

const { Writable } = require('node:stream');

const { ProtocolErrorIndex: Broken, protocolError } = require('../core/errors');
const { applyMask, FastBuffer, join, toArrayBuffer } = require('./buffer');
const { BINARY_TYPES, EMPTY_BUFFER } = require('./constants');
const { isValidStatusCode, isValidUTF8 } = require('./validation');

const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;

/** What the parser yields when it has to wait for bytes. */
const MORE = null;

/** Parses frames (RFC 6455, 5.2) and emits 'message', 'ping', 'pong' and 'conclude'. */
class Receiver extends Writable {
  #chunks = [];
  #buffered = 0;
  #concluded = false;
  #parser = this.#parse();

  /**
   * @param {object} [options]
   * @param {boolean} [options.allowSynchronousEvents=true] whether several events may be emitted
   *     in one tick
   * @param {string} [options.binaryType='nodebuffer'] form of binary messages
   * @param {object} [options.extensions] the negotiated extensions; none is supported yet
   * @param {boolean} [options.isServer=false] whether frames must be masked or must not be
   * @param {number} [options.maxBufferedChunks=0] chunks that may wait for the rest of a frame
   * @param {number} [options.maxFragments=0] frames of a message
   * @param {number} [options.maxPayload=0] bytes of a message; 0 = no limit, as for the others
   * @param {boolean} [options.skipUTF8Validation=false] whether text is taken as it comes
   */
  constructor(options = {}) {
    super();

    const { allowSynchronousEvents } = options;

    this._allowSynchronousEvents =
      allowSynchronousEvents === undefined ? true : allowSynchronousEvents;
    this._binaryType = options.binaryType || BINARY_TYPES[0];
    this._extensions = options.extensions || {};
    this._isServer = !!options.isServer;
    this._maxBufferedChunks = options.maxBufferedChunks | 0;
    this._maxFragments = options.maxFragments | 0;
    this._maxPayload = options.maxPayload | 0;
    this._skipUTF8Validation = !!options.skipUTF8Validation;
  }

  /**
   * @param {Buffer} chunk bytes; payloads are unmasked in place and emitted as views of it
   * @param {string} encoding unused
   * @param {(err?: Error) => void} callback done, or a rule is broken
   */
  _write(chunk, encoding, callback) {
    if (this.#concluded) {
      callback();
      return;
    }

    if (this._maxBufferedChunks > 0 && this.#chunks.length >= this._maxBufferedChunks) {
      callback(protocolError(Broken.TOO_MANY_CHUNKS));
      return;
    }

    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    this.#run(callback);
  }

  /**
   * Turns the parser until it needs more bytes, and emits what it finds.
   *
   * @param {(err?: Error) => void} callback the callback of `_write`
   */
  #run(callback) {
    for (;;) {
      const { value: found } = this.#parser.next();

      if (found === MORE) {
        callback();
        return;
      }

      if (found instanceof Error) {
        callback(found);
        return;
      }

      const [event, ...args] = found;

      if (event === 'conclude') {
        this.#concluded = true;
        this.emit(event, ...args);
        this.end();
        callback();
        return;
      }

      if (!this._allowSynchronousEvents) {
        setImmediate(() => {
          this.emit(event, ...args);
          this.#run(callback);
        });
        return;
      }

      this.emit(event, ...args);
    }
  }

  /**
   * The parser: yields `MORE`, the error of a broken rule (and is finished then), or an event.
   *
   * @yields {null | Error | Array}
   */
  *#parse() {
    let message = null;

    for (;;) {
      const head = yield* this.#take(2);
      const frame = readHead(head, message, this._isServer);

      if (frame instanceof Error) return yield frame;

      if (frame.length >= 126) {
        frame.length = extendedLength(yield* this.#take(frame.length === 126 ? 2 : 8));
        if (frame.length === -1) return yield protocolError(Broken.UNSUPPORTED_DATA_PAYLOAD_LENGTH);
      }

      if (!frame.control) {
        message ??= { opcode: frame.opcode, announced: 0, frames: 0, parts: [] };
        message.announced += frame.length;
        if (this._maxPayload > 0 && message.announced > this._maxPayload) {
          return yield protocolError(Broken.UNSUPPORTED_MESSAGE_LENGTH);
        }
      }

      const payload = yield* this.#payload(frame);

      if (frame.control) {
        yield this.#controlEvent(frame.opcode, payload);
        continue;
      }

      if (this._maxFragments > 0 && ++message.frames > this._maxFragments) {
        return yield protocolError(Broken.TOO_MANY_FRAGMENTS);
      }

      if (payload.length !== 0) message.parts.push(payload);
      if (!frame.fin) continue;

      const { opcode, parts, announced } = message;
      message = null;
      yield this.#messageEvent(opcode, parts, announced);
    }
  }

  /**
   * @param {{length: number, masked: boolean}} frame the frame's header
   * @yields {null} while bytes are missing
   * @returns {Buffer} its payload, unmasked
   */
  *#payload(frame) {
    const key = frame.masked ? yield* this.#take(4) : null;

    if (frame.length === 0) return EMPTY_BUFFER;

    const payload = yield* this.#take(frame.length);

    if (key !== null) applyMask(payload, key, payload, 0);
    return payload;
  }

  /**
   * @param {number} count how many bytes
   * @yields {null} while they are missing
   * @returns {Buffer} the bytes, a view if they came in one chunk
   */
  *#take(count) {
    while (this.#buffered < count) yield MORE;

    this.#buffered -= count;

    const first = this.#chunks[0];

    if (count === first.length) return this.#chunks.shift();
    if (count < first.length) {
      this.#chunks[0] = slice(first, count, first.length);
      return slice(first, 0, count);
    }

    const whole = Buffer.allocUnsafe(count);

    for (let filled = 0; filled < count; ) {
      const chunk = this.#chunks[0];
      const used = Math.min(chunk.length, count - filled);

      whole.set(slice(chunk, 0, used), filled);
      filled += used;
      if (used === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = slice(chunk, used, chunk.length);
    }

    return whole;
  }

  /**
   * @param {number} opcode TEXT or BINARY
   * @param {Buffer[]} parts the payloads that are not empty
   * @param {number} length the sum of their lengths
   * @returns {Array | Error} the event, or the error if text is no UTF-8
   */
  #messageEvent(opcode, parts, length) {
    if (opcode === TEXT) {
      const text = join(parts, length);

      if (!this._skipUTF8Validation && !isValidUTF8(text)) {
        return protocolError(Broken.INVALID_UTF8);
      }

      return ['message', text, false];
    }

    switch (this._binaryType) {
      case 'nodebuffer':
        return ['message', join(parts, length), true];
      case 'arraybuffer':
        return ['message', toArrayBuffer(join(parts, length)), true];
      case 'blob':
        return ['message', new Blob(parts), true];
      default:
        return ['message', parts, true];
    }
  }

  /**
   * @param {number} opcode CLOSE, PING or pong
   * @param {Buffer} payload the payload
   * @returns {Array | Error} the event, or the error if a close frame breaks a rule
   */
  #controlEvent(opcode, payload) {
    if (opcode !== CLOSE) return [opcode === PING ? 'ping' : 'pong', payload];
    if (payload.length === 0) return ['conclude', 1005, EMPTY_BUFFER];

    const code = payload.readUInt16BE(0);
    const reason = slice(payload, 2, payload.length);

    if (!isValidStatusCode(code)) return protocolError(Broken.INVALID_CLOSE_CODE, code);
    if (!this._skipUTF8Validation && !isValidUTF8(reason)) {
      return protocolError(Broken.INVALID_UTF8);
    }

    return ['conclude', code, reason];
  }
}

/**
 * Reads the first two bytes of a frame and checks them in the order of `ws`.
 *
 * @param {Buffer} head two bytes
 * @param {object | null} message the message that is being received, if any
 * @param {boolean} isServer whether the frame must be masked
 * @returns {Error | {fin: boolean, opcode: number, control: boolean, masked: boolean,
 *     length: number}} the rule that is broken, or the header; `length` 126 and 127 announce a
 *     longer form
 */
function readHead(head, message, isServer) {
  const fin = (head[0] & 0x80) !== 0;
  const rsv1 = (head[0] & 0x40) !== 0;
  const opcode = head[0] & 0x0f;
  const masked = (head[1] & 0x80) !== 0;
  const length = head[1] & 0x7f;
  const control = opcode >= CLOSE && opcode <= 0x0a;

  if ((head[0] & 0x30) !== 0) return protocolError(Broken.UNEXPECTED_RSV_2_3);
  if (rsv1) return protocolError(Broken.UNEXPECTED_RSV_1);

  if (control) {
    if (!fin) return protocolError(Broken.EXPECTED_FIN);
    if (length > 125 || (opcode === CLOSE && length === 1)) {
      return protocolError(Broken.INVALID_CONTROL_PAYLOAD_LENGTH, length);
    }
  } else if (opcode > BINARY || (opcode === 0) !== (message !== null)) {
    // A continuation continues something, a new message waits for the end of the last one.
    return protocolError(Broken.INVALID_OPCODE, opcode);
  }

  if (masked !== isServer) {
    return protocolError(isServer ? Broken.EXPECTED_MASK : Broken.UNEXPECTED_MASK);
  }

  return { fin, opcode, control, masked, length };
}

/**
 * @param {Buffer} bytes the two or eight bytes of an extended payload length
 * @returns {number} the length, -1 if it is beyond 2^53 - 1
 */
function extendedLength(bytes) {
  if (bytes.length === 2) return bytes.readUInt16BE(0);

  const high = bytes.readUInt32BE(0);
  return high > 0x1fffff ? -1 : high * 2 ** 32 + bytes.readUInt32BE(4);
}

/**
 * @param {Buffer} buffer a chunk
 * @param {number} start first byte
 * @param {number} end byte after the last one
 * @returns {Buffer} a view
 */
function slice(buffer, start, end) {
  return new FastBuffer(buffer.buffer, buffer.byteOffset + start, end - start);
}

module.exports = Receiver;
