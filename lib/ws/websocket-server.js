'use strict';

/**
 * The WebSocketServer class of the `ws` face.
 *
 * @module lib/ws/websocket-server
 */

const EventEmitter = require('node:events');

const {
  BAD_SUBPROTOCOL,
  checkRequest,
  joinHead,
  refuse,
  switchingProtocols
} = require('../core/handshake');
const { NativeServer } = require('../core/native-server');
const { CONNECTION_DEFAULTS, kForget, kServer, kWebSocket } = require('./constants');
const extension = require('./extension');
const { clientInfo, negotiate, offeredProtocols } = require('./negotiation');
const PerMessageDeflate = require('./permessage-deflate');
const WebSocket = require('./websocket');

const DEFLATE = PerMessageDeflate.extensionName;

/** Values of `_state`. */
const RUNNING = 0;
const CLOSING = 1;
const CLOSED = 2;

/** A WebSocket server with a listener of its own, on a user's HTTP server, or without any. */
class WebSocketServer extends EventEmitter {
  /**
   * @param {object} options exactly one of `port`, `server` and `noServer` must be given
   * @param {boolean} [options.allowSynchronousEvents=true] several events in one tick
   * @param {boolean} [options.autoPong=true] answer pings
   * @param {number} [options.backlog=511] connections that wait to be accepted
   * @param {boolean} [options.clientTracking=true] keep `clients`
   * @param {number} [options.closeTimeout=30000] limit of the closing handshake, milliseconds
   * @param {(protocols: Set<string>, request: object) => string | false} [options.handleProtocols]
   *     chooses a subprotocol; the first one without it
   * @param {string} [options.host] address to bind; all without it
   * @param {number} [options.maxBufferedChunks=262144] chunks that wait for the rest of a frame
   * @param {number} [options.maxFragments=16384] frames of a message
   * @param {number} [options.maxPayload=104857600] bytes of a message
   * @param {number} [options.maxPendingAutoPongs=60] automatic pongs that are not written yet
   * @param {boolean} [options.noServer=false] `handleUpgrade()` is called by the user
   * @param {string} [options.path] path of the requests to accept
   * @param {boolean | object} [options.perMessageDeflate=false] agree to permessage-deflate
   * @param {number} [options.port] port to listen on
   * @param {import('node:http').Server | import('node:https').Server} [options.server] HTTP server
   * @param {boolean} [options.skipUTF8Validation=false] take text as it comes
   * @param {Function} [options.verifyClient] accepts or refuses requests
   * @param {typeof WebSocket} [options.WebSocket=WebSocket] class of the connections
   * @param {() => void} [callback] listener of 'listening', only with `port`
   * @throws {TypeError} unless exactly one of the three options is there
   */
  constructor(options, callback) {
    super();

    const merged = {
      ...CONNECTION_DEFAULTS,
      perMessageDeflate: false,
      handleProtocols: null,
      clientTracking: true,
      verifyClient: null,
      noServer: false,
      backlog: null,
      server: null,
      host: null,
      path: null,
      port: null,
      WebSocket,
      ...options
    };
    const hasPort = merged.port !== null && merged.port !== undefined;

    if (Number(hasPort) + Number(!!merged.server) + Number(!!merged.noServer) !== 1) {
      throw new TypeError(
        'One and only one of the "port", "server", or "noServer" options must be specified'
      );
    }

    if (hasPort) {
      this._server = new NativeServer({ plain: 'answer' });
      this._server.listen(merged.port, merged.host, merged.backlog, callback);
    } else if (merged.server) {
      this._server = merged.server;
    }

    if (this._server) this._removeListeners = attach(this, this._server);

    if (merged.perMessageDeflate === true) merged.perMessageDeflate = {};
    if (merged.clientTracking) {
      /** The open connections; absent without `clientTracking`. */
      this.clients = new Set();
      this._shouldEmitClose = false;
    }

    this.options = merged;
    this._state = RUNNING;
  }

