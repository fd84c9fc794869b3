'use strict';

/**
 * A WebSocket as a `stream.Duplex`.
 *
 * @module lib/ws/stream
 */

const { Duplex } = require('node:stream');

/**
 * Wraps a WebSocket. Every write is a message; a full readable side pauses the WebSocket; ending
 * the stream closes it and destroying the stream terminates it. Only public members of the
 * WebSocket and its `_socket` are used, so that anything that looks like one will do.
 *
 * @param {import('./websocket')} ws the WebSocket, connecting or open
 * @param {import('node:stream').DuplexOptions} [options] options of the Duplex; with
 *     `readableObjectMode` text messages come out as strings, the writable side never is in
 *     object mode
 * @returns {Duplex} the stream
 */
function createWebSocketStream(ws, options) {
  // An error of the WebSocket has begun its closing already; terminating it then would keep the
  // close frame from being sent.
  let terminateOnDestroy = true;

  const duplex = new Duplex({
    ...options,
    autoDestroy: false,
    emitClose: false,
    objectMode: false,
    writableObjectMode: false
  });

  ws.on('message', function onMessage(data, isBinary) {
    const asText = !isBinary && duplex._readableState.objectMode;

    if (!duplex.push(asText ? data.toString() : data)) ws.pause();
  });

  ws.once('error', function onError(err) {
    if (duplex.destroyed) return;

    terminateOnDestroy = false;
    duplex.destroy(err);
  });

  ws.once('close', function onClose() {
    if (!duplex.destroyed) duplex.push(null);
  });

  duplex._destroy = function _destroy(err, callback) {
    if (ws.readyState === ws.CLOSED) {
      callback(err);
      process.nextTick(emitClose, duplex);
      return;
    }

    let called = false;

    ws.once('error', function onError(wsErr) {
      called = true;
      callback(wsErr);
    });

    ws.once('close', function onClose() {
      if (!called) callback(err);
      process.nextTick(emitClose, duplex);
    });

    if (terminateOnDestroy) ws.terminate();
  };

  duplex._final = function _final(callback) {
    if (ws.readyState === ws.CONNECTING) {
      ws.once('open', () => duplex._final(callback));
      return;
    }

    const socket = ws._socket;

    // A client whose handshake failed: its 'error' is on the way and will destroy the stream.
    if (socket === null) return;

    if (socket._writableState.finished) {
      callback();
      if (duplex._readableState.endEmitted) duplex.destroy();
      return;
    }

    // The stream is destroyed by its own 'end', which follows the 'close' of the WebSocket.
    socket.once('finish', () => callback());
    ws.close();
  };

  duplex._read = function _read() {
    if (ws.isPaused) ws.resume();
  };

  duplex._write = function _write(chunk, encoding, callback) {
    if (ws.readyState === ws.CONNECTING) {
      ws.once('open', () => duplex._write(chunk, encoding, callback));
      return;
    }

    ws.send(chunk, callback);
  };

  duplex.on('end', destroyWhenEnded);
  duplex.on('error', rethrowUnlistened);
  return duplex;
}

/** Listener of the stream's 'end': destroys the stream if its writable side is finished too. */
function destroyWhenEnded() {
  if (!this.destroyed && this._writableState.finished) this.destroy();
}

/**
 * Listener of the stream's 'error': what `autoDestroy` would do, and an error that nobody else
 * listens for is thrown as usual.
 *
 * @param {Error} err the error
 */
function rethrowUnlistened(err) {
  this.removeListener('error', rethrowUnlistened);
  this.destroy();
  if (this.listenerCount('error') === 0) this.emit('error', err);
}

/** @param {Duplex} stream the stream that is destroyed */
function emitClose(stream) {
  stream.emit('close');
}

module.exports = createWebSocketStream;
