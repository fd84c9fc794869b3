'use strict';

const { NativeHub } = require('../native');
const { FastBuffer } = require('./handle');
const { OutBuffer } = require('./out-buffer');
const { kind, op, control } = require('./records');
const { systemError } = require('./system-error');

const RECORDS = 16 * 1024;
const SLAB_BYTES = 64 * 1024;

/**
 * The JavaScript half of the crossing: one per realm. Records come in by `drain()`, frames and commands go out by `out`.
 *
 * @module lib/core/hub
 */
class Hub {
  constructor() {
    this.records = new Int32Array(RECORDS * 4);
    this.fedRecords = new Int32Array(RECORDS * 4);
    this.control = new Int32Array(8);
    this.out = new OutBuffer(this.control);
    /** By id: a handle, a raw connection's target, or a listener. */
    this.targets = [];
    this.slab = null;
    this.fedSlab = null;
    /** How many feeds are on the stack: a listener may feed another connection. */
    this.feedDepth = 0;
    /** Counts runs: records that are delivered in one go. */
    this.run = 0;
    this.holds = 0;
    /** Ids of connections that do not hold the process. */
    this.unheld = new Set();
    this.configs = new Map();
    this.sharedConfigs = new Set();
    this.lastConfig = null;
    this.lastIndex = 0;
    /** Callbacks of `handOver`, by id. */
    this.handOvers = new Map();

    this.native = new NativeHub({
      records: this.records,
      fedRecords: this.fedRecords,
      control: this.control,
      commands: this.out.commands,
      out: this.out.bytes,
      drain: () => this.drain(),
      refill: (bytes) => (this.slab = slab(bytes)),
      refillFed: (bytes) => (this.fedSlab = slab(bytes))
    });
    this.out.native = this.native;
    this.takeLarge = (index) => this.native.takeLarge(index);
    this.takeLargeFed = (index) => this.native.takeLargeFed(index);
    // What was sent before process.exit() still goes out, as it does with a synchronous write.
    process.on('exit', () => this.native.flushSync());
  }

  /** Dispatches records FROM..TO: one connection's run. FROM moves first, so that nothing is delivered twice after an exception. */
  drain() {
    const words = this.control;
    const records = this.records;
    const to = words[control.TO];
    let index = words[control.FROM];
    const target = this.targets[records[index << 2]];
    this.run++;
    if (target !== undefined && target.idle === true) target.touch();
    while (index < to) {
      const at = index << 2;
      words[control.FROM] = ++index;
      const code = records[at + 1];
      if (code <= kind.BINARY) {
        const data = new FastBuffer(this.slab, records[at + 2], records[at + 3]);
        if (code === kind.BINARY) target.binary(data);
        else target.event(code, data, undefined);
      } else {
        this.dispatch(target, records[at], code, records[at + 2], records[at + 3]);
      }
    }
  }

  dispatch(target, id, code, a, b) {
    switch (code) {
      case kind.WRITTEN:
        target.onWritten(a);
        break;
      case kind.CLOSED:
        this.closed(target, id, a, b);
        break;
      case kind.REQUEST:
        this.hold(1);
        this.targets[this.listenerOf(a)].onRequest(id, this.requestView(a, b));
        break;
      case kind.UNHANDLED:
        target.onUnhandled(this.requestView(a, b));
        break;
      case kind.HANDED_OVER:
        this.handedOver(target, id, a, b);
        break;
      case kind.LISTENER_CLOSED:
        this.targets[id] = undefined;
        if (!this.unheld.delete(id)) this.hold(-1);
        this.native.releaseId(id);
        target.onClosed(a);
        break;
      case kind.END:
        if (target.onEnd) target.onEnd();
        else target.record(code, a, b, this.slab, this.takeLarge);
        break;
      default:
        target.record(code, a, b, this.slab, this.takeLarge);
    }
  }

  closed(target, id, errno, complete) {
    this.targets[id] = undefined;
    if (!this.unheld.delete(id)) this.hold(-1);
    this.out.command(id, op.RELEASE);
    const waiting = this.handOvers.get(id);
    if (waiting !== undefined) this.handOvers.delete(id);
    if (target !== undefined) target.onClosed(errno, complete === 1);
  }

  requestView(offset, length) {
    return { bytes: new FastBuffer(this.slab, offset, length), offset: 0 };
  }

  listenerOf(offset) {
    return new Int32Array(this.slab, offset, 1)[0];
  }

  handedOver(target, id, offset, length) {
    const fd = new Int32Array(this.slab, offset, 1)[0];
    const read = Buffer.from(new FastBuffer(this.slab, offset + 4, length - 4));
    const callback = this.handOvers.get(id);
    if (callback === undefined) {
      target.onHandedOver(fd, read);
      return;
    }
    this.handOvers.delete(id);
    this.targets[id] = undefined;
    if (!this.unheld.delete(id)) this.hold(-1);
    this.out.command(id, op.RELEASE);
    callback(fd, read);
  }

  /** Open connections and listeners hold the process. */
  hold(change) {
    const before = this.holds;
    this.holds += change;
    if (before === 0 && this.holds > 0) this.native.hold(true);
    else if (before > 0 && this.holds === 0) this.native.hold(false);
  }

  /** The connection holds the process (the default). */
  ref(id) {
    if (this.unheld.delete(id)) this.hold(1);
  }

  /** The connection does not hold the process. */
  unref(id) {
    if (this.unheld.has(id)) return;
    this.unheld.add(id);
    this.hold(-1);
  }

  /** Whether an idle timer wants to hear of the connection's traffic. */
  watch(id, on) {
    const target = this.targets[id];
    if (target?.touch) target.idle = on;
  }

