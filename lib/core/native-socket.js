'use strict';

const { EventEmitter } = require('node:events');
const net = require('node:net');
const { Duplex } = require('node:stream');

const { closeError } = require('./native-handle');
const { peerOf } = require('./request-record');
const { checkTimeout, streamError, wireForm } = require('./socket-errors');
const { defineProperties } = require('./socket-properties');
const {
  ADOPTED,
  CLOSED,
  DESTROYED,
  ENDED,
  ENDING,
  FINISHED,
  LEFT,
  PAUSED,
  STREAM,
  kAdopt,
  kBytesWritten,
  kEndCallback,
  kError,
  kFlags,
  kHandedOver,
  kHub,
  kId,
  kRecord,
  kRemotePort,
  kTimer
} = require('./socket-state');
const { becomeStream, defineStreamState } = require('./socket-stream');

/** Makes `class ... extends` use net.Socket's prototype without running its constructor. */
function SocketShape() {}
SocketShape.prototype = net.Socket.prototype;

const { prototype: stream } = Duplex;
const { prototype: emitter } = EventEmitter;

/**
 * A connection of the native listener as Node code expects to see it: `instanceof net.Socket`, with
 * addresses, raw `write()`, `end()`, `destroy()`, timeouts and events, but without the state of
 * two streams, which costs ten times as much.
 *
 * Three states:
 * - raw: after the request, before a WebSocket takes it. What is written goes out in order;
 * - adopted: it carries WebSocket frames. Raw writes still go out in order, between frames; its
 *   bytes cannot be read, so that a `'data'` listener, `pipe()` and the like throw;
 * - stream: somebody used the raw socket as a readable stream. The descriptor goes to a
 *   `net.Socket` of Node and this object becomes a real Duplex in front of that one.
 *
 * Differences to a `net.Socket` outside the stream state: `write()` returns true and calls back in
 * the next tick, `bytesRead` and `bytesWritten` count only the request and raw writes,
 * `setKeepAlive()` and `setNoDelay()` have no effect (there is never a delay), `_handle` is null.
 *
 * The hub calls `onEnd()`, `onClosed(errno)` and `onWritten()`. A handle that takes this object's
 * place as the hub's target has to pass them on.
 */
class NativeSocket extends SocketShape {
  /**
   * @param {object} hub lib/core/hub.js
   * @param {number} id The connection's id; -1 if the core has ended it already
   * @param {import('./request-record').RequestRecord} record Where the addresses are
   * @param {import('./native-server').NativeServer} server Whose connection it is
   */
  constructor(hub, id, record, server) {
    super();

    this.server = server;
    this[kHub] = hub;
    this[kId] = id;
    this[kRecord] = record;
    this[kFlags] = id === -1 ? DESTROYED | ENDING : 0;
  }

  /**
   * Hands the connection to a WebSocket.
   *
   * @returns {number} The connection's id in the hub; -1 if there is none (destroyed, or a stream
   *     by now): then the object is to be treated as any other Duplex
   */
  [kAdopt]() {
    if (this[kFlags] & (STREAM | DESTROYED)) return -1;

    this[kFlags] |= ADOPTED;
    // The request may go; who is at the other end is still of interest.
    this[kRemotePort] = this[kRecord].remotePort;
    this[kRecord] = peerOf(this[kRecord]);
    return this[kId];
  }

  /** The peer sent FIN. */
  onEnd() {
    if (this[kFlags] & (ENDED | DESTROYED | STREAM)) return;

    this[kFlags] |= ENDED;
    if (this[kFlags] & FINISHED) this.leave();
    this.emit('end');
  }

  /** What was written before `end()` is on its way. */
  onWritten() {
    if ((this[kFlags] & (ENDING | FINISHED | DESTROYED | STREAM)) !== ENDING) return;

    this[kFlags] |= FINISHED;
    if (this[kFlags] & ENDED) this.leave();
    this._settleEnd(null);
    this.emit('finish');
  }

  /**
   * The connection is gone.
   *
   * @param {number} errno The system's error number, 0 if there was no error
   */
  onClosed(errno) {
    this[kId] = -1;

    if (this[kFlags] & STREAM) {
      this[kHandedOver].lost();
      return;
    }

    if (this[kFlags] & CLOSED) return;

    const local = (this[kFlags] & DESTROYED) !== 0;

    this[kFlags] |= CLOSED | DESTROYED;
    this.setTimeout(0);
    this.leave();
    if (!local) this[kError] = closeError(errno, false);

    const error = this[kError];

    try {
      if (this[kEndCallback] !== null) {
        this._settleEnd(error || streamError('ERR_STREAM_DESTROYED', 'end'));
      }
      // Unlike in Node a reset needs no listener: a peer must not bring the process down.
      if (!local && error !== null && this.listenerCount('error') > 0) this.emit('error', error);
    } finally {
      this.emit('close', error !== null);
    }
  }

