'use strict';

/**
 * What `send()`, `ping()`, `pong()` and `close()` of a WebSocket do off the fast path.
 *
 * @module lib/ws/sending
 */

const { isWorthwhile, negotiated, RSV1 } = require('./compression');
const { emitError, endIfConcluded, startCloseTimer } = require('./closing');
const {
  CLOSED,
  CLOSING,
  CONNECTING,
  EMPTY_BUFFER,
  kDeflates,
  kFragmented,
  kHandle,
  kOwnPongs,
  kQueue,
  OPEN,
  STATE_NAMES
} = require('./constants');
const { payloadSize, SendQueue, toControlPayload, toPayload } = require('./outgoing');
const { isBlob } = require('./validation');

const NOT_CONNECTED = 'WebSocket is not open: readyState 0 (CONNECTING)';

/** Header bytes: FIN and the op code (RFC 6455, 5.2). */
const FIN = 0x80;
const TEXT = 0x01;
const BINARY = 0x02;
const CLOSE_FRAME = 0x88;
const PING_FRAME = 0x89;
const PONG_FRAME = 0x8a;

/**
 * `send()` off its fast path.
 *
 * @param {import('./websocket')} ws the WebSocket
 * @param {*} data as for `send()`
 * @param {object} [options] as for `send()`
 * @param {Function} [cb] as for `send()`
 */
function sendMessage(ws, data, options, cb) {
  if (ws._readyState === CONNECTING) throw new Error(NOT_CONNECTED);

  const message = typeof data === 'number' ? data.toString() : data;

  if (ws._readyState !== OPEN) {
    sendAfterClose(ws, message, cb);
    return;
  }

  const binary = option(options, 'binary', typeof message !== 'string');
  const fin = option(options, 'fin', true);
  const mask = option(options, 'mask', !ws._isServer);
  const payload = toPayload(message || EMPTY_BUFFER);
  let first = ws[kFragmented] ? 0 : binary ? BINARY : TEXT;

  if (ws[kDeflates] && first !== 0) {
    const compress = option(options, 'compress', true);

    if (isWorthwhile(negotiated(ws._extensions), compress, payloadSize(payload))) first |= RSV1;
  }

  ws[kFragmented] = !fin;
  dispatch(ws, fin ? FIN | first : first, payload, !!mask, cb);
}

/**
 * `ping()` and `pong()`.
 *
 * @param {import('./websocket')} ws the WebSocket
 * @param {number} first the first byte of the frame's header
 * @param {*} data payload, or the callback
 * @param {*} mask whether to mask, or the callback
 * @param {Function} [cb] called once it is written
 */
function sendControl(ws, first, data, mask, cb) {
  if (ws._readyState === CONNECTING) throw new Error(NOT_CONNECTED);

  if (typeof data === 'function') {
    cb = data;
    data = mask = undefined;
  } else if (typeof mask === 'function') {
    cb = mask;
    mask = undefined;
  }

  const payload = typeof data === 'number' ? data.toString() : data;

  if (ws._readyState !== OPEN) {
    sendAfterClose(ws, payload, cb);
    return;
  }

  const masked = mask === undefined ? !ws._isServer : !!mask;
  dispatch(ws, first, toControlPayload(payload || EMPTY_BUFFER), masked, cb);
}

/**
 * Answers a ping, if the core has left that to us and it is to be answered at all; too many
 * answers that the peer does not read terminate the connection.
 *
 * @param {import('./websocket')} ws the WebSocket
 * @param {Buffer} data the ping's payload
 * @param {boolean} owed whether nobody has answered it yet
 */
function answerPing(ws, data, owed) {
  if (!(owed || ws[kOwnPongs]) || !ws._autoPong || ws._readyState !== OPEN) return;

  if (ws._maxPendingAutoPongs > 0 && ws._pendingAutoPongs >= ws._maxPendingAutoPongs) {
    ws.terminate();
    return;
  }

  ws._pendingAutoPongs++;
  ws.pong(data, !ws._isServer, () => {
    ws._pendingAutoPongs--;
  });
}

/**
 * Sends a frame, or queues it while a Blob is being read.
 *
 * @param {import('./websocket')} ws the WebSocket
 * @param {number} first the first byte of the frame's header
 * @param {string | Buffer | Blob} payload the payload
 * @param {boolean} mask whether to mask
 * @param {Function} [cb] called once it is written
 */
function dispatch(ws, first, payload, mask, cb) {
  if (ws[kQueue] === null) {
    if (!isBlob(payload)) {
      writeFrame(ws, first, payload, mask, cb);
      return;
    }

    ws[kQueue] = blobQueue(ws);
  }

  ws[kQueue].push(first, payload, mask, cb);
}

/**
 * @param {import('./websocket')} ws the WebSocket
 * @param {number} first the first byte of the frame's header
 * @param {string | Buffer} payload the payload
 * @param {boolean} mask whether to mask
 * @param {Function} [cb] called once it is written
 */
function writeFrame(ws, first, payload, mask, cb) {
  if (first === CLOSE_FRAME) ws._closeFrameSent = true;

  ws[kHandle].sendFrame(first, payload, mask, typeof cb === 'function' ? cb : undefined);
}

/**
 * @param {import('./websocket')} ws a WebSocket that sends a Blob
 * @returns {SendQueue} the queue that everything sent goes through until the Blob is read
 */
function blobQueue(ws) {
  return new SendQueue({
    write(first, payload, mask, cb) {
      writeFrame(ws, first, payload, mask, cb);
      if (first === CLOSE_FRAME) endIfConcluded(ws);
    },
    destroyed: () => ws[kHandle].socket.destroyed,
    drained() {
      ws[kQueue] = null;
    },
    failed(err) {
      if (ws._readyState === CLOSED) return;
      if (ws._readyState === OPEN) {
        ws._readyState = CLOSING;
        startCloseTimer(ws);
      }

      // Not destroyed: what is queued for the peer is still sent.
      ws[kHandle].end();
      emitError(ws, err);
    }
  });
}

/**
 * What happens to data that comes too late: it is counted, and the callback gets an error.
 *
 * @param {import('./websocket')} ws a closing or closed WebSocket
 * @param {*} data what the user gave
 * @param {Function} [cb] called in the next tick
 */
function sendAfterClose(ws, data, cb) {
  if (data) ws._bufferedAmount += payloadSize(toPayload(data));

  if (cb) {
    const state = ws._readyState;
    const err = new Error(`WebSocket is not open: readyState ${state} (${STATE_NAMES[state]})`);

    if (ws[kHandle] === null || !ws[kHandle].follow(cb, err)) process.nextTick(cb, err);
  }
}

/**
 * @param {object | null | undefined} options what the user gave
 * @param {string} name the option
 * @param {boolean} otherwise its default
 * @returns {*} its value; as in `ws` an option that is there but undefined is false
 */
function option(options, name, otherwise) {
  if (options === undefined || options === null || !Object.hasOwn(options, name)) return otherwise;

  return options[name];
}

module.exports = {
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
};
