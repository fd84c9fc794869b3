'use strict';

const net = require('node:net');
const { Duplex } = require('node:stream');

const {
  ADOPTED,
  CLOSED,
  DESTROYED,
  ENDING,
  PAUSED,
  STREAM,
  kFlags,
  kHandedOver,
  kHub,
  kId
} = require('./socket-state');

const { prototype: stream } = Duplex;

/**
 * The stream state of a NativeSocket: a Duplex in front of the `net.Socket` of Node that gets the
 * descriptor. What is asked of it before the descriptor arrives waits.
 */
class HandedOver {
  /**
   * @param {Duplex} duplex The NativeSocket, its stream state initialised
   * @param {function(): void} onClosed Called once, when the connection is gone
   */
  constructor(duplex, onClosed) {
    this.duplex = duplex;
    /** The socket of Node, null before the descriptor arrived. */
    this.socket = null;
    this._onClosed = onClosed;
    this._waiting = [];
    this._done = null;
    this._closed = false;
  }

  /**
   * The descriptor is here.
   *
   * @param {number} fd
   * @param {Buffer} read Bytes that were read from it already
   */
  arrived(fd, read) {
    const { duplex } = this;
    const socket = new net.Socket({ fd, readable: true, writable: true, allowHalfOpen: true });

    this.socket = socket;
    socket.on('error', (err) => duplex.destroy(err));
    socket.on('close', () => this._close());

    if (this._done !== null) {
      socket.destroy();
      return;
    }

    socket.on('data', (chunk) => {
      duplex._unrefTimer();
      if (!duplex.push(chunk)) socket.pause();
    });
    socket.on('end', () => duplex.push(null));

    if (read.length > 0) duplex.push(read);
    for (const action of this._waiting) action(socket);
    this._waiting = null;
  }

  /** The connection ended before the descriptor could arrive. */
  lost() {
    if (this.socket === null) this._close();
  }

  /** The duplex wants to be read. */
  read() {
    if (this.socket !== null) this.socket.resume();
  }

  /**
   * @param {Buffer} chunk
   * @param {function(Error=): void} cb
   */
  write(chunk, cb) {
    this._when((socket) => socket.write(chunk, cb));
  }

  /** @param {function(): void} cb */
  end(cb) {
    this._when((socket) => socket.end(cb));
  }

  /**
   * @param {function(): void} done Called when the connection is gone
   */
  destroy(done) {
    this._done = done;
    if (this._closed) done();
    else if (this.socket !== null) this.socket.destroy();
  }

  /** Whether the connection holds the process; a choice made before the descriptor arrives waits. */
  ref() {
    this._when((socket) => socket.ref());
  }

  /** See {@link HandedOver#ref}. */
  unref() {
    this._when((socket) => socket.unref());
  }

  _when(action) {
    if (this.socket !== null) action(this.socket);
    else this._waiting.push(action);
  }

  _close() {
    if (this._closed) return;

    this._closed = true;
    this._onClosed();
    if (this._done !== null) this._done();
    else this.duplex.destroy();
  }
}

/** Readable methods that need the stream state, and one of Writable. */
const STREAM_METHODS = [
  'asIndexedPairs',
  'compose',
  'drop',
  'every',
  'filter',
  'find',
  'flatMap',
  'forEach',
  'iterator',
  'map',
  'pipe',
  'push',
  'read',
  'reduce',
  'setDefaultEncoding',
  'setEncoding',
  'some',
  'take',
  'toArray',
  'unshift',
  'wrap',
  Symbol.asyncIterator
];

/** What Node's Duplex calls in the stream state. */
const STREAM_HOOKS = {
  _read() {
    this[kHandedOver].read();
  },

  _write(chunk, encoding, cb) {
    this[kHandedOver].write(chunk, cb);
  },

  // Several chunks at once are left to the socket behind; null, because net.Socket has one.
  _writev: null,

  _final(cb) {
    this[kHandedOver].end(cb);
  },

  _destroy(err, cb) {
    const silent = this[kFlags] & CLOSED;

    this[kFlags] |= DESTROYED;
    this.setTimeout(0);
    this[kHandedOver].destroy(() => {
      cb(err);
      // With the argument that a net.Socket has, behind 'error'.
      if (!silent) process.nextTick(emitClose, this, Boolean(err));
    });
  }
};

/** Without effect outside the stream state: the writes of one tick leave together anyway. */
const INERT_METHODS = { cork: () => {}, uncork: () => {}, unpipe: (socket) => socket };

/**
 * Defines on a prototype what the stream state needs: the hooks, and the methods that lead to it.
 *
 * @param {object} prototype That of NativeSocket
 */
function defineStreamState(prototype) {
  Object.assign(prototype, STREAM_HOOKS);

  for (const [method, otherwise] of Object.entries(INERT_METHODS)) {
    prototype[method] = function (...args) {
      return this[kFlags] & STREAM ? stream[method].apply(this, args) : otherwise(this);
    };
  }

  for (const method of STREAM_METHODS) {
    if (typeof stream[method] !== 'function') continue;

    prototype[method] = function (...args) {
      becomeStream(this, `${String(method)}()`);
      return stream[method].apply(this, args);
    };
  }
}

/**
 * From raw to stream; without effect on a stream.
 *
 * @param {import('./native-socket').NativeSocket} socket
 * @param {string} use What needs it, for the error
 * @throws {Error} If the connection carries frames
 */
function becomeStream(socket, use) {
  const flags = socket[kFlags];

  if (flags & STREAM) return;

  if (flags & ADOPTED) {
    throw new Error(`${use}: the connection carries WebSocket frames, its bytes cannot be read`);
  }

  Duplex.call(socket, { allowHalfOpen: true, emitClose: false });
  socket[kFlags] |= STREAM;
  socket[kHandedOver] = new HandedOver(socket, () => socket.leave());

  if (flags & DESTROYED) {
    socket[kHandedOver].lost();
    return;
  }

  socket[kHub].handOver(socket[kId], (fd, read) => socket[kHandedOver].arrived(fd, read));
  if (flags & PAUSED) stream.pause.call(socket);
  if (flags & ENDING) stream.end.call(socket);
}

function emitClose(socket, hadError) {
  socket.emit('close', hadError);
}

module.exports = { becomeStream, defineStreamState };