  /** @returns {{ port: number, family: string, address: string }|{}} The local end */
  address() {
    const { localAddress, localPort, localFamily } = this;

    return localAddress === undefined
      ? {}
      : { address: localAddress, family: localFamily, port: localPort };
  }

  /**
   * Writes raw bytes, after everything written before, frames included.
   *
   * @param {string|Uint8Array} chunk
   * @param {string|Function} [encoding='utf8']
   * @param {function(Error=): void} [cb]
   * @returns {boolean} true; false if it cannot be written any more
   * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_STREAM_NULL_VALUES, ERR_UNKNOWN_ENCODING
   */
  write(chunk, encoding, cb) {
    if (this[kFlags] & STREAM) return stream.write.call(this, chunk, encoding, cb);

    if (typeof encoding === 'function') {
      cb = encoding;
      encoding = undefined;
    }

    const data = wireForm(chunk, encoding);

    if (this[kFlags] & (ENDING | DESTROYED)) {
      const ended = (this[kFlags] & ENDING) !== 0;
      const err = ended
        ? streamError('ERR_STREAM_WRITE_AFTER_END')
        : streamError('ERR_STREAM_DESTROYED', 'write');

      if (typeof cb === 'function') process.nextTick(cb, err);
      if (ended) this.destroy(err);

      return false;
    }

    if (data.length > 0) {
      this[kBytesWritten] += data.length;
      this[kHub].writeRaw(this[kId], data);
      this._unrefTimer();
    }

    if (typeof cb === 'function') process.nextTick(cb, null);

    return true;
  }

  /**
   * Sends FIN after what was written.
   *
   * @param {string|Uint8Array|Function} [chunk] Written first
   * @param {string|Function} [encoding]
   * @param {function(Error=): void} [cb] Called at 'finish', or with the error
   * @returns {this}
   */
  end(chunk, encoding, cb) {
    if (this[kFlags] & STREAM) return stream.end.call(this, chunk, encoding, cb);

    if (typeof chunk === 'function') {
      cb = chunk;
      chunk = undefined;
    } else if (typeof encoding === 'function') {
      cb = encoding;
      encoding = undefined;
    }

    if (chunk !== undefined && chunk !== null) this.write(chunk, encoding);

    if (this[kFlags] & (ENDING | DESTROYED)) {
      if (typeof cb === 'function') {
        const finished = (this[kFlags] & FINISHED) !== 0;
        const code = finished ? 'ERR_STREAM_ALREADY_FINISHED' : 'ERR_STREAM_DESTROYED';

        process.nextTick(cb, streamError(code, 'end'));
      }

      return this;
    }

    if (typeof cb === 'function') this[kEndCallback] = cb;

    this[kFlags] |= ENDING;
    // An adopted connection's handle gets the reports, and has no use for this one.
    if (this[kFlags] & ADOPTED) process.nextTick(finish, this);
    else this[kHub].notify(this[kId]);
    this[kHub].end(this[kId]);

    return this;
  }

  /**
   * The server does not wait for the connection any more. As in Node this is when both sides have
   * ended or it was destroyed: the server's 'close' comes before that of its last connection.
   */
  leave() {
    if (this[kFlags] & LEFT) return;

    this[kFlags] |= LEFT;
    this.server.connectionClosed();
  }

  /** Calls what `end()` was given: before 'finish', or when that cannot come any more. */
  _settleEnd(err) {
    const callback = this[kEndCallback];

    if (callback === null) return;

    this[kEndCallback] = null;
    callback(err);
  }

  /**
   * Drops the connection; 'close' follows when it is gone.
   *
   * @param {Error} [err] Emitted as 'error', in the next tick
   * @param {function(Error|null): void} [cb] Used in the stream state only
   * @returns {this}
   */
  destroy(err, cb) {
    if (this[kFlags] & STREAM) return stream.destroy.call(this, err, cb);
    if (this[kFlags] & DESTROYED) return this;

    this[kFlags] |= DESTROYED;
    if (err) {
      this[kError] = err;
      process.nextTick(emitError, this);
    }
    this[kHub].destroy(this[kId], false);
    this.setTimeout(0);
    this.leave();

    return this;
  }