  /**
   * @returns {object | string | null} where the server listens, as `net.Server#address()`; null
   *     once it is closing
   * @throws {Error} if it does not listen itself
   */
  address() {
    if (this.options.noServer) {
      throw new Error('The server is operating in "noServer" mode');
    }

    return this._server ? this._server.address() : null;
  }

  /**
   * Accepts no more connections; the ones that are open stay. 'close' follows when the listener
   * is closed and, unless they are not tracked, the last connection.
   *
   * @param {(err?: Error) => void} [cb] called once on 'close', with an error if the server was
   *     closed already
   */
  close(cb) {
    if (this._state === CLOSED) {
      if (cb) this.once('close', () => cb(new Error('The server is not running')));

      process.nextTick(emitClose, this);
      return;
    }

    if (cb) this.once('close', cb);

    if (this._state === CLOSING) return;
    this._state = CLOSING;

    const server = this._server;

    if (server) {
      this._removeListeners();
      this._removeListeners = this._server = null;
    }

    if (!this.options.noServer && !this.options.server) {
      server.close(() => emitClose(this));
    } else if (this.clients && this.clients.size !== 0) {
      this._shouldEmitClose = true;
    } else {
      process.nextTick(emitClose, this);
    }
  }

  /**
   * Decides by the path whether a request is for this server; may be overridden.
   *
   * @param {import('node:http').IncomingMessage} req the request
   * @returns {boolean} false refuses it with status 400
   */
  shouldHandle(req) {
    const { path } = this.options;

    if (!path) return true;

    const query = req.url.indexOf('?');
    return (query === -1 ? req.url : req.url.slice(0, query)) === path;
  }

  /**
   * Answers an upgrade request.
   *
   * @param {import('node:http').IncomingMessage} req the request
   * @param {import('node:stream').Duplex} socket its socket
   * @param {Buffer} head what was read behind the request
   * @param {(ws: WebSocket, req: object) => void} cb called if the connection is accepted
   */
  handleUpgrade(req, socket, head, cb) {
    let problem = checkRequest(req);

    if (problem !== null) {
      refuseOrReport(this, req, socket, problem);
      return;
    }

    if (!this.shouldHandle(req)) {
      guard(socket);
      refuse(socket, 400);
      return;
    }

    const protocols = offeredProtocols(req);
    const extensions = {};

    problem = protocols === null ? BAD_SUBPROTOCOL : negotiate(this.options, req, extensions);

    if (problem !== null) {
      refuseOrReport(this, req, socket, problem);
      return;
    }

    const key = req.headers['sec-websocket-key'];
    const { verifyClient } = this.options;

    if (!verifyClient) {
      this.completeUpgrade(extensions, key, protocols, req, socket, head, cb);
      return;
    }

    const info = clientInfo(req);

    if (verifyClient.length !== 2) {
      if (this.options.verifyClient(info)) {
        this.completeUpgrade(extensions, key, protocols, req, socket, head, cb);
      } else {
        guard(socket);
        refuse(socket, 401);
      }
      return;
    }

    guard(socket);

    // Nothing reads the socket meanwhile, so early frames wait in it.
    this.options.verifyClient(info, (verified, code, message, headers) => {
      if (verified) this.completeUpgrade(extensions, key, protocols, req, socket, head, cb);
      else refuse(socket, code || 401, message, headers);
    });
  }

