'use strict';

/**
 * What `send()`, `ping()`, `pong()` and `close()` put in a frame, and the queue that keeps the
 * order of frames while a Blob is being read. Shared by WebSocket and Sender.
 *
 * @module lib/ws/outgoing
 */

const { isUint8Array } = require('node:util').types;

const { toBuffer } = require('./buffer');
const { EMPTY_BUFFER } = require('./constants');
const { isBlob, isValidStatusCode } = require('./validation');

/** Bytes; RFC 6455, 5.5. */
const MAX_CONTROL_PAYLOAD = 125;

/**
 * What a frame can carry. A Blob has to be read first.
 *
 * @typedef {string | Buffer | Blob} Payload
 */

/**
 * @param {*} data what the user gave
 * @returns {Payload} the payload; views and array buffers of the user are not copied
 * @throws {TypeError} `ERR_INVALID_ARG_TYPE` for what cannot be bytes
 */
function toPayload(data) {
  return typeof data === 'string' || isBlob(data) ? data : toBuffer(data);
}

/**
 * @param {Payload} payload the payload
 * @returns {number} its length on the wire, bytes
 */
function payloadSize(payload) {
  if (typeof payload === 'string') return Buffer.byteLength(payload);

  return isBlob(payload) ? payload.size : payload.length;
}

/**
 * @param {*} data what the user gave to `ping()` or `pong()`
 * @returns {Payload} the payload
 * @throws {RangeError} if it is longer than a control frame may be
 * @throws {TypeError} as {@link toPayload}
 */
function toControlPayload(data) {
  const payload = toPayload(data);

  if (payloadSize(payload) > MAX_CONTROL_PAYLOAD) {
    throw new RangeError('The data size must not be greater than 125 bytes');
  }

  return payload;
}

/**
 * Composes the payload of a close frame (RFC 6455, 5.5.1).
 *
 * @param {number} [code] the close code; without it the payload is empty
 * @param {string | Uint8Array} [reason] the reason; what has no `length` is ignored
 * @returns {Buffer} the payload
 * @throws {TypeError} for a code that may not be sent, and for another kind of reason
 * @throws {RangeError} if the reason is longer than 123 bytes
 */
function closePayload(code, reason) {
  if (code === undefined) return EMPTY_BUFFER;

  if (typeof code !== 'number' || !isValidStatusCode(code)) {
    throw new TypeError('First argument must be a valid error code number');
  }

  const length = reason === undefined || !reason.length ? 0 : Buffer.byteLength(reason);

  if (length > MAX_CONTROL_PAYLOAD - 2) {
    throw new RangeError('The message must not be greater than 123 bytes');
  }

  const payload = Buffer.allocUnsafe(2 + length);
  payload.writeUInt16BE(code, 0);

  if (length !== 0) {
    if (typeof reason === 'string') {
      payload.write(reason, 2);
    } else if (isUint8Array(reason)) {
      payload.set(reason, 2);
    } else {
      // Another view's `byteLength` is not its `length`: bytes of old memory would be sent.
      throw new TypeError('Second argument must be a string or a Uint8Array');
    }
  }

  return payload;
}

/**
 * What a {@link SendQueue} needs of its owner.
 *
 * @typedef {object} Sink
 * @property {(first: number, payload: string | Buffer, mask: boolean, cb?: Function) => void} write
 *     sends a frame
 * @property {() => boolean} destroyed whether the socket is destroyed
 * @property {(err: Error) => void} failed a Blob could not be read; nothing else will be sent
 * @property {() => void} drained the queue is empty and no longer needed
 */

/** Frames that wait for a Blob. It exists only while one is being read. */
class SendQueue {
  #sink;
  #frames = [];
  /** The frame whose Blob is being read, or null. */
  #reading = null;
  #stopped = false;

  /** Payload bytes that wait here. */
  bytes = 0;

  /** @param {Sink} sink where the frames go */
  constructor(sink) {
    this.#sink = sink;
  }

  /**
   * Adds a frame; it is sent as soon as everything before it was.
   *
   * @param {number} first the first byte of the frame's header
   * @param {Payload} payload the payload
   * @param {boolean} mask whether to mask it
   * @param {Function} [cb] called once it is written, or with an error
   */
  push(first, payload, mask, cb) {
    const size = payloadSize(payload);

    this.bytes += size;
    this.#frames.push({ first, payload, mask, cb, size });
    this.#run();
  }

  /**
   * The socket is closed: calls the callbacks of everything that waits.
   */
  abandon() {
    if (!this.#stopped) this.#fail(closedError());
  }

  /** Sends frames until one has to be read first. */
  #run() {
    while (this.#reading === null && !this.#stopped && this.#frames.length !== 0) {
      const frame = this.#frames.shift();

      if (isBlob(frame.payload)) this.#read(frame);
      else this.#write(frame, frame.payload);
    }

    if (this.#reading === null && !this.#stopped) this.#sink.drained();
  }

  /**
   * @param {object} frame the frame
   * @param {string | Buffer} payload what it carries
   */
  #write(frame, payload) {
    this.bytes -= frame.size;
    this.#sink.write(frame.first, payload, frame.mask, frame.cb);
  }

  /** @param {object} frame a frame whose payload is a Blob */
  #read(frame) {
    this.#reading = frame;

    // The next tick: what a callback throws must be an uncaught exception, not a rejection.
    frame.payload.arrayBuffer().then(
      (memory) => process.nextTick(() => this.#readDone(frame, memory)),
      (err) => process.nextTick(() => this.#readFailed(err))
    );
  }

  /**
   * @param {object} frame the frame
   * @param {ArrayBuffer} memory the Blob's contents
   */
  #readDone(frame, memory) {
    if (this.#stopped) return;
    if (this.#sink.destroyed()) {
      this.#fail(closedError());
      return;
    }

    this.#reading = null;
    this.#write(frame, toBuffer(memory));
    this.#run();
  }

  /** @param {Error} err why the Blob could not be read */
  #readFailed(err) {
    if (this.#stopped) return;

    this.#fail(err);
    this.#sink.failed(err);
  }

  /** @param {Error} err what the callbacks get, in the order of the calls */
  #fail(err) {
    const frames = [this.#reading, ...this.#frames];

    this.#stopped = true;
    this.#frames = [];
    for (const { cb } of frames) if (typeof cb === 'function') cb(err);
  }
}

/** @returns {Error} what callbacks get if the socket goes while a Blob is being read */
function closedError() {
  return new Error('The socket was closed while the blob was being read');
}

module.exports = { closePayload, payloadSize, SendQueue, toControlPayload, toPayload };
