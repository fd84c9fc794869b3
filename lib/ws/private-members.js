'use strict';

/**
 * Stand-ins for the private members `_sender` and `_receiver` of a WebSocket of `ws`: just what
 * published programs reach for.
 *
 * @module lib/ws/private-members
 */

const { kCloseFrame, kMessage, kPing, kPong, kProtocolError } = require('../core/symbols');
const { RSV1 } = require('./compression');
const { CLOSING, EMPTY_BUFFER, kHandle, NOOP } = require('./constants');

/** `_sender`: frames that were built once by `Sender.frame` and are sent to many. */
class SenderView {
  #handle;

  /** @param {object} handle the core's handle */
  constructor(handle) {
    this.#handle = handle;
  }

  /**
   * Sends a finished frame.
   *
   * @param {(Buffer | string)[]} list what `Sender.frame` returned
   * @param {(err?: Error) => void} [cb] called once it is written
   */
  sendFrame(list, cb) {
    const callback = typeof cb === 'function' ? cb : undefined;
    const [head, payload = EMPTY_BUFFER] = list;

    // What carries RSV1 is compressed already.
    if ((head[0] & RSV1) === 0 && announces(head, payload)) {
      this.#handle.sendFrame(head[0], payload, false, callback);
      return;
    }

    const parts = list.map((part) => (typeof part === 'string' ? Buffer.from(part) : part));
    this.#handle.socket.write(Buffer.concat(parts), callback);
  }
}

/**
 * @param {Buffer} head a frame's header
 * @param {Buffer | string} payload what follows it
 * @returns {boolean} whether it is the header that the core would write for this payload, unmasked
 */
function announces(head, payload) {
  const length = Buffer.byteLength(payload);

  switch (head.length) {
    case 2:
      return head[1] === length && length <= 125;
    case 4:
      return head[1] === 126 && head.readUInt16BE(2) === length && length > 125;
    case 10:
      return head[1] === 127 && head.readUIntBE(4, 6) === length && length > 65535;
    default:
      return false;
  }
}

/** The events of the Receiver and who handles them. */
const HANDLERS = new Map([
  ['conclude', kCloseFrame],
  ['error', kProtocolError],
  ['message', kMessage],
  ['ping', kPing],
  ['pong', kPong]
]);

/** `_receiver`: taking away what handles a kind of frame, automatic pongs in particular. */
class ReceiverView {
  #ws;

  /** @param {import('./websocket')} ws a WebSocket that has a handle */
  constructor(ws) {
    this.#ws = ws;
  }

  /**
   * Stops the handling of an event, for good.
   *
   * @param {string} [event] 'ping', 'pong', 'message', 'conclude' or 'error'; all without it
   * @returns {ReceiverView} this
   */
  removeAllListeners(event) {
    const ws = this.#ws;

    if (event === undefined || event === 'ping') ws[kHandle].setAutoPong(false);

    for (const [name, handler] of HANDLERS) {
      if (event === undefined || event === name) ws[handler] = NOOP;
    }

    return this;
  }
}

/** On a WebSocket: what `_sender` and `_receiver` give, null until somebody asks. */
const kViews = Symbol('kViews');

/** Getters that tell nothing before there is a handle. */
const PRIVATE_MEMBERS = {
  /** The socket; private, but widely used. */
  _socket: (ws) => ws[kHandle].socket,
  /** Used to send frames built by `Sender.frame`. */
  _sender: (ws) => viewsOf(ws).sender,
  /** Used to stop automatic pongs. */
  _receiver: (ws) => viewsOf(ws).receiver,
  /** Something like the timer of the closing handshake. */
  _closeTimer: (ws) => (ws.readyState < CLOSING ? null : { _idleTimeout: ws._closeTimeout })
};

/** @returns {{ sender: SenderView, receiver: ReceiverView }} */
function viewsOf(ws) {
  ws[kViews] ??= { sender: new SenderView(ws[kHandle]), receiver: new ReceiverView(ws) };
  return ws[kViews];
}

/** @param {object} prototype that of WebSocket; gets the members, not enumerable and without setters */
function definePrivateMembers(prototype) {
  for (const [name, value] of Object.entries(PRIVATE_MEMBERS)) {
    Object.defineProperty(prototype, name, {
      configurable: true,
      get() {
        return this[kHandle] === null ? null : value(this);
      }
    });
  }
}

module.exports = { definePrivateMembers };
