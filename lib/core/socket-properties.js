'use strict';

const net = require('node:net');
const { Duplex } = require('node:stream');

const {
  ADOPTED,
  CLOSED,
  DESTROYED,
  ENDED,
  ENDING,
  FINISHED,
  PAUSED,
  STREAM,
  kBytesWritten,
  kEndCallback,
  kError,
  kFlags,
  kHandedOver,
  kRecord,
  kRemotePort,
  kTimer
} = require('./socket-state');

/** What a high-water mark is where there is no stream state: that of a `net.Socket`. */
const HIGH_WATER_MARK = new Duplex().writableHighWaterMark;

const has = (socket, bits) => (socket[kFlags] & bits) !== 0;

/**
 * The properties of a NativeSocket that Node's prototypes compute from state which a raw or
 * adopted one does not have.
 */
const STREAM_PROPERTIES = {
  readable: (socket) => !has(socket, ENDED | DESTROYED),
  readableAborted: (socket) => has(socket, DESTROYED) && !has(socket, ENDED),
  readableBuffer: () => [],
  readableDidRead: (socket) => has(socket, ADOPTED),
  readableEncoding: () => null,
  readableEnded: (socket) => has(socket, ENDED),
  readableFlowing: (socket) => {
    if (has(socket, PAUSED)) return false;
    return has(socket, ADOPTED) ? true : null;
  },
  readableHighWaterMark: () => HIGH_WATER_MARK,
  readableLength: () => 0,
  readableObjectMode: () => false,
  writable: (socket) => !has(socket, ENDING | DESTROYED),
  writableAborted: (socket) => has(socket, DESTROYED) && !has(socket, FINISHED),
  writableBuffer: () => [],
  writableCorked: () => 0,
  writableEnded: (socket) => has(socket, ENDING),
  writableFinished: (socket) => has(socket, FINISHED),
  writableHighWaterMark: () => HIGH_WATER_MARK,
  writableLength: () => 0,
  writableNeedDrain: () => false,
  writableObjectMode: () => false,
  allowHalfOpen: () => true,
  // Node's says whether destroy() has done its part, not whether 'close' was emitted.
  closed: (socket) => has(socket, DESTROYED),
  destroyed: (socket) => has(socket, DESTROYED),
  errored: (socket) => socket[kError]
};

/** The properties that are the same in every state. */
const SOCKET_PROPERTIES = {
  // Read-only; Node's constructors and http assign to some.
  _handle: () => null,
  connecting: () => false,
  pending: () => false,
  readyState: (socket) => {
    if (socket.readable) return socket.writable ? 'open' : 'readOnly';
    return socket.writable ? 'writeOnly' : 'closed';
  },
  bufferSize: (socket) => socket.writableLength,
  // Approximate: the request and raw writes.
  bytesRead: (socket) => socket[kRecord].headLength,
  bytesWritten: (socket) => socket[kBytesWritten],
  _bytesDispatched: (socket) => socket[kBytesWritten],
  remoteAddress: (socket) => socket[kRecord].remoteAddress,
  remotePort: (socket) => socket[kRemotePort] ?? socket[kRecord].remotePort,
  remoteFamily: (socket) => familyOf(socket[kRecord].remoteAddress),
  localAddress: (socket) => socket[kRecord].localAddress,
  localPort: (socket) => socket[kRecord].localPort,
  localFamily: (socket) => familyOf(socket[kRecord].localAddress)
};

/** Every connection pays for each field of its own; these are on the prototype until somebody sets them. */
const DEFAULTS = {
  timeout: undefined,
  [kBytesWritten]: 0,
  [kEndCallback]: null,
  [kError]: null,
  [kHandedOver]: null,
  [kRemotePort]: undefined,
  [kTimer]: null
};

/**
 * Defines both tables on a prototype.
 *
 * @param {object} prototype That of NativeSocket
 */
function defineProperties(prototype) {
  for (const key of Reflect.ownKeys(DEFAULTS)) {
    Object.defineProperty(prototype, key, { value: DEFAULTS[key], writable: true });
  }

  for (const [name, raw] of Object.entries(STREAM_PROPERTIES)) {
    const inherited = accessorOf(name);

    Object.defineProperty(prototype, name, {
      configurable: true,
      get() {
        return has(this, STREAM) && inherited?.get ? inherited.get.call(this) : raw(this);
      },
      set(value) {
        if (!has(this, STREAM)) return;
        if (inherited?.set) inherited.set.call(this, value);
        else if (!inherited) shadow(this, name, value);
      }
    });
  }

  for (const [name, value] of Object.entries(SOCKET_PROPERTIES)) {
    Object.defineProperty(prototype, name, {
      configurable: true,
      get() {
        return value(this);
      },
      set() {}
    });
  }

  for (const name of ['_readableState', '_writableState']) {
    Object.defineProperty(prototype, name, {
      configurable: true,
      // Outside the stream state only a look at it: code that inspects sockets shall not fail.
      get() {
        return name === '_readableState' ? readableState(this) : writableState(this);
      },
      // Node's constructors assign: this is the beginning of the stream state.
      set(state) {
        shadow(this, name, state);
      }
    });
  }
}

/**
 * @param {object} target
 * @param {string} name Becomes a data property of the object
 * @param {*} value
 */
function shadow(target, name, value) {
  Object.defineProperty(target, name, {
    value,
    configurable: true,
    enumerable: true,
    writable: true
  });
}

module.exports = { defineProperties };

function accessorOf(name) {
  let prototype = net.Socket.prototype;

  while (prototype !== null) {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name);

    if (descriptor !== undefined) return descriptor;
    prototype = Object.getPrototypeOf(prototype);
  }

  return undefined;
}

function familyOf(address) {
  if (address === undefined) return undefined;
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

function readableState(socket) {
  return {
    closed: socket.closed,
    destroyed: socket.destroyed,
    endEmitted: socket.readableEnded,
    ended: socket.readableEnded,
    errorEmitted: has(socket, CLOSED) && socket.errored !== null,
    errored: socket.errored,
    flowing: socket.readableFlowing,
    length: 0,
    objectMode: false,
    readable: true
  };
}

function writableState(socket) {
  return {
    closed: socket.closed,
    destroyed: socket.destroyed,
    ended: socket.writableEnded,
    ending: socket.writableEnded,
    errorEmitted: has(socket, CLOSED) && socket.errored !== null,
    errored: socket.errored,
    finished: socket.writableFinished,
    length: socket.writableLength,
    needDrain: false,
    objectMode: false,
    writable: true
  };
}
