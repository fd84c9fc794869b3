'use strict';

const net = require('node:net');

const { NativeHandle, closed } = require('./native-handle');
const { kClosing, kEnd } = require('./symbols');
const { systemError } = require('./system-error');

const kTaken = Symbol('kTaken');

/**
 * What a socket of Node becomes when the engine has taken its descriptor over: addresses, events, `destroy()`, `ref()` and the
 * state of both streams stay true; reading and writing are the engine's. Set as the prototype of a live `net.Socket`.
 *
 * Not overridden: `on`, which Node's HTTP sockets carry as an own property.
 */
class Shell extends net.Socket {
  /** Nothing is read here, ever: two readers of one descriptor lose bytes. */
  _read() {}

  /** Raw bytes take their place among the frames. */
  _write(chunk, encoding, callback) {
    this[kTaken].writeRaw(
      typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk,
      callback
    );
  }

  _final(callback) {
    this[kTaken].finishWriting(callback);
  }

  _destroy(error, callback) {
    this[kTaken].letGo();
    super._destroy(error, callback);
  }

  setTimeout(msecs, callback) {
    this[kTaken].idle = msecs > 0;
    return super.setTimeout(msecs, callback);
  }

  ref() {
    const { hub, id } = this[kTaken];
    hub.ref(id);
    return this;
  }

  unref() {
    const { hub, id } = this[kTaken];
    hub.unref(id);
    return this;
  }
}
// Node would use it instead of _write for several chunks.
Shell.prototype._writev = null;

/**
 * A connection that Node accepted or opened, on a duplicate of its descriptor.
 *
 * @module lib/core/taken-handle
 */
class TakenHandle extends NativeHandle {
  constructor(hub, id, config, owner, socket) {
    super(hub, id, config, owner, socket);
    this.engineClosed = false;
    this.socketError = null;
    this.socketClosed = false;
    this.complete = false;

    const held = socket._handle.hasRef();
    Object.setPrototypeOf(socket, Shell.prototype);
    socket[kTaken] = this;
    socket.on('end', onEnd);
    socket.on('error', onError);
    socket.on('close', onClose);
    hub.attach(id, this);
    if (!held) hub.unref(id);
  }

  /** Called back at once: a write that waits would let later frames pass. */
  writeRaw(bytes, callback) {
    if (!this.engineClosed) this.given += this.hub.writeRaw(this.id, bytes);
    callback();
  }

  finishWriting(callback) {
    this.ending = true;
    if (this.engineClosed) {
      process.nextTick(callback);
      return;
    }
    this.hub.end(this.id);
    this.notify(callback);
  }

  /** The socket is destroyed: the engine drops its descriptor without a shutdown, Node does the rest. */
  letGo() {
    this.drop();
    this.abort();
    if (!this.engineClosed) this.hub.destroy(this.id);
  }

  pause() {
    this.hold();
    if (!this.engineClosed) this.hub.pause(this.id);
    this.socket.pause();
  }

  resume() {
    if (!this.engineClosed) this.hub.resume(this.id);
    this.socket.resume();
    this.unhold();
  }

  end() {
    if (!this.ending) this.socket.end();
  }

  /** The peer's FIN: the shell ends as if it had read it, and its 'end' tells the owner. */
  ended() {
    this.socket.push(null);
    this.socket.resume();
  }

  onClosed(errno, complete) {
    this.engineClosed = true;
    this.complete = complete;
    this.release();
    if (complete && !this.aborted) this.settleAll();
    const { socket } = this;
    if (this.socketClosed) this.bothClosed();
    // An end in both directions is on its way through the shell; everything else is a destruction.
    else if (errno !== 0) socket.destroy(systemError(errno, 'read'));
    else if (!(this.ending && socket.readableEnded)) process.nextTick(destroyLater, socket);
  }

  /** Both the engine and the socket are done. */
  bothClosed() {
    this.wind(this.socketError, this.complete);
    closed(this, this.socketError);
  }
}

/** One more turn for 'end' and 'finish', which lead to the same. */
function destroyLater(socket) {
  setImmediate(() => socket.destroy());
}

function onEnd() {
  this[kTaken].owner[kEnd]();
}

function onError(error) {
  this[kTaken].socketError = error;
}

function onClose() {
  const handle = this[kTaken];
  handle.socketClosed = true;
  if (handle.engineClosed) handle.bothClosed();
  else handle.owner[kClosing]();
}

/**
 * Whether the engine can serve the socket itself. Anything unusual is fed instead.
 *
 * @param {stream.Duplex} socket
 * @return {boolean}
 */
function canTakeOver(socket) {
  if (process.platform !== 'linux' && process.platform !== 'darwin') return false;
  if (Object.getPrototypeOf(socket) !== net.Socket.prototype) return false;
  const handle = socket._handle;
  const name = handle?.constructor.name;
  return (
    (name === 'TCP' || name === 'Pipe') &&
    handle.fd >= 0 &&
    !socket.connecting &&
    socket.readable &&
    socket.writable &&
    socket.writableLength === 0 &&
    !socket.readableEnded &&
    socket.listenerCount('data') === 0 &&
    socket.listenerCount('readable') === 0
  );
}

/**
 * Takes a socket of Node over.
 *
 * @param {Hub} hub
 * @param {net.Socket} socket
 * @param {Buffer} head bytes that were read with the handshake
 * @param {object} config see `adopt`
 * @param {object} owner
 * @return {?TakenHandle} null if the descriptor could not be duplicated
 */
function takeOver(hub, socket, head, config, owner) {
  const { _handle: native } = socket;
  native.readStop();
  native.reading = false;

  const read = head.length > 0 ? [head] : [];
  // Node must not start to read again while its own buffer is emptied.
  socket._read = noRead;
  for (let chunk; (chunk = socket.read()) !== null; ) read.push(chunk);
  delete socket._read;

  const prefix = read.length === 1 ? read[0] : Buffer.concat(read);
  const id = hub.takeOver(native.fd, prefix);
  if (id === -1) {
    if (prefix.length > 0) socket.unshift(prefix);
    return null;
  }
  const handle = new TakenHandle(hub, id, config, owner, socket);
  hub.start(id, config);
  return handle;
}

function noRead() {}

module.exports = { canTakeOver, takeOver };
