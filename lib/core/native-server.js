'use strict';

const dns = require('node:dns');
const { EventEmitter } = require('node:events');
const http = require('node:http');
const net = require('node:net');

const { hub } = require('./hub');
const { listenCallback, listenDestination } = require('./listen-arguments');
const { NativeListener } = require('./native-listener');
const { PlainHttp } = require('./plain-http');
const { codedError, listenError } = require('./socket-errors');
const { systemError } = require('./system-error');

const kListener = Symbol('kListener');
const kPlain = Symbol('kPlain');
const kRouted = Symbol('kRouted');
const kRejectUnhandled = Symbol('kRejectUnhandled');
const kHttp = Symbol('kHttp');
const kAddress = Symbol('kAddress');
const kAttempt = Symbol('kAttempt');
const kDraining = Symbol('kDraining');
const kUnref = Symbol('kUnref');

/** Makes `class ... extends` use http.Server's prototype without running its constructor. */
function ServerShape() {}
ServerShape.prototype = http.Server.prototype;

/**
 * What `http.Server` is to the faces, on the listener of the Rust core: it accepts, reads request
 * heads, routes and refuses without JavaScript, and gives upgrade requests to its 'upgrade'
 * listeners. `instanceof http.Server`.
 *
 * Events:
 * - 'listening'(), 'error'(Error), 'close'() as `net.Server`;
 * - 'upgrade'(request, socket, head), as `http.Server`; with `routed` the matched path is the
 *   fourth argument. `socket` is a NativeSocket, or a `net.Socket` after a plain request on the
 *   same connection;
 * - 'unhandled'(request, socket, head) with `routed`: no path matched. With `rejectUnhandled` it
 *   was answered with 400 and destroyed; otherwise `socket` is an open `net.Socket` that belongs to
 *   the listener;
 * - 'request'(request, response) and the other events of `http.Server` for requests without
 *   upgrade. The first 'request' listener makes the server give such connections to an
 *   `http.Server` of Node; without one the core answers 426.
 */
class NativeServer extends ServerShape {
  /**
   * @param {object} [options]
   * @param {'answer'|'request'} [options.plain='answer'] Who answers requests without upgrade: the
   *     core (426), or the 'request' listeners
   * @param {boolean} [options.routed=false] Match the paths given to `addRoute()`
   * @param {boolean} [options.rejectUnhandled=true] With `routed`: refuse other paths
   * @param {Function} [options.requestListener] A 'request' listener
   */
  constructor(options = {}) {
    super();
    EventEmitter.call(this);

    this.allowHalfOpen = true;
    this.timeout = 0;
    this._connections = 0;
    this[kPlain] = options.plain || 'answer';
    this[kRouted] = options.routed === true;
    this[kRejectUnhandled] = options.rejectUnhandled !== false;
    this[kHttp] = null;
    this[kAddress] = null;
    this[kAttempt] = 0;
    this[kDraining] = 0;
    this[kUnref] = false;
    this[kListener] = new NativeListener(hub, this);

    EventEmitter.prototype.on.call(this, 'newListener', onNewListener);
    if (options.requestListener) this.on('request', options.requestListener);
  }

  /** @type {boolean} */
  get listening() {
    return this[kListener].id !== -1;
  }

  get _handle() {
    return null;
  }

  set _handle(handle) {}

  /**
   * As `net.Server#listen`, in all its forms. Unlike there a host given as an address is bound
   * at once, so that `address()` holds when this returns.
   *
   * @param {...*} args
   * @returns {this}
   * @throws {Error} ERR_SERVER_ALREADY_LISTEN, ERR_SOCKET_BAD_PORT, ERR_INVALID_ARG_VALUE
   */
  listen(...args) {
    if (this.listening) {
      throw codedError(
        'Listen method has been called more than once without closing.',
        'ERR_SERVER_ALREADY_LISTEN'
      );
    }

    const callback = listenCallback(args);
    if (callback !== null) this.once('listening', callback);

    const destination = listenDestination(args);
    const attempt = ++this[kAttempt];

    if (destination.signal !== undefined) closeOnAbort(this, destination.signal);

    if (destination.host === undefined || net.isIP(destination.host) !== 0) {
      bind(this, destination);
      return this;
    }

    dns.lookup(destination.host, (err, address) => {
      // Closed, or listening somewhere else by now.
      if (attempt !== this[kAttempt]) return;

      if (err) this.emit('error', err);
      else bind(this, { ...destination, host: address });
    });

    return this;
  }

  /** @returns {{ address: string, family: string, port: number }|string|null} */
  address() {
    return this[kAddress];
  }

  /**
   * Stops listening. 'close' follows when every connection, upgraded ones included, has ended.
   *
   * @param {function(Error=): void} [cb] A one-time 'close' listener; gets ERR_SERVER_NOT_RUNNING
   *     if the server was not listening
   * @returns {this}
   */
  close(cb) {
    this[kAttempt]++;

    if (typeof cb === 'function') {
      if (this.listening) {
        this.once('close', cb);
      } else {
        this.once('close', () => {
          cb(codedError('Server is not running.', 'ERR_SERVER_NOT_RUNNING'));
        });
      }
    }

    if (this.listening) {
      this[kDraining]++;
      this[kListener].close();
      if (typeof this[kAddress] === 'object') this[kAddress] = null;
      if (this[kHttp] !== null) this[kHttp].close();
    }

    emitCloseIfDrained(this);

    return this;
  }

