'use strict';

const { AsyncResource } = require('node:async_hooks');

const { protocolError } = require('./errors');
const { kind, PING_OWED } = require('./records');
const { kMessage, kPing, kPong, kCloseFrame, kProtocolError, kEnd } = require('./symbols');

/** Parts of a frame's first byte (RFC 6455, 5.2). */
const FIN = 0x80;
const RSV1 = 0x40;
const OPCODE = 0x0f;
const BINARY = 2;

/**
 * What every road has in common: records become calls of the owner, now or, for a paused or serial connection, later.
 *
 * @module lib/core/handle
 */
class Handle {
  /**
   * @param {Hub} hub
   * @param {number} id the connection's id
   * @param {object} config see `adopt`
   * @param {object} owner receives the callbacks of lib/core/symbols.js
   */
  constructor(hub, id, config, owner) {
    this.hub = hub;
    this.id = id;
    this.owner = owner;
    if (config.generateMask) this.generateMask = config.generateMask;
    if (config.allowSynchronousEvents === false) this.serial = true;
    if (config.deflate) this.deflates = true;
  }

  /** Whether events must queue instead of being delivered. */
  get holding() {
    return this.held !== null || this.serial || (this.paused && this.pausedIn !== this.hub.run);
  }

  /**
   * Delivers one event, or queues it. The names of `kind` stand for all payload sizes.
   *
   * @param {number} code TEXT, BINARY, PING, PONG, CLOSE_FRAME, PROTOCOL_ERROR or END
   * @param {*} data Buffer, or the error
   * @param {*} extra fragments, owed, or the close code
   */
  event(code, data, extra) {
    if (this.dropped && this.droppedIn !== this.hub.run) return;
    if (this.holding) {
      (this.held ??= []).push([code, data, extra]);
      if (!this.paused) this.pump();
      return;
    }
    this.deliver(code, data, extra);
  }

  deliver(code, data, extra) {
    const owner = this.owner;
    switch (code) {
      case kind.TEXT:
        owner[kMessage](data, false, undefined);
        break;
      case kind.BINARY:
        owner[kMessage](data, true, extra);
        break;
      case kind.PING:
        owner[kPing](data, extra);
        break;
      case kind.PONG:
        owner[kPong](data);
        break;
      case kind.CLOSE_FRAME:
        this.conclude();
        owner[kCloseFrame](extra, data);
        break;
      case kind.PROTOCOL_ERROR:
        this.conclude();
        owner[kProtocolError](data);
        break;
      case kind.END:
        this.over = true;
        this.ended();
        break;
    }
  }

  /** Nothing is parsed any more. Reading goes on even if paused, so that the peer's FIN is seen. */
  conclude() {
    this.over = true;
    if (this.paused) this.resume();
  }

  /** Destroyed by us: what comes with later runs is not delivered. */
  drop() {
    if (this.dropped) return;
    this.dropped = true;
    this.droppedIn = this.hub.run;
  }

  /** Holds what comes with the next runs. */
  hold() {
    this.paused = true;
    this.pausedIn = this.hub.run;
  }

  /** The peer's FIN, in its place among the events. */
  ended() {
    this.owner[kEnd]();
  }

  /** Works the queue off: all of it in the next tick, or one event per macrotask. */
  pump() {
    if (this.pumping) return;
    this.pumping = true;
    if (this.serial) setImmediate(pumpOne, this);
    else process.nextTick(pumpAll, this);
  }

  /** Delivers everything that is queued, whether paused or not: the socket is gone. */
  release() {
    while (this.held !== null) this.step();
  }

  step() {
    const next = this.held.shift();
    if (this.held.length === 0) this.held = null;
    if (!this.dropped || this.droppedIn === this.hub.run) this.deliver(next[0], next[1], next[2]);
  }

  /**
   * Decodes a record of this connection whose payload lies in `slab`.
   *
   * @param {number} code kind of the record
   * @param {number} a first word
   * @param {number} b second word
   * @param {ArrayBuffer} slab where payloads are
   * @param {function(number): Buffer} takeLarge fetches payloads of their own
   */
  record(code, a, b, slab, takeLarge) {
    switch (code) {
      case kind.PING:
        this.event(code, view(slab, a, b & ~PING_OWED), (b & PING_OWED) !== 0);
        break;
      case kind.PONG:
        this.event(code, view(slab, a, b), undefined);
        break;
      case kind.TEXT_LARGE:
        this.event(kind.TEXT, takeLarge(a), undefined);
        break;
      case kind.BINARY_LARGE:
        this.binary(takeLarge(a));
        break;
      case kind.FRAGMENTS:
        // Copied: the words are ours, the slab's memory goes to users.
        // All of them may have been empty, before there was any slab.
        this.fragments = b === 0 ? new Uint32Array(0) : new Uint32Array(slab.slice(a, a + b * 4));
        break;
      case kind.CLOSE_FRAME:
        this.event(code, view(slab, a, b >>> 16), b & 0xffff);
        break;
      case kind.PROTOCOL_ERROR:
        this.event(code, protocolError(a, b >>> 0), undefined);
        break;
      case kind.END:
        this.event(code, null, undefined);
        break;
    }
  }

