'use strict';

/**
 * The exported Sender: frames over any socket. WebSocket itself does not use it; libraries use
 * `Sender.frame` to build a frame once and send it many times.
 *
 * @module lib/ws/sender
 */

const { randomFillSync } = require('node:crypto');

const { applyMask, isCallersMemory } = require('./buffer');
const { NOOP } = require('./constants');
const { closePayload, SendQueue, toControlPayload, toPayload } = require('./outgoing');
const { isBlob } = require('./validation');

const FIN = 0x80;
const RSV1 = 0x40;
const MASK = 0x80;

/** Random bytes for mask keys; drawn in bulk, since each draw is a call into the system. */
const pool = { bytes: null, at: 0 };
const POOL_SIZE = 8 * 1024;

const sharedKey = Buffer.alloc(4);

/** Sends frames over a socket that has `write`, `cork`, `uncork` and `destroyed`. */
class Sender {
  /**
   * @param {import('node:stream').Duplex} socket where the frames go
   * @param {object} [extensions] the negotiated extensions; none is supported yet
   * @param {(key: Buffer) => void} [generateMask] fills a mask key
   */
  constructor(socket, extensions, generateMask) {
    this._socket = socket;
    this._extensions = extensions || {};
    this._generateMask = generateMask;
    this._maskBuffer = generateMask ? Buffer.alloc(4) : undefined;
    this._firstFragment = true;
    this._queue = null;

    /** Called if a Blob cannot be read. */
    this.onerror = NOOP;
  }

  /** @type {number} Payload bytes that wait for a Blob. */
  get _bufferedBytes() {
    return this._queue === null ? 0 : this._queue.bytes;
  }

  /**
   * Builds a frame (RFC 6455, 5.2) with a header of minimal length.
   *
   * @param {Buffer | string} data the payload
   * @param {object} options
   * @param {number} options.opcode the op code
   * @param {boolean} [options.fin=false] the FIN bit
   * @param {boolean} [options.rsv1=false] the RSV1 bit
   * @param {boolean} [options.mask=false] whether to mask
   * @param {(key: Buffer) => void} [options.generateMask] fills a mask key; random without it
   * @param {Buffer} [options.maskBuffer] four bytes that `generateMask` fills
   * @param {boolean} [options.readOnly=false] whether masking must leave `data` alone
   * @returns {Buffer[]} the frame: the header, or the header and the payload
   */
  static frame(data, options) {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    const { length } = bytes;
    const head = header(length, options);

    if (!options.mask) return length === 0 ? [head] : [head, bytes];

    const key = maskKey(options);
    head.set(key, head.length - 4);

    if (length === 0) return [head];
    if ((key[0] | key[1] | key[2] | key[3]) === 0) return [head, bytes];

    if (options.readOnly && typeof data !== 'string') {
      const frame = Buffer.allocUnsafe(head.length + length);

      frame.set(head, 0);
      applyMask(bytes, key, frame, head.length);
      return [frame];
    }

    applyMask(bytes, key, bytes, 0);
    return [head, bytes];
  }

  /**
   * Sends a close frame.
   *
   * @param {number} [code] close code
   * @param {string | Uint8Array} [data] reason
   * @param {boolean} [mask=false] whether to mask
   * @param {Function} [cb] called once it is written
   * @throws {TypeError | RangeError} as `WebSocket#close`
   */
  close(code, data, mask, cb) {
    this.#send(FIN | 0x08, closePayload(code, data), mask, cb);
  }

  /**
   * Sends a ping.
   *
   * @param {*} data payload
   * @param {boolean} [mask=false] whether to mask
   * @param {Function} [cb] called once it is written
   * @throws {TypeError | RangeError} as `WebSocket#ping`
   */
  ping(data, mask, cb) {
    this.#send(FIN | 0x09, toControlPayload(data), mask, cb);
  }

