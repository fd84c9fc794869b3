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
    if (this.holding) this.queue(code, data, extra);
    else this.deliver(code, data, extra);
  }

  /** Queues an event. FIN does not wait behind messages that each wait for a turn: in ws it overtakes all but the first. */
  queue(code, data, extra) {
    const late = this.paused && this.pausedIn !== this.hub.run;
    if (this.serial && !late) {
      if (this.held === null && isConclusion(code)) {
        this.deliver(code, data, extra);
        return;
      }
      if (code === kind.END) {
        this.overtake();
        return;
      }
    }
    (this.held ??= []).push([code, data, extra, this.hub.run]);
    if (this.paused && !late) this.free++;
    if (!late) this.pump();
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

  /** FIN came with the messages; Node would have read it after the first one's turn. */
  overtake() {
    setImmediate(endOvertaking, this);
  }

  /** Holds what comes with the next runs; of what is queued, what ws would have given to its parser already still comes out. */
  hold() {
    if (this.paused) return;
    this.paused = true;
    this.pausedIn = this.hub.run;
    const { held, pumped } = this;
    if (held === null) return;
    const rest = held.findIndex((next) => next[3] !== pumped);
    this.free = this.serial || rest === -1 ? held.length : rest;
  }

  /** Holds no longer. */
  unhold() {
    this.paused = false;
    if (this.free !== 0) this.free = 0;
    if (this.held !== null) this.pump();
  }

  /** Whether something that is queued may be delivered. */
  get flowing() {
    return this.held !== null && (!this.paused || this.free > 0);
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

  /** Delivers everything that is queued, whether paused or not: the socket is gone. A serial connection takes its time. */
  release() {
    if (this.held === null) return;
    if (this.serial) {
      this.free = this.held.length;
      this.pump();
    } else {
      while (this.held !== null) this.step();
    }
  }

  /** Calls `done` when nothing is queued any more: now, unless the connection is serial. */
  afterHeld(done) {
    if (this.held === null) done();
    else this.drained = done;
  }

  step() {
    const next = this.held.shift();
    if (this.held.length === 0) this.held = null;
    if (this.free > 0) this.free--;
    this.pumped = next[3];
    if (this.serial || !this.dropped || this.droppedIn === this.hub.run) {
      this.deliver(next[0], next[1], next[2]);
    }
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

  /** Queues a send callback, in the async context of the caller; `failure` if it is to fail in any case. */
  expect(token, callback, failure) {
    const resource = new AsyncResource('ferrows.send');
    (this.callbacks ??= []).push([token, callback, resource, failure]);
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
    const [, callback, resource, failure] = this.callbacks.shift();
    if (this.callbacks.length === 0) this.callbacks = null;
    try {
      // `null` without an error, as the write callback of a Node stream.
      resource.runInAsyncScope(callback, null, failure || error || null);
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
  /** Events that wait, `[kind, data, extra, run]` each; null when nothing does. */
  held: null,
  /** How many of them come out even if paused. */
  free: 0,
  pumping: false,
  /** The run of the queued event that is being delivered. */
  pumped: -1,
  /** What to do when nothing is queued any more. */
  drained: null,
  /** Destroyed by us: what was read before is not delivered any more. */
  dropped: false,
  /** The run in which that happened: the rest of it is delivered, as in ws. */
  droppedIn: 0,
  /** Nothing more will come: a close frame, an error or FIN was delivered. */
  over: false,
  /** Lengths of the frames of the next binary message, if there were several. */
  fragments: undefined,
  /** `[token, callback, resource, failure]` of sends that wait for the kernel. */
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

/** Whether it ends the messages: a close frame, an error or FIN. Unlike these it never has a turn of its own in ws. */
function isConclusion(code) {
  return code === kind.CLOSE_FRAME || code === kind.PROTOCOL_ERROR || code === kind.END;
}

function endOvertaking(handle) {
  if (!handle.closed) handle.deliver(kind.END, null, undefined);
}

function pumpAll(handle) {
  handle.pumping = false;
  while (handle.flowing) {
    try {
      handle.step();
    } catch (thrown) {
      process.nextTick(rethrow, thrown);
    }
  }
  handle.pumped = -1;
}

function pumpOne(handle) {
  handle.pumping = false;
  // FIN that came while paused overtakes the messages, as it does otherwise.
  if (!handle.paused && handle.held?.at(-1)[0] === kind.END) handle.held.unshift(handle.held.pop());
  try {
    if (handle.flowing) handle.step();
    while (handle.flowing && isConclusion(handle.held[0][0])) handle.step();
  } finally {
    handle.pumped = -1;
    if (handle.flowing) handle.pump();
    else if (handle.held === null && handle.drained !== null) process.nextTick(handle.drained);
  }
}

/** What a send callback gets whose data never got through the compressor, as in ws. */
function deflateAborted() {
  return new Error('The socket was closed while data was being compressed');
}

module.exports = { deflateAborted, Handle, FastBuffer, view, rethrow };
