'use strict';

/**
 * The root export: the API of `ws` 8, and by name what the other faces offer.
 *
 * The names that `ws` does not know are not enumerable, so that whoever copies or lists the statics of the class finds those of
 * `ws`, and the faces behind them are loaded when they are first asked for.
 *
 * @module ferrows
 */

const WebSocket = require('./lib/ws');

/**
 * @param {string} name
 * @param {() => unknown} load
 */
function lend(name, load) {
  Object.defineProperty(WebSocket, name, {
    configurable: true,
    enumerable: false,
    get: load,
    set(value) {
      Object.defineProperty(WebSocket, name, { value, writable: true });
    }
  });
}

lend('MultipathServer', () => require('./lib/ws-multipath'));
lend('wss', () => require('./lib/wss'));
lend('createServer', () => require('./lib/wss').createServer);
lend('createServerFrom', () => require('./lib/wss').createServerFrom);

module.exports = WebSocket;
