'use strict';

/**
 * The state of a NativeSocket: names of its slots and the bits of its flags.
 *
 * @module lib/core/socket-state
 */

module.exports = {
  /** lib/core/hub.js. */
  kHub: Symbol('kHub'),
  /** The connection's id in the hub, -1 if there is none any more. */
  kId: Symbol('kId'),
  /** The RequestRecord with the addresses. */
  kRecord: Symbol('kRecord'),
  /** The remote port, once the record is gone. */
  kRemotePort: Symbol('kRemotePort'),
  /** Bits, see below. */
  kFlags: Symbol('kFlags'),
  /** The error given to `destroy()`, or that of the connection. */
  kError: Symbol('kError'),
  /** The timer of `setTimeout()`. */
  kTimer: Symbol('kTimer'),
  /** Raw bytes written so far. */
  kBytesWritten: Symbol('kBytesWritten'),
  /** What `end()` was given, until it is called. */
  kEndCallback: Symbol('kEndCallback'),
  /** The HandedOver object of the stream state. */
  kHandedOver: Symbol('kHandedOver'),
  /** Method: gives the connection to a WebSocket. */
  kAdopt: Symbol('kAdopt'),

  /** The peer sent FIN. */
  ENDED: 1,
  /** `end()` was called. */
  ENDING: 2,
  /** 'finish' was emitted. */
  FINISHED: 4,
  /** `destroy()` was called, or the connection is gone. */
  DESTROYED: 8,
  /** 'close' was emitted. */
  CLOSED: 16,
  /** `pause()` was called. */
  PAUSED: 32,
  /** The connection carries WebSocket frames. */
  ADOPTED: 64,
  /** The object is a real Duplex in front of a `net.Socket` of Node. */
  STREAM: 128,
  /** The server does not count it any more. */
  LEFT: 256
};
