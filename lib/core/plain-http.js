'use strict';

const http = require('node:http');
const url = require('node:url');

const { refuseUnrouted } = require('./unrouted');

/** Events of `http.Server` whose listeners change what it does; passed on once somebody listens. */
const FORWARDED_ON_DEMAND = [
  'checkContinue',
  'checkExpectation',
  'clientError',
  'connect',
  'connection',
  'dropRequest'
];

/** Limits that users set on an `http.Server`. */
const LIMITS = [
  'headersTimeout',
  'keepAliveTimeout',
  'maxHeadersCount',
  'maxRequestsPerSocket',
  'requestTimeout',
  'timeout'
];

/**
 * The `http.Server` of Node behind a NativeServer: it never listens, and gets the connections whose
 * first request wants no upgrade. What it reports appears as events of the NativeServer, so that a
 * connection which is upgraded after some plain requests looks like any other.
 */
class PlainHttp {
  /**
   * @param {import('./native-server').NativeServer} owner Where the events go
   * @param {object} options
   * @param {import('./native-listener').NativeListener|null} options.routes Of a routed server
   * @param {boolean} options.rejectUnhandled With routes: refuse other paths
   */
  constructor(owner, { routes, rejectUnhandled }) {
    this.server = http.createServer();
    this._owner = owner;
    this._routes = routes;
    this._rejectUnhandled = rejectUnhandled;

    for (const limit of LIMITS) {
      if (owner[limit] !== undefined) this.server[limit] = owner[limit];
    }

    this.server.on('request', (request, response) => owner.emit('request', request, response));
    this.server.on('upgrade', (request, socket, head) => this._upgrade(request, socket, head));
    for (const event of FORWARDED_ON_DEMAND) {
      if (owner.listenerCount(event) > 0) this._forward(event);
    }

    // Starts the clock of headersTimeout and requestTimeout, which listening would start.
    this.server.emit('listening');
  }

  /**
   * @param {import('node:net').Socket} socket Its first request unread
   */
  accept(socket) {
    this.server.emit('connection', socket);
  }

  /** The owner has got a listener for an event. */
  listened(event) {
    if (FORWARDED_ON_DEMAND.includes(event) && this.server.listenerCount(event) === 0) {
      this._forward(event);
    }
  }

  /** The owner does not listen any more: connections that wait for a request are ended. */
  close() {
    this.server.close();
  }

  _forward(event) {
    this.server.on(event, (...args) => this._owner.emit(event, ...args));
  }

  _upgrade(request, socket, head) {
    if (this._routes === null) {
      if (!this._owner.emit('upgrade', request, socket, head)) socket.destroy();
      return;
    }

    const path = pathnameOf(request.url);

    if (path !== null && this._routes.hasRoute(path)) {
      if (!this._owner.emit('upgrade', request, socket, head, path)) socket.destroy();
      return;
    }

    if (this._rejectUnhandled) refuseUnrouted(socket);
    this._owner.emit('unhandled', request, socket, head);
  }
}

module.exports = { PlainHttp };

/**
 * The path by which a request is routed: that of Node's legacy parser, which ws-multipath uses and
 * the core repeats.
 *
 * @param {string} target
 * @returns {string|null}
 */
function pathnameOf(target) {
  try {
    return url.parse(target).pathname;
  } catch {
    // It throws at some hosts; nothing can be registered there.
    return null;
  }
}
