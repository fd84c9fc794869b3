'use strict';

/**
 * The WebSocket class of the `ws` face, both sides.
 *
 * What happens on the wire is the business of the core: the class owns a handle (see
 * `lib/core/adopt.js`), sends finished frames through it, and implements the callbacks that
 * `lib/core/symbols.js` names. What a program can observe (states, order of events, errors) is
 * decided here.
 *
 * @module lib/ws/websocket
 */

const EventEmitter = require('node:events');

const { adopt } = require('../core/adopt');
const {
  kClosed,
  kClosing,
  kCloseFrame,
  kEnd,
  kMessage,
  kPing,
  kPong,
  kProtocolError
} = require('../core/symbols');
const { defineAttributes, defineDefaults } = require('./attributes');
const { toBinaryType } = require('./buffer');
const { abortConnecting, connect } = require('./client');
const { ClientScope } = require('./client-scope');
const { emitFailure, endIfConcluded, failIfDue, startCloseTimer } = require('./closing');
const { connectionConfig } = require('./connection-config');
const {
  BINARY_TYPES,
  CLOSED,
  CLOSING,
  CONNECTING,
  EMPTY_BUFFER,
  kFailed,
  kFailure,
  kForget,
  kDeflates,
  kFragmented,
  kHandle,
  kOwnPongs,
  kPlainPong,
  kQueue,
  kScope,
  kServer,
  kWebSocket,
  OPEN
} = require('./constants');
const { closePayload } = require('./outgoing');
const { definePrivateMembers } = require('./private-members');
const {
  answerPing,
  BINARY,
  CLOSE_FRAME,
  dispatch,
  FIN,
  PING_FRAME,
  PONG_FRAME,
  sendControl,
  sendMessage,
  TEXT
} = require('./sending');

/** What EventEmitter keeps listeners in: an object without a prototype. */
function Listeners() {}
Listeners.prototype = Object.create(null);

/** A WebSocket connection. */
class WebSocket extends EventEmitter {
  /**
   * Connects to a server.
   *
   * @param {string | URL | null} address where to; `null` is for servers, `setSocket()` follows
   * @param {string | string[]} [protocols] subprotocols to offer
   * @param {object} [options] see `client.js`; may stand in the place of `protocols`
   * @throws {SyntaxError} for an address or subprotocol that cannot be used
   * @throws {RangeError} for an unknown `protocolVersion`
   */
  constructor(address, protocols, options) {
    super();

    // Node makes a dictionary; listeners of few events fit into an object of a quarter its size.
    this._events = new Listeners();

    this[kHandle] = null;
    this[kServer] = null;
    this._autoPong = false;
    this._binaryType = BINARY_TYPES[0];
    this._closeTimeout = 0;
    this._isServer = address === null;
    this._maxPendingAutoPongs = 0;
    this._readyState = CONNECTING;

    if (address !== null) this[kScope] = new ClientScope(this);

    const resolved = address === null ? options : connect(this, address, protocols, options);

    if (resolved.autoPong) {
      this._autoPong = true;
      this._maxPendingAutoPongs = resolved.maxPendingAutoPongs | 0;
    }

    this._closeTimeout = resolved.closeTimeout;
  }

  /** @type {string} The form of binary messages; unknown values are ignored. */
  get binaryType() {
    return this._binaryType;
  }

  set binaryType(type) {
    if (BINARY_TYPES.includes(type)) this._binaryType = type;
  }

  /** @type {number} Bytes that the kernel has not taken yet, framing included. */
  get bufferedAmount() {
    const handle = this[kHandle];
    const waiting = this[kQueue] === null ? 0 : this[kQueue].bytes;

    return this._bufferedAmount + waiting + (handle === null ? 0 : handle.bufferedAmount);
  }

  /** @type {string} The names of the negotiated extensions, separated by commas. */
  get extensions() {
    return Object.keys(this._extensions).join();
  }

  /** @type {boolean} Whether `pause()` is in force. */
  get isPaused() {
    return this._paused;
  }

  /** @type {string} The negotiated subprotocol, '' if none. */
  get protocol() {
    return this._protocol;
  }

  /** @type {number} CONNECTING, OPEN, CLOSING or CLOSED. */
  get readyState() {
    return this._readyState;
  }

  /** @type {string | undefined} The address, normalised; undefined on a server. */
  get url() {
    return this._url;
  }

