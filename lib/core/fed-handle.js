'use strict';

const { deflateAborted, Handle, FastBuffer, rethrow } = require('./handle');
const { nextMask } = require('./masking');
const { headerSize } = require('./out-buffer');
const { kind } = require('./records');
const { kClosed, kClosing, kPing } = require('./symbols');

const MORE = 1 << 30;

/** Frames up to this size are built in JavaScript; larger masked ones in native code. */
const SMALL = 256;

const PONG = 0x8a;

/** A compressor that was not used for this long, up to twice as long, is given up; as in `src/engine/compress.rs`. */
const IDLE_MS = 10_000;

const kFed = Symbol('kFed');

/**
 * A connection whose socket only JavaScript can read and write: TLS, any Duplex, a platform without take-over. Chunks are fed to the
 * same codec; frames of a turn leave in one write.
 *
 * @module lib/core/fed-handle
 */
class FedHandle extends Handle {
  /**
   * @param {Hub} hub
   * @param {stream.Duplex} socket
   * @param {Buffer} head bytes that were read with the handshake
   * @param {object} config see `adopt`
   * @param {object} owner
   */
  constructor(hub, socket, head, config, owner) {
    super(hub, hub.native.allocateId(), config, owner);
    this.socket = socket;
    this.maxPendingPongs = config.maxPendingAutoPongs | 0;
    this.pendingPongs = 0;
    /** Whether frames of this turn wait in the corked socket, so that they leave in one write. */
    this.corked = false;
    this.feeding = 0;
    this.pongWritten = undefined;
    this.stopped = false;
    this.closed = false;
    this.timer = null;
    /** Payload bytes of this turn that were compressed, and what the socket held before. */
    this.compressing = 0;
    this.waiting = 0;
    /** Destroyed in a turn that compressed something. */
    this.aborted = false;
    /** Asks from time to time whether the compressor is still needed. */
    this.idle = undefined;

    hub.native.openFed(this.id, hub.configure(config, false));
    socket[kFed] = this;
    if (head.length > 0) socket.unshift(head);
    socket.on('close', onClose);
    socket.on('data', onData);
    socket.on('end', onEnd);
    socket.on('error', onError);
  }

  /** Parses a chunk and delivers what it completes. An exception of a listener does not stop the rest. */
  feed(chunk) {
    const { hub } = this;
    const { native, fedRecords } = hub;
    const outer = hub.feedDepth > 0 ? fedRecords.slice() : null;
    hub.feedDepth++;
    hub.run++;
    this.feeding++;
    try {
      let count = native.feed(this.id, chunk);
      for (;;) {
        this.dispatch(fedRecords, count & ~MORE, hub.fedSlab);
        if ((count & MORE) === 0) break;
        count = native.more();
      }
    } finally {
      hub.feedDepth--;
      this.feeding--;
      if (outer !== null) fedRecords.set(outer);
      if (this.corked) this.flush();
    }
  }

  dispatch(records, count, slab) {
    for (let i = 0; i < count; i++) {
      const at = i << 2;
      const code = records[at + 1];
      const a = records[at + 2];
      const b = records[at + 3];
      try {
        if (code === kind.TEXT) this.event(code, new FastBuffer(slab, a, b), undefined);
        else if (code === kind.BINARY) this.binary(new FastBuffer(slab, a, b));
        else this.record(code, a, b, slab, this.hub.takeLargeFed);
      } catch (thrown) {
        process.nextTick(rethrow, thrown);
      }
    }
  }

  deliver(code, data, extra) {
    if (code === kind.PING && extra && this.maxPendingPongs > 0) {
      if (this.pendingPongs >= this.maxPendingPongs) {
        this.destroy();
        this.owner[kPing](data, false);
        return;
      }
    }
    super.deliver(code, data, extra);
  }

  /** Node has read FIN just now. */
  overtake() {
    super.deliver(kind.END, null, undefined);
  }

  conclude() {
    this.over = true;
    if (this.stopped) return;
    this.stopped = true;
    this.paused = false;
    this.socket.removeListener('data', onData);
    process.nextTick(resume, this.socket);
  }

  sendFrame(first, data, mask, callback) {
    const payload = typeof data === 'string' ? Buffer.from(data) : data;
    const deflate = this.deflates && this.isDeflated(first);
    const { socket } = this;
    if (!this.corked) {
      this.corked = true;
      socket.cork?.();
      if (this.feeding === 0) process.nextTick(flushLater, this);
    }
    if (first === PONG && this.maxPendingPongs > 0 && callback === undefined) {
      this.pendingPongs++;
      callback = this.pongWritten ??= () => this.pendingPongs--;
    }
    if (deflate) this.beginDeflate(payload.length);
    if (callback !== undefined && this.compressing > 0) callback = abortable(this, callback);
    if (deflate) {
      const key = mask ? nextMask(this.generateMask) : undefined;
      socket.write(this.hub.native.deflateFrame(this.id, first, payload, key), callback);
      return;
    }
    socket.write(this.frame(first, payload, mask), callback);
  }

