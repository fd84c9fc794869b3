'use strict';

/**
 * The `wss` face: the class `Server` with two factories.
 *
 * @module lib/wss
 */

const http = require('node:http');
const https = require('node:https');

const { NativeServer } = require('../core/native-server');
const Server = require('./server');

/**
 * Makes a server that does not listen yet.
 *
 * @param {object|Function} [options] With `key` and `cert`, or `pfx`: options of
 *     `https.createServer()`. Nothing else is read, as in the original. May be left out
 * @param {function(object): void} [connectionListener] A 'connection' listener
 * @returns {Server}
 */
function createServer(options = {}, connectionListener) {
  if (typeof options === 'function') {
    connectionListener = options;
    options = {};
  }

  const secure = (options.key && options.cert) || options.pfx;
  const server = secure
    ? https.createServer(options, requireUpgrade)
    : new NativeServer({ plain: 'request', requestListener: requireUpgrade });

  return createServerFrom(server, connectionListener);
}

/**
 * Makes a server on an existing one, which keeps its request listeners.
 *
 * @param {import('node:http').Server|import('node:https').Server} server
 * @param {function(object): void} [connectionListener] A 'connection' listener
 * @param {object} [options] Of {@link Server}; gets `server` assigned
 * @returns {Server}
 * @throws {Error} Without a server
 */
function createServerFrom(server, connectionListener, options = {}) {
  if (server === undefined) throw new Error('must provide server');

  const wss = new Server(Object.assign(options, { server }));

  return connectionListener ? wss.on('connection', connectionListener) : wss;
}

/** The answer to requests without upgrade, header names in lower case. */
function requireUpgrade(request, response) {
  const body = http.STATUS_CODES[426];

  response.writeHead(426, { 'content-length': body.length, 'content-type': 'text/plain' });
  response.end(body);
}

module.exports = Server;
module.exports.createServer = createServer;
module.exports.createServerFrom = createServerFrom;