  /**
   * Takes a socket on which the opening handshake is done; the WebSocket is open afterwards.
   *
   * @param {import('node:stream').Duplex} socket the socket
   * @param {Buffer} head what was read behind the handshake
   * @param {object} options limits and switches of receiving, as in the server's options; the
   *     limits that are not given are off
   */
  setSocket(socket, head, options) {
    // A Duplex may have neither.
    if (socket.setTimeout) socket.setTimeout(0);
    if (socket.setNoDelay) socket.setNoDelay();

    // Who overrides pong() wants automatic pongs to go through it, not to be sent by the core. And
    // if every event has a turn of its own, so has the answer.
    const { allowSynchronousEvents = true } = options;
    const coreAnswers = this.pong === this[kPlainPong] && allowSynchronousEvents;
    this[kOwnPongs] = this._autoPong && !coreAnswers;

    const autoPong = this._autoPong && !this[kOwnPongs];
    const config = connectionConfig(this, autoPong, options);

    if (config.deflate !== undefined) this[kDeflates] = true;
    socket[kWebSocket] = this;
    this[kHandle] = adopt(socket, head, config, this[kScope] ?? this);
    this._readyState = OPEN;
    this.emit('open');
  }

  /** Emits 'close'. */
  emitClose() {
    const server = this[kServer];

    this._readyState = CLOSED;

    if (server !== null) {
      this[kServer] = null;
      server[kForget](this);
    }

    this.emit('close', this._closeCode, this._closeMessage);
  }

  /**
   * Starts or completes the closing handshake.
   *
   * @param {number} [code] close code; without it the close frame is empty
   * @param {string | Buffer} [data] reason, at most 123 bytes
   * @throws {TypeError} for a code that may not be sent or a reason of another type
   * @throws {RangeError} for a reason that is too long
   */
  close(code, data) {
    switch (this._readyState) {
      case CONNECTING:
        abortConnecting(this);
        break;
      case OPEN: {
        const payload = closePayload(code, data);

        this._readyState = CLOSING;
        dispatch(this, CLOSE_FRAME, payload, !this._isServer, undefined);
        startCloseTimer(this);
        endIfConcluded(this);
        break;
      }
      case CLOSING:
        endIfConcluded(this);
    }
  }

  /** Stops reading; what was read already may still come out. */
  pause() {
    if (this._readyState === CONNECTING || this._readyState === CLOSED) return;

    this._paused = true;
    this[kHandle].pause();
  }

  /** Reads again. */
  resume() {
    if (this._readyState === CONNECTING || this._readyState === CLOSED) return;

    this._paused = false;
    this[kHandle].resume();
  }

  /**
   * Sends a ping.
   *
   * @param {*} [data] at most 125 bytes
   * @param {boolean} [mask] whether to mask; default: as a client
   * @param {(err?: Error) => void} [cb] called once it is written
   * @throws {Error} while connecting
   * @throws {RangeError} if the payload is too long
   */
  ping(data, mask, cb) {
    sendControl(this, PING_FRAME, data, mask, cb);
  }

  /**
   * Sends a pong; parameters and errors as `ping()`.
   *
   * @param {*} [data] at most 125 bytes
   * @param {boolean} [mask] whether to mask; default: as a client
   * @param {(err?: Error) => void} [cb] called once it is written
   */
  pong(data, mask, cb) {
    sendControl(this, PONG_FRAME, data, mask, cb);
  }

  /**
   * Sends a message or a fragment of one. When the WebSocket is closing or closed nothing is
   * sent and `cb` gets an error.
   *
   * @param {*} data string or number: text; everything else: binary
   * @param {{binary?: boolean, compress?: boolean, fin?: boolean, mask?: boolean}} [options]
   *     `fin: false` starts or continues a fragmented message
   * @param {(err?: Error) => void} [cb] called once it is written
   * @throws {Error} while connecting
   * @throws {TypeError} for data that cannot be bytes
   */
  send(data, options, cb) {
    if (typeof options === 'function') {
      cb = options;
      options = undefined;
    }

    const callback = typeof cb === 'function' ? cb : undefined;

    if (
      this._readyState === OPEN &&
      options === undefined &&
      !this[kDeflates] &&
      !this[kFragmented] &&
      this[kQueue] === null
    ) {
      if (typeof data === 'string') {
        this[kHandle].sendFrame(FIN | TEXT, data, !this._isServer, callback);
        return;
      }

      if (data instanceof Uint8Array) {
        this[kHandle].sendFrame(FIN | BINARY, data, !this._isServer, callback);
        return;
      }
    }

    sendMessage(this, data, options, callback);
  }

