'use strict';

const net = require('node:net');
const { Duplex } = require('node:stream');

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

/** Readable methods that need the stream state. */
const READING_METHODS = [
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
].filter((name) => typeof Duplex.prototype[name] === 'function');

module.exports = { HandedOver, READING_METHODS };