  /**
   * Sends a pong.
   *
   * @param {*} data payload
   * @param {boolean} [mask=false] whether to mask
   * @param {Function} [cb] called once it is written
   * @throws {TypeError | RangeError} as `WebSocket#pong`
   */
  pong(data, mask, cb) {
    this.#send(FIN | 0x0a, toControlPayload(data), mask, cb);
  }

  /**
   * Sends a message or a fragment of one.
   *
   * @param {*} data payload
   * @param {object} options
   * @param {boolean} [options.binary=false] binary or text
   * @param {boolean} [options.fin=false] whether it is the last fragment
   * @param {boolean} [options.mask=false] whether to mask
   * @param {Function} [cb] called once it is written
   * @throws {TypeError} as `WebSocket#send`
   */
  send(data, options, cb) {
    const payload = toPayload(data);
    const opcode = !this._firstFragment ? 0 : options.binary ? 2 : 1;

    this._firstFragment = !!options.fin;
    this.#send(options.fin ? FIN | opcode : opcode, payload, options.mask, cb);
  }

  /**
   * Writes a finished frame.
   *
   * @param {(Buffer | string)[]} list one or two pieces
   * @param {Function} [cb] called once it is written
   */
  sendFrame(list, cb) {
    const socket = this._socket;

    if (list.length === 2) {
      socket.cork();
      socket.write(list[0]);
      socket.write(list[1], cb);
      socket.uncork();
    } else {
      socket.write(list[0], cb);
    }
  }

  /**
   * @param {number} first the first byte of the header
   * @param {string | Buffer | Blob} payload the payload
   * @param {boolean} mask whether to mask
   * @param {Function} [cb] callback
   */
  #send(first, payload, mask, cb) {
    if (this._queue === null && isBlob(payload)) {
      this._queue = new SendQueue({
        write: (...frame) => this.#write(...frame),
        destroyed: () => this._socket.destroyed,
        failed: (err) => this.onerror(err),
        drained: () => {
          this._queue = null;
        }
      });
    }

    if (this._queue === null) this.#write(first, payload, mask, cb);
    else this._queue.push(first, payload, mask, cb);
  }

  /**
   * @param {number} first the first byte of the header
   * @param {string | Buffer} payload the payload
   * @param {boolean} mask whether to mask
   * @param {Function} [cb] callback
   */
  #write(first, payload, mask, cb) {
    const options = {
      fin: (first & FIN) !== 0,
      generateMask: this._generateMask,
      mask,
      maskBuffer: this._maskBuffer,
      opcode: first & 0x0f,
      // The payload of a close frame was made here.
      readOnly: first !== (FIN | 0x08) && isCallersMemory(payload)
    };

    this.sendFrame(Sender.frame(payload, options), cb);
  }
}

/**
 * @param {number} length payload length, bytes
 * @param {object} options as for {@link Sender.frame}
 * @returns {Buffer} the header; room for the mask key at its end if there is one
 */
function header(length, options) {
  const lengthSize = length >= 65536 ? 8 : length > 125 ? 2 : 0;
  const head = Buffer.allocUnsafe(2 + lengthSize + (options.mask ? 4 : 0));

  head[0] = options.opcode | (options.fin ? FIN : 0) | (options.rsv1 ? RSV1 : 0);
  head[1] = options.mask ? MASK : 0;

  if (lengthSize === 0) {
    head[1] |= length;
  } else if (lengthSize === 2) {
    head[1] |= 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] |= 127;
    head.writeUInt16BE(0, 2);
    head.writeUIntBE(length, 4, 6);
  }

  return head;
}

/**
 * @param {object} options as for {@link Sender.frame}
 * @returns {Buffer} four bytes
 */
function maskKey(options) {
  const key = options.maskBuffer || sharedKey;

  if (options.generateMask) {
    options.generateMask(key);
    return key;
  }

  if (pool.bytes === null || pool.at === POOL_SIZE) {
    pool.bytes ??= Buffer.alloc(POOL_SIZE);
    randomFillSync(pool.bytes);
    pool.at = 0;
  }

  pool.bytes.copy(key, 0, pool.at, pool.at + 4);
  pool.at += 4;
  return key;
}

module.exports = Sender;