  /** Closes the connection at once. */
  terminate() {
    if (this._readyState === CLOSED) return;
    if (this._readyState === CONNECTING) {
      abortConnecting(this);
      return;
    }

    // A failed handshake has no socket; 'close' is on its way.
    if (this[kHandle] === null) return;

    this._readyState = CLOSING;
    this[kHandle].destroy();
  }

  /**
   * A message came in.
   *
   * @param {Buffer} data the whole message; text is valid UTF-8
   * @param {boolean} isBinary whether it is binary
   * @param {Uint32Array} [fragments] the payload lengths of its frames, if there were several
   */
  [kMessage](data, isBinary, fragments) {
    if (isBinary && this._binaryType !== 'nodebuffer') {
      this.emit('message', toBinaryType(data, this._binaryType, fragments), true);
    } else {
      this.emit('message', data, isBinary);
    }
  }

  /**
   * A ping came in.
   *
   * @param {Buffer} data its payload
   * @param {boolean} owed whether the core has left the answer to us
   */
  [kPing](data, owed) {
    answerPing(this, data, owed);
    this.emit('ping', data);
  }

  /**
   * A pong came in.
   *
   * @param {Buffer} data its payload
   */
  [kPong](data) {
    this.emit('pong', data);
  }

  /**
   * The peer's close frame came in; it is answered with the same code and reason.
   *
   * @param {number} code the code, 1005 if the frame was empty
   * @param {Buffer} reason the reason
   */
  [kCloseFrame](code, reason) {
    this._closeFrameReceived = true;
    this._closeCode = code;

    // A copy, so that the WebSocket does not keep the slab that `reason` is a view of.
    if (reason.length !== 0) {
      this._closeMessage = Buffer.allocUnsafeSlow(reason.length);
      this._closeMessage.set(reason);
    }

    // The peer's FIN must be read even if the user has paused.
    if (this._paused) this[kHandle].resume();

    if (code === 1005) this.close();
    else this.close(code, reason);
  }

  /**
   * The peer broke a rule.
   *
   * In `ws` the error passes through a stream, which costs it two ticks: listeners see earlier
   * messages of the same chunk, and what these queued, while the WebSocket is still open.
   *
   * @param {Error} err what it did
   */
  [kProtocolError](err) {
    this[kFailure] = err;
    process.nextTick(process.nextTick, failIfDue, this);
  }

  /** The peer's FIN came in. */
  [kEnd]() {
    failIfDue(this);

    this._readyState = CLOSING;
    this[kHandle].end();
  }

  /** The socket is closed; its 'close' listeners run now. */
  [kClosing]() {
    this._readyState = CLOSING;
  }

  /** The last callback. The socket's error, if any, is no event of the WebSocket. */
  [kClosed]() {
    if (this[kFailure] !== null) emitFailure(this);
    if (this[kQueue] !== null) this[kQueue].abandon();
    this.emitClose();
  }
}

defineAttributes(WebSocket);
definePrivateMembers(WebSocket.prototype);

// Every connection pays for each field of its own. These are on the prototype until they change,
// which most connections see once, at their end.
defineDefaults(WebSocket.prototype, {
  [kDeflates]: false,
  [kFailed]: false,
  [kFailure]: null,
  [kFragmented]: false,
  [kOwnPongs]: false,
  [kQueue]: null,
  [kScope]: null,
  _bufferedAmount: 0,
  _closeCode: 1006,
  _closeFrameReceived: false,
  _closeFrameSent: false,
  _closeMessage: EMPTY_BUFFER,
  _errorEmitted: false,
  _extensions: Object.freeze({}),
  _paused: false,
  _pendingAutoPongs: 0,
  _protocol: ''
});

WebSocket.prototype[kPlainPong] = WebSocket.prototype.pong;

/**
 * @param {WebSocket} ws a WebSocket that has a handle
 * @returns {{sender: SenderView, receiver: ReceiverView}} its private members, made on demand
 */
module.exports = WebSocket;