  /**
   * Accepts an upgrade request that was checked.
   *
   * @param {object} extensions the negotiated extensions
   * @param {string} key the value of Sec-WebSocket-Key
   * @param {Set<string>} protocols the subprotocols offered
   * @param {import('node:http').IncomingMessage} req the request
   * @param {import('node:stream').Duplex} socket its socket
   * @param {Buffer} head what was read behind the request
   * @param {(ws: WebSocket, req: object) => void} cb called with the connection
   * @throws {Error} if the socket carries a WebSocket already
   */
  completeUpgrade(extensions, key, protocols, req, socket, head, cb) {
    // The peer may have ended or gone while the request was verified.
    if (!socket.readable || !socket.writable) {
      guard(socket);
      socket.destroy();
      return;
    }

    if (socket[kWebSocket]) {
      throw new Error(
        'server.handleUpgrade() was called more than once with the same socket, ' +
          'possibly due to a misconfiguration'
      );
    }

    if (this._state > RUNNING) {
      guard(socket);
      refuse(socket, 503);
      return;
    }

    const { options } = this;
    const lines = switchingProtocols(key);
    const ws = new options.WebSocket(null, undefined, options);

    if (protocols.size !== 0) {
      const protocol = options.handleProtocols
        ? options.handleProtocols(protocols, req)
        : protocols.values().next().value;

      if (protocol) {
        lines.push(`Sec-WebSocket-Protocol: ${protocol}`);
        ws._protocol = protocol;
      }
    }

    if (extensions[DEFLATE]) {
      const value = extension.format({ [DEFLATE]: extensions[DEFLATE].params });

      lines.push(`Sec-WebSocket-Extensions: ${value}`);
      ws._extensions = extensions;
    }

    this.emit('headers', lines, req);

    socket.write(joinHead(lines));
    socket.removeListener('error', destroyOnError);

    ws.setSocket(socket, head, {
      allowSynchronousEvents: options.allowSynchronousEvents,
      maxBufferedChunks: options.maxBufferedChunks,
      maxFragments: options.maxFragments,
      maxPayload: options.maxPayload,
      skipUTF8Validation: options.skipUTF8Validation
    });

    if (this.clients) {
      this.clients.add(ws);
      ws[kServer] = this;
    }

    cb(ws, req);
  }

  /**
   * A tracked connection is closed.
   *
   * @param {WebSocket} ws the connection, about to emit 'close'
   */
  [kForget](ws) {
    this.clients.delete(ws);

    if (this._shouldEmitClose && this.clients.size === 0) process.nextTick(emitClose, this);
  }
}

/**
 * Listens to the server that accepts the connections.
 *
 * @param {WebSocketServer} wss the WebSocket server
 * @param {EventEmitter} server the server
 * @returns {() => void} removes the listeners
 */
function attach(wss, server) {
  const emitConnection = wss.emit.bind(wss, 'connection');
  const listeners = {
    listening: wss.emit.bind(wss, 'listening'),
    error: wss.emit.bind(wss, 'error'),
    upgrade: (req, socket, head) => wss.handleUpgrade(req, socket, head, emitConnection)
  };

  for (const event of Object.keys(listeners)) server.on(event, listeners[event]);

  return () => {
    for (const event of Object.keys(listeners)) server.removeListener(event, listeners[event]);
  };
}

/**
 * Refuses a request, or leaves the socket to a listener of 'wsClientError'.
 *
 * @param {WebSocketServer} wss the WebSocket server
 * @param {object} req the request
 * @param {import('node:stream').Duplex} socket its socket
 * @param {import('../core/handshake').Refusal} problem why
 */
function refuseOrReport(wss, req, socket, problem) {
  guard(socket);

  if (wss.listenerCount('wsClientError') !== 0) {
    wss.emit('wsClientError', new Error(problem.message), socket, req);
  } else {
    refuse(socket, problem.status, problem.message, problem.headers);
  }
}

/** @param {WebSocketServer} wss a server that is closed now */
function emitClose(wss) {
  wss._state = CLOSED;
  wss.emit('close');
}

/**
 * Keeps errors of a socket that carries no WebSocket from being thrown. The listener that this
 * takes costs 200 bytes for good, so a handshake that succeeds at once does without.
 *
 * @param {import('node:stream').Duplex} socket the socket
 */
function guard(socket) {
  if (!socket.listeners('error').includes(destroyOnError)) socket.on('error', destroyOnError);
}

/** Listener of a socket's 'error' while the handshake lasts. */
function destroyOnError() {
  this.destroy();
}

module.exports = WebSocketServer;