  /** In ws a payload that is being compressed counts as buffered; here that is the rest of the turn. */
  beginDeflate(length) {
    if (this.compressing === 0) this.waiting = this.socket.writableLength || 0;
    this.compressing += length;
    this.idle ??= setInterval(releaseIdle, IDLE_MS, this).unref();
  }

  frame(first, payload, mask) {
    const length = payload.length;
    if (mask && length > SMALL) {
      return this.hub.native.frame(first, payload, nextMask(this.generateMask));
    }
    const size = headerSize(length);
    const start = size + (mask ? 4 : 0);
    const bytes = Buffer.allocUnsafe(start + length);
    bytes[0] = first;
    if (size === 2) {
      bytes[1] = length;
    } else if (size === 4) {
      bytes[1] = 126;
      bytes.writeUInt16BE(length, 2);
    } else {
      bytes[1] = 127;
      bytes.writeUIntBE(0, 2, 2);
      bytes.writeUIntBE(length, 4, 6);
    }
    bytes.set(payload, start);
    if (mask) {
      const key = nextMask(this.generateMask);
      bytes[1] |= 0x80;
      bytes.set(key, size);
      for (let i = 0; i < length; i++) bytes[start + i] ^= key[i & 3];
    }
    return bytes;
  }

  /** Lets the turn's frames go. */
  flush() {
    if (!this.corked) return;
    this.corked = false;
    this.compressing = 0;
    this.socket.uncork?.();
  }

  /** As NativeHandle: earlier frames are written now, so that their callbacks come first. */
  follow() {
    this.flush();
    return false;
  }

  get bufferedAmount() {
    if (this.compressing > 0) return this.waiting + this.compressing;
    this.flush();
    return this.socket.writableLength || 0;
  }

  closing(ms) {
    if (this.timer === null && !this.closed) {
      this.timer = setTimeout(() => this.socket.destroy(), ms);
    }
  }

  end() {
    this.flush();
    this.socket.end();
  }

  destroy() {
    // In ws what is being compressed would never get out.
    if (this.compressing > 0) this.aborted = true;
    else this.flush();
    this.drop();
    this.socket.destroy();
  }

  pause() {
    this.hold();
    this.socket.pause();
  }

  resume() {
    this.socket.resume();
    this.unhold();
  }

  /** JavaScript answers pings itself here; the owner decides. */
  setAutoPong() {}

  /** The socket's 'close'. */
  close() {
    const { socket } = this;
    if (this.closed) return;
    if (!this.over || this.held !== null) this.owner[kClosing]();
    // A paused socket that was destroyed may still hold bytes that came before.
    if (!this.stopped && !this.dropped && socket.readableLength > 0) {
      const rest = socket.read();
      if (rest !== null) this.feed(rest);
    }
    this.release();
    this.closed = true;
    clearTimeout(this.timer);
    clearInterval(this.idle);
    socket.removeListener('data', onData);
    this.hub.native.closeFed(this.id);
    this.hub.native.releaseId(this.id);
    // The order of ws: before the socket's other 'close' listeners if the input had ended, else in the tick after them.
    if (this.over && this.held === null) finish(this);
    else process.nextTick(() => this.afterHeld(() => finish(this)));
  }
}

function finish(handle) {
  handle.owner[kClosed](handle.socket.errored || null);
}

function onData(chunk) {
  this[kFed].feed(chunk);
}

function onEnd() {
  const handle = this[kFed];
  handle.flush();
  handle.event(kind.END, null, undefined);
}

/** As for every socket: the error shows as close code 1006 and in the send callbacks. */
function onError() {
  this.destroy();
}

function onClose() {
  this[kFed].close();
}

function flushLater(handle) {
  if (handle.feeding === 0) handle.flush();
}

/** @return {function(Error=): void} the callback, which hears of the compressor if it was interrupted */
function abortable(handle, callback) {
  return (error) => callback(error && handle.aborted ? deflateAborted() : error);
}

/** Gives up a compressor that was not used for a while; the next message gets a new one. */
function releaseIdle(handle) {
  if (handle.hub.native.releaseIdleDeflate(handle.id)) return;
  clearInterval(handle.idle);
  handle.idle = undefined;
}

function resume(socket) {
  socket.resume();
}

module.exports = { FedHandle };
