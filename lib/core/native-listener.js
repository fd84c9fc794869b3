'use strict';

const fs = require('node:fs');
const net = require('node:net');

const { NativeSocket } = require('./native-socket');
const { NativeRequest } = require('./request');
const { RequestRecord } = require('./request-record');
const { refuseUnrouted } = require('./unrouted');

/** Bytes behind a request stay in the core, which delivers them after the upgrade. */
const NO_HEAD = Buffer.alloc(0);

/**
 * The hub's side of a NativeServer: one listener of the core, its routes, and what the hub reports
 * about it. The methods whose names begin with `on` are the hub's to call.
 */
class NativeListener {
  /**
   * @param {object} hub lib/core/hub.js
   * @param {import('./native-server').NativeServer} server Where the events go
   */
  constructor(hub, server) {
    /** The listener's id in the hub, -1 while it does not listen. */
    this.id = -1;
    this._hub = hub;
    this._server = server;
    this._options = null;
    this._paths = new Set();
    this._pathOf = new Map();
    this._ownFd = -1;
  }

  /**
   * Binds and listens, synchronously.
   *
   * @param {import('./listen-arguments').Destination} destination `host` an address, if given
   * @param {{ plain: string, routed: boolean, rejectUnhandled: boolean }} options
   * @returns {{ address: string, family: string, port: number }|string} What was bound
   * @throws {Error} The system's
   */
  listen(destination, options) {
    const { id, address } = this._hub.listen(targetOf(destination), options, this);

    this.id = id;
    this._options = options;
    this._pathOf.clear();
    for (const path of this._paths) this._pathOf.set(this._hub.addRoute(id, path), path);

    // The core has a duplicate; a bare descriptor was given away for good.
    if (destination.fd !== undefined && !destination.duplicate) this._ownFd = destination.fd;
    if (destination.readableAll || destination.writableAll) openToAll(destination);

    return address;
  }

  /** Stops accepting. `server.listenerClosed()` follows. */
  close() {
    this._hub.closeListener(this.id);
    this.id = -1;

    if (this._ownFd !== -1) {
      fs.close(this._ownFd, () => {});
      this._ownFd = -1;
    }
  }

  /** @param {string} path Routed from now on */
  addRoute(path) {
    if (this._paths.has(path)) return;

    this._paths.add(path);
    if (this.id !== -1) this._pathOf.set(this._hub.addRoute(this.id, path), path);
  }

  /** @param {string} path Not routed any more */
  removeRoute(path) {
    if (this._paths.delete(path) && this.id !== -1) this._hub.removeRoute(this.id, path);
  }

  /**
   * @param {string|null} path
   * @returns {boolean} Whether it is routed
   */
  hasRoute(path) {
    return this._paths.has(path);
  }

  /**
   * An upgrade request that JavaScript has to answer.
   *
   * @param {number} id The connection's
   * @param {{ bytes: Buffer, offset: number }} view The REQUEST payload
   */
  onRequest(id, view) {
    const server = this._server;
    const record = new RequestRecord(view);

    if (!this._options.routed) {
      const { request, socket } = this._connect(id, record);

      if (!server.emit('upgrade', request, socket, NO_HEAD)) socket.destroy();
      return;
    }

    const path = this._pathOf.get(record.route);

    if (path !== undefined && this._paths.has(path)) {
      const { request, socket } = this._connect(id, record);

      if (!server.emit('upgrade', request, socket, NO_HEAD, path)) socket.destroy();
    } else if (this._options.rejectUnhandled) {
      // The route was removed while the request was on its way.
      const { request, socket } = this._connect(id, record);

      refuseUnrouted(socket);
      server.emit('unhandled', request, socket, NO_HEAD);
    } else {
      this._giveAway(id, record);
    }
  }

  /**
   * An upgrade request without a route; the core has refused it and closed the connection.
   *
   * @param {{ bytes: Buffer, offset: number }} view The REQUEST payload
   */
  onUnhandled(view) {
    const { request, socket } = this._connect(-1, new RequestRecord(view));

    // A destroyed socket of Node reports 'close' soon after.
    process.nextTick(closed, socket);
    this._server.emit('unhandled', request, socket, NO_HEAD);
  }

  /**
   * A connection whose request wants no upgrade.
   *
   * @param {number} fd
   * @param {Buffer} read What was read from it, the request included
   */
  onHandedOver(fd, read) {
    const socket = this._openSocket(fd);

    if (read.length > 0) socket.unshift(read);
    this._server.plainConnection(socket);
  }

  /**
   * The core holds nothing of the listener any more.
   *
   * @param {number} errno Why it closed by itself, 0 if it was asked to
   */
  onClosed(errno) {
    if (errno !== 0) this.id = -1;
    this._server.listenerClosed(errno);
  }

  /** Makes what an 'upgrade' listener gets, and counts it. */
  _connect(id, record) {
    const socket = new NativeSocket(this._hub, id, record, this._server);

    this._server._connections++;
    if (id !== -1) this._hub.attach(id, socket);

    return { request: new NativeRequest(record, socket), socket };
  }

  /** Gives an unrouted connection to the application, as a socket of Node. */
  _giveAway(id, record) {
    const server = this._server;

    // The connection may end before its descriptor arrives.
    server._connections++;
    this._hub.attach(id, {
      onEnd() {},
      onWritten() {},
      onClosed() {
        server.connectionClosed();
      }
    });

    this._hub.handOver(id, (fd, read) => {
      const socket = this._openSocket(fd);

      server.connectionClosed();
      server.emit('unhandled', new NativeRequest(record, socket), socket, read);
    });
  }

  _openSocket(fd) {
    const server = this._server;
    // As Node's HTTP server opens them.
    const socket = new net.Socket({ fd, readable: true, writable: true, allowHalfOpen: true });

    socket.server = server;
    server._connections++;
    socket.once('close', () => server.connectionClosed());

    return socket;
  }
}

module.exports = { NativeListener };

function targetOf({ port, host, ipv6Only, reusePort, path, fd, backlog }) {
  if (fd !== undefined) return { fd, backlog };
  if (path !== undefined) return { path, backlog };

  return { port, host, ipv6Only, reusePort, backlog };
}

/** `readableAll` and `writableAll` of a Unix socket: its file's permissions. */
function openToAll({ path, readableAll, writableAll }) {
  const { mode } = fs.statSync(path);

  fs.chmodSync(path, (mode & 0o777) | (readableAll ? 0o444 : 0) | (writableAll ? 0o222 : 0));
}

function closed(socket) {
  socket.onClosed(0);
}
