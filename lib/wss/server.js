'use strict';

const { joinHead, switchingProtocols } = require('../core/handshake');
const { NativeServer } = require('../core/native-server');
const { kServer, kWebSocket } = require('../ws/constants');
const WebSocketServer = require('../ws/websocket-server');
const { isHandshake, offeredProtocols, pathnameOf, refuse, versionOf } = require('./handshake');
const WebSocket = require('./websocket');

const kDetach = Symbol('kDetach');
const kClosed = Symbol('kClosed');

/** Defaults of `ws` 2.3.1. */
const DEFAULTS = {
  maxPayload: 100 * 1024 * 1024,
  perMessageDeflate: true,
  handleProtocols: null,
  clientTracking: true,
  verifyClient: null,
  noServer: false,
  backlog: null,
  server: null,
  host: null,
  path: null,
  port: null
};

/**
 * The server class of wss: that of `ws` 2.x with `listen()`, `listening` and a `close()` that ends
 * everything. Beyond the original there are `address()` and a 'close' event, `close()` may be
 * called twice, and a closed server can listen again.
 *
 * Events: 'listening', 'error', 'close', 'headers'(lines, request), 'connection'(websocket) and,
 * just before it, `connection${request.url}`(websocket).
 */
class Server extends WebSocketServer {
  /**
   * @param {object} options One of `port`, `server` and `noServer`, if several in this order
   * @param {number} [options.port] Listen at once
   * @param {string} [options.host] Where
   * @param {number} [options.backlog=511]
   * @param {import('node:http').Server|import('node:https').Server} [options.server]
   * @param {boolean} [options.noServer=false] `handleUpgrade()` is called by the user
   * @param {string} [options.path] Accept this path only
   * @param {Function} [options.verifyClient] `(info)` or `(info, cb(result, code, message))`
   * @param {function(string[], object): string|false} [options.handleProtocols] false refuses (401)
   * @param {boolean} [options.clientTracking=true] Keep `clients`
   * @param {number} [options.maxPayload=104857600] Bytes of a message
   * @param {function(): void} [callback] A 'listening' listener of the server on `port`
   * @throws {TypeError} Without any of the three
   */
  constructor(options, callback) {
    const merged = { ...DEFAULTS, ...options };
    const hasPort = merged.port !== null && merged.port !== undefined;

    if (!hasPort && !merged.server && !merged.noServer) {
      throw new TypeError('missing or invalid options');
    }

    // The base class would attach itself in the manner of ws 8.
    super({ ...merged, WebSocket, noServer: true, server: null, port: null });

    Object.assign(this.options, merged);
    this.path = merged.path;
    this._server = null;
    this[kDetach] = null;
    this[kClosed] = false;

    if (hasPort) {
      this._server = new NativeServer({ plain: 'answer' });
      this._server.listen(merged.port, merged.host, merged.backlog, callback);
    } else if (merged.server) {
      this._server = merged.server;
    }

    attach(this);
  }

  /**
   * Listens. All forms of `net.Server#listen`.
   *
   * @param {...*} args
   * @returns {import('node:http').Server|import('node:https').Server} The server beneath, which is
   *     `this` in the callback as well
   * @throws {Error} ERR_SERVER_ALREADY_LISTEN
   */
  listen(...args) {
    attach(this);

    const server = this._server.listen(...args);

    // After the callback among the arguments.
    return server.once('listening', () => {
      this[kClosed] = false;
      this.listening = true;
    });
  }

  /**
   * Terminates the clients and closes the server beneath, even one that was given.
   *
   * @param {function(Error=): void} [fn] Called when every connection has ended; with the error of
   *     the server beneath if it was not listening
   * @returns {import('node:http').Server|import('node:https').Server|undefined} The server beneath
   */
  close(fn) {
    if (this.clients) for (const client of this.clients) client.terminate();

    if (this[kDetach] !== null) {
      this[kDetach]();
      this[kDetach] = null;
    }

    const closed = (...args) => {
      this.listening = false;
      if (!this[kClosed]) {
        this[kClosed] = true;
        this.emit('close');
      }
      if (typeof fn === 'function') fn(...args);
    };

    if (this._server !== null) return this._server.close(closed);

    process.nextTick(closed);
    return undefined;
  }

