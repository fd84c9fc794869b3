'use strict';

/**
 * Events of a client run in the async context of the call that created it, as in `ws`, where they
 * come from a socket that this call opened. Events of a server's connections have no context, and
 * do without this.
 *
 * @module lib/ws/client-scope
 */

const { AsyncResource } = require('node:async_hooks');

const {
  kClosed,
  kCloseFrame,
  kClosing,
  kEnd,
  kMessage,
  kPing,
  kPong,
  kProtocolError
} = require('../core/symbols');

/** Stands between the core and a client: the core calls it, it calls the client in its context. */
class ClientScope {
  #resource = new AsyncResource('WebSocket');
  #ws;

  /** @param {import('./websocket')} ws a client that is being constructed */
  constructor(ws) {
    this.#ws = ws;
  }

  static {
    for (const callback of [
      kClosed,
      kCloseFrame,
      kClosing,
      kEnd,
      kMessage,
      kPing,
      kPong,
      kProtocolError
    ]) {
      ClientScope.prototype[callback] = function inScope(a, b, c) {
        const ws = this.#ws;

        this.#resource.runInAsyncScope(ws[callback], ws, a, b, c);
      };
    }
  }
}

module.exports = { ClientScope };