  /** @returns {this} `destroy()`, with a TCP reset */
  resetAndDestroy() {
    if (!(this[kFlags] & (STREAM | DESTROYED))) this[kHub].destroy(this[kId], true);

    return this.destroy();
  }

  /** Ends, and destroys when everything was written. */
  destroySoon() {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', this.destroy);
  }

  /** @returns {this} Stops reading from the connection */
  pause() {
    if (this[kFlags] & STREAM) return stream.pause.call(this);

    this[kFlags] |= PAUSED;
    if (!(this[kFlags] & DESTROYED)) this[kHub].pause(this[kId]);

    return this;
  }

  /** @returns {this} Reads again */
  resume() {
    if (this[kFlags] & STREAM) return stream.resume.call(this);

    this[kFlags] &= ~PAUSED;
    if (!(this[kFlags] & DESTROYED)) this[kHub].resume(this[kId]);

    return this;
  }

  /** @returns {boolean} */
  isPaused() {
    return this[kFlags] & STREAM ? stream.isPaused.call(this) : (this[kFlags] & PAUSED) !== 0;
  }

  /**
   * @param {number} msecs Idle time until 'timeout'; 0 = never. Raw writes count as traffic, and
   *     so do the frames that arrive
   * @param {function(): void} [callback] A one-time 'timeout' listener
   * @returns {this}
   * @throws {TypeError|RangeError} As a `net.Socket`
   */
  setTimeout(msecs, callback) {
    this.timeout = msecs;
    if (msecs === 0 && this[kTimer] === null && callback === undefined) return this;

    checkTimeout(msecs, callback);
    clearTimeout(this[kTimer]);
    this[kTimer] = null;

    if (msecs === 0) {
      if (callback !== undefined) this.removeListener('timeout', callback);
    } else if (!(this[kFlags] & DESTROYED)) {
      this[kTimer] = setTimeout(onTimeout, msecs, this).unref();
      if (callback !== undefined) this.once('timeout', callback);
    }

    if (this[kFlags] & ADOPTED && this[kId] !== -1) this[kHub].watch(this[kId], msecs > 0);

    return this;
  }

  /** There was traffic: the idle time starts again. */
  _unrefTimer() {
    if (this[kTimer] !== null) this[kTimer].refresh();
  }

  /** @returns {this} No effect: see the class */
  setNoDelay() {
    return this;
  }

  /** @returns {this} No effect: see the class */
  setKeepAlive() {
    return this;
  }

  /** @returns {this} The connection holds the process again */
  ref() {
    if (this[kFlags] & STREAM) this[kHandedOver].ref();
    else if (!(this[kFlags] & DESTROYED)) this[kHub].ref(this[kId]);

    return this;
  }

  /** @returns {this} The connection does not hold the process */
  unref() {
    if (this[kFlags] & STREAM) this[kHandedOver].unref();
    else if (!(this[kFlags] & DESTROYED)) this[kHub].unref(this[kId]);

    return this;
  }

  /** @throws {Error} Always: it is connected */
  connect() {
    throw new Error('An accepted socket cannot connect');
  }

  on(event, listener) {
    if ((event === 'data' || event === 'readable') && !(this[kFlags] & DESTROYED)) {
      becomeStream(this, `on('${event}')`);
    }

    return (this[kFlags] & STREAM ? stream : emitter).on.call(this, event, listener);
  }

  removeListener(event, listener) {
    if (this[kFlags] & STREAM) return stream.removeListener.call(this, event, listener);

    emitter.removeListener.call(this, event, listener);
    // The handshake's listener came and went: the emptied table need not stay for the connection's life.
    if (this._eventsCount === 0) this._events = undefined;

    return this;
  }

  /** As EventEmitter's; that of streams needs their state. */
  eventNames() {
    return emitter.eventNames.call(this);
  }

  removeAllListeners(...args) {
    const { removeAllListeners } = this[kFlags] & STREAM ? stream : emitter;

    return removeAllListeners.apply(this, args);
  }
}

defineProperties(NativeSocket.prototype);

defineStreamState(NativeSocket.prototype);

NativeSocket.prototype.addListener = NativeSocket.prototype.on;
NativeSocket.prototype.off = NativeSocket.prototype.removeListener;

module.exports = { NativeSocket, kAdopt };

function finish(socket) {
  socket.onWritten();
}

function emitError(socket) {
  socket.emit('error', socket[kError]);
}

function onTimeout(socket) {
  socket.emit('timeout');
}
