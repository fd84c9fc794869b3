'use strict';

/**
 * Names shared by the core and the faces. The first eight are the callbacks that a connection's owner (the face's WebSocket object)
 * implements; symbols, so that no member of a user's subclass can collide with them.
 *
 * @module lib/core/symbols
 */

module.exports = {
  /** `(data: Buffer, isBinary: boolean, fragments: Uint32Array | undefined)`: a complete message. */
  kMessage: Symbol('kMessage'),
  /** `(data: Buffer, owed: boolean)`: a ping; `owed` if nobody has answered it yet. */
  kPing: Symbol('kPing'),
  /** `(data: Buffer)`: a pong. */
  kPong: Symbol('kPong'),
  /** `(code: number, reason: Buffer)`: the peer's close frame, 1005 if it was empty. */
  kCloseFrame: Symbol('kCloseFrame'),
  /** `(err: Error)`: the peer broke a rule; nothing is parsed any more. */
  kProtocolError: Symbol('kProtocolError'),
  /** `()`: the peer sent FIN. */
  kEnd: Symbol('kEnd'),
  /** `()`: the socket is closed; its own 'close' listeners run now, and `kClosed` follows in the next tick. */
  kClosing: Symbol('kClosing'),
  /** `(err: Error | null)`: the socket is closed; the last callback. */
  kClosed: Symbol('kClosed'),
  /** On an error: the close code it asks for (RFC 6455, 7.4.1). */
  kStatusCode: Symbol('kStatusCode')
};