  /** Ends the kept-alive connections of the 'request' listeners that wait for a request. */
  closeIdleConnections() {
    if (this[kHttp] !== null) this[kHttp].server.closeIdleConnections();
  }

  /** Ends the connections of the 'request' listeners. Upgraded ones are left alone, as in Node. */
  closeAllConnections() {
    if (this[kHttp] !== null) this[kHttp].server.closeAllConnections();
  }

  /**
   * @param {function(Error|null, number): void} cb Gets the number of connections that JavaScript
   *     has seen
   * @returns {this}
   */
  getConnections(cb) {
    process.nextTick(cb, null, this._connections);
    return this;
  }

  /** @returns {this} Listening holds the process; the default */
  ref() {
    this[kUnref] = false;
    if (this.listening) hub.refListener(this[kListener].id);

    return this;
  }

  /** @returns {this} Listening does not hold the process */
  unref() {
    this[kUnref] = true;
    if (this.listening) hub.unrefListener(this[kListener].id);

    return this;
  }

  /**
   * With `routed`: upgrades to this path are handled from now on. At any time, listening or not.
   *
   * @param {string} path Compared with the pathname as Node's legacy URL parser sees it
   */
  addRoute(path) {
    this[kListener].addRoute(path);
  }

  /**
   * With `routed`: the opposite of {@link NativeServer#addRoute}.
   *
   * @param {string} path
   */
  removeRoute(path) {
    this[kListener].removeRoute(path);
  }

  /** A connection that JavaScript has seen is gone. */
  connectionClosed() {
    this._connections--;
    emitCloseIfDrained(this);
  }

  /**
   * The core holds nothing of the listener any more.
   *
   * @param {number} errno Why it closed by itself, 0 if it was asked to
   */
  listenerClosed(errno) {
    if (errno !== 0) {
      this[kAddress] = null;
      this.emit('error', systemError(errno, 'accept'));
    } else {
      this[kDraining]--;
    }

    // Who has called listen() again still gets the 'close' of the first time.
    if (this.listening) process.nextTick(emitClose, this);
    else emitCloseIfDrained(this);
  }

  /**
   * A connection whose first request wants no upgrade.
   *
   * @param {net.Socket} socket
   */
  plainConnection(socket) {
    if (this[kHttp] === null) {
      this[kHttp] = new PlainHttp(this, {
        routes: this[kRouted] ? this[kListener] : null,
        rejectUnhandled: this[kRejectUnhandled]
      });
    }

    this[kHttp].accept(socket);
  }
}

module.exports = { NativeServer };

/** How often, and after how many milliseconds, an address is tried that was ours a moment ago. */
const RETRIES = 20;
const RETRY_DELAY = 5;

function bind(server, destination, retries = RETRIES) {
  const options = {
    plain: server[kPlain],
    routed: server[kRouted],
    rejectUnhandled: server[kRejectUnhandled]
  };

  try {
    server[kAddress] = server[kListener].listen(destination, options);
  } catch (err) {
    if (err.code === 'EADDRINUSE' && server[kDraining] > 0 && retries > 0) {
      // Perhaps by the listener that close() has just given up: the core is about to close it.
      bindLater(server, destination, retries - 1);
      return;
    }

    process.nextTick(emitError, server, listenError(err, destination));
    return;
  }

  if (server[kUnref]) server.unref();
  process.nextTick(emitListening, server);
}

function bindLater(server, destination, retries) {
  const attempt = server[kAttempt];

  setTimeout(() => {
    if (attempt === server[kAttempt]) bind(server, destination, retries);
  }, RETRY_DELAY);
}

function emitError(server, err) {
  server.emit('error', err);
}

function emitListening(server) {
  // Not if it was closed in the meantime.
  if (server.listening) server.emit('listening');
}

function emitCloseIfDrained(server) {
  if (isDrained(server)) process.nextTick(emitClose, server);
}

function emitClose(server) {
  server.emit('close');
}

function isDrained(server) {
  return !server.listening && server[kDraining] === 0 && server._connections === 0;
}

/** The first 'request' listener takes the plain requests from the core. */
function onNewListener(event) {
  if (this[kHttp] !== null) this[kHttp].listened(event);

  if (event === 'request' && this[kPlain] === 'answer') {
    this[kPlain] = 'request';
    if (this.listening) hub.setPlain(this[kListener].id, 'request');
  }
}

function closeOnAbort(server, signal) {
  const onAbort = () => server.close();

  if (signal.aborted) {
    process.nextTick(onAbort);
    return;
  }

  signal.addEventListener('abort', onAbort, { once: true });
  server.once('close', () => signal.removeEventListener('abort', onAbort));
}