  /**
   * @returns {{ address: string, family: string, port: number }|string|null} Where it listens, null
   *     if it does not
   */
  address() {
    return this._server === null ? null : this._server.address();
  }

  /**
   * @param {import('node:http').IncomingMessage} request
   * @returns {boolean} Whether its path is the server's
   */
  shouldHandle(request) {
    const { path } = this.options;

    return !path || pathnameOf(request) === path;
  }

  /**
   * Answers an upgrade request.
   *
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:stream').Duplex} socket
   * @param {Buffer} head What was read behind the request
   * @param {function(WebSocket): void} cb Called if it is accepted
   */
  handleUpgrade(request, socket, head, cb) {
    socket.on('error', destroyOnError);

    if (!isHandshake(request) || !this.shouldHandle(request)) {
      refuse(socket, 400);
      return;
    }

    const { handleProtocols, verifyClient } = this.options;
    const offered = offeredProtocols(request);
    const protocol = handleProtocols ? handleProtocols(offered, request) : offered[0];

    if (protocol === false) {
      refuse(socket, 401);
      return;
    }

    const complete = () => this.completeUpgrade(protocol, request, socket, head, cb);

    if (!verifyClient) {
      complete();
      return;
    }

    const version = versionOf(request);
    const info = {
      origin: request.headers[version === 8 ? 'sec-websocket-origin' : 'origin'],
      secure: Boolean(request.socket.authorized || request.socket.encrypted),
      req: request
    };

    if (verifyClient.length === 2) {
      this.options.verifyClient(info, (verified, code, message) => {
        if (verified) complete();
        else refuse(socket, code || 401, message);
      });
    } else if (this.options.verifyClient(info)) {
      complete();
    } else {
      refuse(socket, 401);
    }
  }

  /**
   * Accepts an upgrade request that was checked.
   *
   * @param {string} protocol The subprotocol, empty if none
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:stream').Duplex} socket
   * @param {Buffer} head
   * @param {function(WebSocket): void} cb
   * @throws {Error} If the socket carries a WebSocket already
   * @private
   */
  completeUpgrade(protocol, request, socket, head, cb) {
    // The peer may have gone while the request was verified.
    if (!socket.readable || !socket.writable) {
      socket.destroy();
      return;
    }

    if (socket[kWebSocket]) {
      throw new Error(
        'server.handleUpgrade() was called more than once with the same socket, ' +
          'possibly due to a misconfiguration'
      );
    }

    const lines = switchingProtocols(request.headers['sec-websocket-key']);

    if (protocol) lines.push(`Sec-WebSocket-Protocol: ${protocol}`);

    this.emit('headers', lines, request);
    socket.write(joinHead(lines));
    socket.removeListener('error', destroyOnError);

    const client = new WebSocket(null, undefined, this.options);

    client.upgradeReq = request;
    client.protocolVersion = versionOf(request);
    if (protocol) client._protocol = protocol;
    client.setSocket(socket, head, this.options);

    if (this.clients) {
      this.clients.add(client);
      client[kServer] = this;
    }

    cb(client);
  }
}

/** Own property with the value true while it listens because of `listen()`. */
Server.prototype.listening = false;

module.exports = Server;

/** Listens to the server beneath, unless it does already. */
function attach(wss) {
  const server = wss._server;

  if (server === null || wss[kDetach] !== null) return;

  const listeners = {
    listening: () => wss.emit('listening'),
    error: (err) => wss.emit('error', err),
    upgrade: (request, socket, head) => {
      wss.handleUpgrade(request, socket, head, (client) => {
        wss.emit(`connection${request.url}`, client);
        wss.emit('connection', client);
      });
    }
  };

  for (const [event, listener] of Object.entries(listeners)) server.on(event, listener);

  wss[kDetach] = () => {
    for (const [event, listener] of Object.entries(listeners)) {
      server.removeListener(event, listener);
    }
  };
}

/** Listener of a socket's 'error' while the handshake lasts. */
function destroyOnError() {
  this.destroy();
}