  /**
   * The number of a configuration, registered once.
   *
   * @param {object} config see `adopt`
   * @param {boolean} shared whether the IO thread must know it
   * @return {number}
   */
  configure(config, shared) {
    // The faces use one object for all the connections of a server.
    if (shared && config === this.lastConfig) return this.lastIndex;
    const key =
      `${config.isServer}|${config.maxPayload}|${config.maxFragments}|${config.maxBufferedChunks}|` +
      `${config.maxPendingAutoPongs}|${config.skipUTF8Validation}|${config.deflate?.key}`;
    let index = this.configs.get(key);
    if (index === undefined) {
      index = this.native.configure({
        isServer: !!config.isServer,
        maxPayload: positive(config.maxPayload),
        maxFragments: positive(config.maxFragments),
        maxBufferedChunks: positive(config.maxBufferedChunks),
        maxPendingAutoPongs: positive(config.maxPendingAutoPongs),
        skipUtf8Validation: !!config.skipUTF8Validation,
        deflate: config.deflate
      });
      this.configs.set(key, index);
    }
    if (shared && !this.sharedConfigs.has(index)) {
      this.sharedConfigs.add(index);
      this.native.shareConfig(index);
    }
    if (shared) {
      this.lastConfig = config;
      this.lastIndex = index;
    }
    return index;
  }

  /**
   * Binds and listens, synchronously.
   *
   * @param {object} target `{ port, host, ipv6Only, reusePort, backlog }`, `{ path, backlog }` or `{ fd, backlog }`
   * @param {object} options `{ plain: 'answer' | 'request', routed, rejectUnhandled }`
   * @param {object} listener `onRequest(id, view)`, `onUnhandled(view)`, `onHandedOver(fd, read)`, `onClosed(errno)`
   * @return {{ id: number, address: object | string }}
   * @throws {Error} with code, errno, syscall, address, port as net.Server's
   */
  listen(target, options, listener) {
    const result = this.native.listen(target, {
      handOverPlain: options.plain === 'request',
      routed: !!options.routed,
      rejectUnhandled: options.rejectUnhandled !== false
    });
    if (result.errno !== 0) {
      const pipe = target.path !== undefined;
      const address = pipe ? target.path : target.host || '::';
      throw systemError(result.errno, 'listen', address, pipe ? undefined : target.port);
    }
    this.targets[result.id] = listener;
    this.hold(1);
    // As with a server of Node nobody is served before the code that called has ended, its ticks and microtasks included.
    setImmediate(() => this.native.accept(result.id));
    const { address, family, port } = result;
    return { id: result.id, address: family === 'pipe' ? address : { address, family, port } };
  }

  /** Stops accepting; `onClosed` follows. */
  closeListener(id) {
    this.native.closeListener(id);
  }

  /** The listener holds the process (the default). */
  refListener(id) {
    this.ref(id);
  }

  /** The listener does not hold the process. */
  unrefListener(id) {
    this.unref(id);
  }

  /** From now on plain HTTP is answered (`'answer'`) or handed over (`'request'`). */
  setPlain(id, plain) {
    this.native.setPlain(id, plain === 'request');
  }

  /** @return {number} the route's number */
  addRoute(listenerId, path) {
    return this.native.addRoute(listenerId, path);
  }

  removeRoute(listenerId, path) {
    this.native.removeRoute(listenerId, path);
  }

  /** Sets who hears of a raw connection: `onEnd()`, `onClosed(errno)`, `onWritten(token)`. */
  attach(id, target) {
    this.targets[id] = target;
  }

  /** Raw bytes, in order with frames. A string is latin1. */
  writeRaw(id, data) {
    return this.out.raw(id, data);
  }

  /** Asks for `target.onWritten(token)`; the token. */
  notify(id) {
    this.out.command(id, op.NOTIFY, 0);
    const at = ((this.control[control.COMMANDS] - 1) << 2) + 2;
    return (this.out.commands[at] = this.out.sequence);
  }

  end(id) {
    this.out.command(id, op.END);
  }

  destroy(id, reset = false) {
    this.out.command(id, op.DESTROY, reset ? 1 : 0);
  }

  pause(id) {
    this.out.command(id, op.PAUSE);
  }

  resume(id) {
    this.out.command(id, op.RESUME);
  }

  /** The raw connection speaks WebSocket from now on. */
  start(id, config) {
    const index = this.configure(config, true);
    this.out.command(id, op.START, index, config.autoPong !== false ? 1 : 0);
  }

  /**
   * Serves a duplicate of Node's descriptor, raw until `start`.
   *
   * @param {number} fd
   * @param {Buffer} read what Node had read already
   * @return {number} the connection's id, -1 if there is no duplicate to be had
   */
  takeOver(fd, read) {
    const id = this.native.allocateId();
    if (this.native.adopt(id, fd, read) !== 0) {
      this.native.releaseId(id);
      return -1;
    }
    this.hold(1);
    return id;
  }

  /** Gives a raw connection's descriptor to `callback(fd, read)`, later. */
  handOver(id, callback) {
    this.handOvers.set(id, callback);
    this.out.command(id, op.HAND_OVER);
  }
}

/** A new slab: never pooled, never reused, so that a message that is kept keeps 64 KiB at most. */
function slab(bytes) {
  return Buffer.allocUnsafeSlow(Math.max(bytes, SLAB_BYTES)).buffer;
}

/** Limits are unsigned in the core; the originals treat values below 1 as "no limit". */
function positive(limit) {
  return limit > 0 ? limit : 0;
}

let instance = null;

module.exports = {
  /** The realm's hub, made on first use. @return {Hub} */
  get hub() {
    return (instance ??= new Hub());
  }
};