  /** A binary message; the lengths of its frames came before it. */
  binary(data) {
    const fragments = this.fragments;
    this.fragments = undefined;
    this.event(kind.BINARY, data, fragments);
  }

  /**
   * Whether a frame is to be compressed: RSV1 says so of a message's first frame, the others follow it (RFC 7692, 6.1).
   *
   * @param {number} first first header byte
   * @return {boolean}
   */
  isDeflated(first) {
    if ((first & OPCODE) > BINARY) return false;
    const deflate = (first & OPCODE) === 0 ? this.deflating : (first & RSV1) !== 0;
    const open = deflate && (first & FIN) === 0;
    if (open !== this.deflating) this.deflating = open;
    return deflate;
  }

  /** Queues a send callback, in the async context of the caller. */
  expect(token, callback) {
    const resource = new AsyncResource('ferrows.send');
    (this.callbacks ??= []).push([token, callback, resource]);
  }

  /**
   * Runs the callbacks of everything up to `token`.
   *
   * @param {number} token from NOTIFY
   * @param {?Error} [error] why they failed
   */
  settle(token, error) {
    while (this.callbacks !== null && ((token - this.callbacks[0][0]) | 0) >= 0) {
      this.settleOne(error);
    }
  }

  /** Fails everything that waits. */
  settleAll(error) {
    while (this.callbacks !== null) this.settleOne(error);
  }

  settleOne(error) {
    const [, callback, resource] = this.callbacks.shift();
    if (this.callbacks.length === 0) this.callbacks = null;
    try {
      // `null` without an error, as the write callback of a Node stream.
      resource.runInAsyncScope(callback, null, error || null);
    } catch (thrown) {
      // The other callbacks still run; the exception is nobody's but the process's.
      process.nextTick(rethrow, thrown);
    }
  }
}

// Every connection pays for each field of its own; these are on the prototype until somebody sets them.
Object.assign(Handle.prototype, {
  /** The user's source of masking keys. */
  generateMask: null,
  paused: false,
  /** The run in which that happened: what came with it still comes out, as in ws. */
  pausedIn: 0,
  /** One event per macrotask (`allowSynchronousEvents: false`). */
  serial: false,
  /** permessage-deflate was negotiated. */
  deflates: false,
  /** A compressed message was begun and not finished. */
  deflating: false,
  /** Events that wait, `[kind, data, extra]` each; null when nothing does. */
  held: null,
  pumping: false,
  /** Destroyed by us: what was read before is not delivered any more. */
  dropped: false,
  /** The run in which that happened: the rest of it is delivered, as in ws. */
  droppedIn: 0,
  /** Nothing more will come: a close frame, an error or FIN was delivered. */
  over: false,
  /** Lengths of the frames of the next binary message, if there were several. */
  fragments: undefined,
  /** `[token, callback, resource]` of sends that wait for the kernel. */
  callbacks: null
});

const FastBuffer = Buffer[Symbol.species];

/** A Buffer over slab memory, without the checks of `Buffer.from`. */
function view(slab, offset, length) {
  return new FastBuffer(slab, offset, length);
}

function rethrow(thrown) {
  throw thrown;
}

function pumpAll(handle) {
  handle.pumping = false;
  while (handle.held !== null && !handle.paused) {
    try {
      handle.step();
    } catch (thrown) {
      process.nextTick(rethrow, thrown);
    }
  }
}

function pumpOne(handle) {
  handle.pumping = false;
  if (handle.held === null || handle.paused) return;
  try {
    handle.step();
  } finally {
    if (handle.held !== null) handle.pump();
  }
}

/** What a send callback gets whose data never got through the compressor, as in ws. */
function deflateAborted() {
  return new Error('The socket was closed while data was being compressed');
}

module.exports = { deflateAborted, Handle, FastBuffer, view, rethrow };
