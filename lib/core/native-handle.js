'use strict';

const { deflateAborted, Handle } = require('./handle');
const { op, INTERNAL_ERROR } = require('./records');
const { kClosed, kClosing, kEnd } = require('./symbols');
const { systemError } = require('./system-error');

/**
 * Bytes on their way to the IO thread that count as written as long as the socket is not backed up: an idle socket's kernel
 * buffer takes more than this at once, and `ws` reports 0 after a small send.
 */
const IN_TRANSIT = 16 * 1024;

/**
 * A connection whose descriptor the engine owns: it came from the native listener, or was taken over from Node.
 *
 * @module lib/core/native-handle
 */
class NativeHandle extends Handle {
  /**
   * @param {Hub} hub
   * @param {number} id
   * @param {object} config see `adopt`
   * @param {object} owner
   * @param {net.Socket} socket NativeSocket facade or shell
   */
  constructor(hub, id, config, owner, socket) {
    super(hub, id, config, owner);
    this.socket = socket;
    /** Bytes given to the out buffer since START. */
    this.given = 0;
  }

  /**
   * Sends one frame.
   *
   * @param {number} first first header byte: FIN, RSV, op code
   * @param {Uint8Array|string} data payload; copied at the call
   * @param {boolean} mask whether the frame is masked
   * @param {function(Error=): void} [callback] after the kernel took it
   */
  sendFrame(first, data, mask, callback) {
    const out = this.hub.out;
    if (this.closed || this.ending) {
      if (callback !== undefined) process.nextTick(callback, writeAfterEnd());
      return;
    }
    const deflate = this.deflates && this.isDeflated(first);
    this.given +=
      typeof data === 'string'
        ? out.text(this.id, first, data, mask, this.generateMask, deflate)
        : out.frame(this.id, first, data, mask, this.generateMask, first === 0x8a, deflate);
    if (deflate) this.compressed = this.given;
    if (callback !== undefined) this.notify(callback);
  }

  notify(callback) {
    if (this.notified !== this.hub.out.sequence) this.notified = this.hub.notify(this.id);
    this.expect(this.notified, callback);
  }

  /**
   * Queues a callback that fails, behind those of sends that are just on their way.
   *
   * @param {function(Error): void} callback
   * @param {Error} failure what it gets
   * @return {boolean} false if nothing is on its way, or it cannot be told how long that takes
   */
  follow(callback, failure) {
    if (this.callbacks === null || this.bufferedAmount > 0) return false;
    this.expect(this.callbacks.at(-1)[0], callback, failure);
    return true;
  }

  /** Bytes that the kernel has not taken, framing included. See docs/differences.md for the allowance. */
  get bufferedAmount() {
    if (this.closed) return 0;
    if (this.accepted === this.given) return 0;
    const report = this.hub.native.accepted(this.id);
    const backedUp = report % 2 === 1;
    this.accepted = (report - (backedUp ? 1 : 0)) / 2;
    const waiting = Math.max(0, this.given - this.accepted);
    // What waits for the compressor counts in ws, too.
    if (this.compressed > this.accepted) return waiting;
    return !backedUp && waiting <= IN_TRANSIT ? 0 : waiting;
  }

  /** A close frame was sent; `ms` until the socket is destroyed, 0 = never. */
  closing(ms) {
    this.hub.out.command(this.id, op.CLOSING, Math.min(Math.max(ms, 0), 0x7fffffff) | 0);
  }

  /** FIN after everything queued. */
  end() {
    if (this.closed || this.ending) return;
    this.ending = true;
    this.socket.end();
  }

  /** Drops the connection. */
  destroy() {
    if (this.closed) return;
    this.drop();
    this.abort();
    this.socket.destroy();
  }

  /** Destroyed by us: what is being compressed is lost, as far as callbacks know. */
  abort() {
    if (this.compressed === 0) return;
    this.hub.out.withdraw(this.id);
    if (this.callbacks !== null) this.aborted = true;
  }

  /** Stops reading. */
  pause() {
    this.hold();
    if (!this.closed) this.socket.pause();
  }

  /** Reads again. */
  resume() {
    if (!this.closed) this.socket.resume();
    this.unhold();
  }

  /** @param {boolean} on whether the core answers pings */
  setAutoPong(on) {
    this.hub.out.command(this.id, op.AUTO_PONG, on ? 1 : 0);
  }

  /** Everything up to `token` is the kernel's. */
  onWritten(token) {
    this.settle(token);
  }

  ended() {
    this.owner[kEnd]();
    this.socket.onEnd();
  }

  /** There was traffic: an idle timeout starts again. */
  touch() {
    this.socket._unrefTimer();
  }

  /**
   * The engine has closed the descriptor.
   *
   * @param {number} errno 0 if there was no error
   * @param {boolean} complete whether everything sent had been written
   */
  onClosed(errno, complete) {
    // The server counts first, and its 'close' comes before the last connection's, as with a server of Node.
    this.socket.leave();
    process.nextTick(closeSocket, this, errno, complete);
  }

  /** Nothing comes or goes any more: what was held is delivered, callbacks are settled. */
  wind(error, complete) {
    this.release();
    this.closed = true;
    if (this.aborted) this.settleAll(deflateAborted());
    this.settleAll(complete ? undefined : error || socketClosed());
  }
}

// As in Handle: on the prototype until somebody sets them.
Object.assign(NativeHandle.prototype, {
  /** How many of the given bytes the kernel had taken when we last asked. */
  accepted: 0,
  /** The flush in which a NOTIFY was asked for. */
  notified: 0,
  closed: false,
  ending: false,
  /** `given` behind the last frame that was to be compressed. */
  compressed: 0,
  /** Destroyed by us while callbacks of a compressing connection waited. */
  aborted: false,
  /** Whether traffic must be reported to the socket's idle timer. */
  idle: false
});

/**
 * The order of ws: write callbacks; then, if the input had ended, 'close' of the WebSocket before that of the socket, otherwise in
 * the tick after it.
 */
function closeSocket(handle, errno, complete) {
  const error = closeError(errno, handle.ending);
  handle.wind(error, complete);
  try {
    closed(handle, error);
  } finally {
    handle.socket.onClosed(errno);
  }
}

/** To be called as the first listener of the socket's 'close'. */
function closed(handle, error) {
  const done = () => finish(handle, error);
  if (handle.over && handle.held === null) {
    done();
  } else {
    handle.owner[kClosing]();
    process.nextTick(() => handle.afterHeld(done));
  }
}

/** The last act: the owner hears of it. */
function finish(handle, error) {
  handle.owner[kClosed](error);
}

/** What a write after FIN gets from a Node socket. */
function writeAfterEnd() {
  const error = new Error('write after end');
  error.code = 'ERR_STREAM_WRITE_AFTER_END';
  return error;
}

/** What a pending write gets when a Node socket is destroyed. */
function socketClosed() {
  const error = new Error('Cannot call write after a stream was destroyed');
  error.code = 'ERR_STREAM_DESTROYED';
  return error;
}

function closeError(errno, ending) {
  if (errno === 0) return null;
  if (errno === INTERNAL_ERROR) {
    const error = new Error('ferrows: internal error; the connection was dropped');
    error.code = 'ERR_FERROWS_INTERNAL';
    return error;
  }
  return systemError(errno, ending ? 'write' : 'read');
}

module.exports = { NativeHandle, closeError, closed };
