'use strict';

/**
 * How a WebSocket fails and ends: errors, the end of the socket, the time limit.
 *
 * @module lib/ws/closing
 */

const { kStatusCode } = require('../core/symbols');
const { kFailed, kFailure, kHandle } = require('./constants');

/** Node's longest timer; anything else becomes 1 ms, in `setTimeout` as here. */
const TIMEOUT_MAX = 2 ** 31 - 1;

/**
 * Reports a broken rule, unless that has been done: close frame, then FIN, and 'error'.
 *
 * @param {import('./websocket')} ws the WebSocket, its socket not closed
 */
function failIfDue(ws) {
  const err = ws[kFailure];

  if (err === null) return;

  // From here on the peer's close frame cannot come any more: FIN follows ours at once.
  ws[kFailed] = true;
  if (ws._paused) ws[kHandle].resume();
  ws.close(err[kStatusCode]);
  emitFailure(ws);
}

/** @param {import('./websocket')} ws a WebSocket whose peer broke a rule */
function emitFailure(ws) {
  const err = ws[kFailure];

  ws[kFailure] = null;
  emitError(ws, err);
}

/**
 * Emits 'error', once per WebSocket.
 *
 * @param {import('./websocket')} ws the WebSocket
 * @param {Error} err the error
 */
function emitError(ws, err) {
  if (ws._errorEmitted) return;

  ws._errorEmitted = true;
  ws.emit('error', err);
}

/**
 * Ends the socket if nothing more is to be expected of the closing handshake.
 *
 * @param {import('./websocket')} ws a closing WebSocket
 */
function endIfConcluded(ws) {
  if (ws._closeFrameSent && (ws._closeFrameReceived || ws[kFailed])) ws[kHandle].end();
}

/** @param {import('./websocket')} ws a WebSocket that waits for the end of the closing handshake */
function startCloseTimer(ws) {
  const ms = +ws._closeTimeout;

  ws[kHandle].closing(ms >= 1 && ms <= TIMEOUT_MAX ? Math.trunc(ms) : 1);
}

module.exports = { emitError, emitFailure, endIfConcluded, failIfDue, startCloseTimer };
