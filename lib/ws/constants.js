'use strict';

/**
 * Values shared by the modules of the `ws` face.
 *
 * @module lib/ws/constants
 */

/** Whether this runtime has a global Blob. */
const hasBlob = typeof Blob !== 'undefined';

module.exports = {
  /** The values that `binaryType` accepts; the first is the default. */
  BINARY_TYPES: Object.freeze(
    ['nodebuffer', 'arraybuffer', 'fragments'].concat(hasBlob ? ['blob'] : [])
  ),

  /** Default of the `closeTimeout` option, milliseconds. */
  CLOSE_TIMEOUT: 30_000,

  EMPTY_BUFFER: Buffer.alloc(0),
  hasBlob,

  /** Defaults of the options that the server and the client have in common. */
  CONNECTION_DEFAULTS: Object.freeze({
    allowSynchronousEvents: true,
    autoPong: true,
    closeTimeout: 30_000,
    maxBufferedChunks: 256 * 1024,
    maxFragments: 16 * 1024,
    maxPayload: 100 * 1024 * 1024,
    maxPendingAutoPongs: 60,
    skipUTF8Validation: false
  }),

  /** The four values of `readyState`. */
  CONNECTING: 0,
  OPEN: 1,
  CLOSING: 2,
  CLOSED: 3,

  STATE_NAMES: Object.freeze(['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED']),

  // On a WebSocket; symbols, so that no member of a subclass can collide with them.
  /** The core's handle, null before the socket is there. */
  kHandle: Symbol('kHandle'),
  /** The queue behind a Blob that is being read, else null. */
  kQueue: Symbol('kQueue'),
  /** A client's async context, null on a server. */
  kScope: Symbol('kScope'),
  /** Whether permessage-deflate was negotiated. */
  kDeflates: Symbol('kDeflates'),
  /** Whether the next `send()` continues a fragmented message. */
  kFragmented: Symbol('kFragmented'),
  /** Whether automatic pongs go through a `pong()` that somebody has overridden. */
  kOwnPongs: Symbol('kOwnPongs'),
  /** On a prototype: the `pong()` that only sends a pong, so that the core may do it as well. */
  kPlainPong: Symbol('kPlainPong'),
  /** The error of a broken rule that has not been emitted yet, else null. */
  kFailure: Symbol('kFailure'),
  /** Whether the peer has broken a rule. */
  kFailed: Symbol('kFailed'),

  /** On a socket: the WebSocket that it carries. */
  kWebSocket: Symbol('kWebSocket'),

  /** On a WebSocket: the server that tracks it in `clients`, or null. */
  kServer: Symbol('kServer'),

  /** On a WebSocketServer: `(ws)`, a tracked WebSocket is closed. */
  kForget: Symbol('kForget'),

  NOOP() {}
};
