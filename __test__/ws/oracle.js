'use strict';

/**
 * Runs a scenario on the original `ws` and on this package's `ws` face, and compares the traces.
 *
 * A scenario is an async function of a {@link Stage}; it acts, and writes down what it sees with
 * `stage.log()`. Server scenarios run once for each way to get at a connection, since these are
 * different roads through the core.
 */

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const { Duplex } = require('node:stream');
const { test } = require('node:test');

const original = require('ws');
const ours = require('../../lib/ws');
const { RawPeer } = require('./raw-peer');

/** Milliseconds that one run may take. */
const LIMIT = 10_000;

/** `port`: native listener. `server`, `noServer`: sockets of Node. `duplex`: no descriptor. */
const SERVER_MODES = ['port', 'server', 'noServer', 'duplex'];

/** What a run of a scenario acts on. */
class Stage {
  #cleanups = [];

  /**
   * @param {Function} WebSocket the implementation
   * @param {string} mode one of `SERVER_MODES`
   */
  constructor(WebSocket, mode) {
    this.WebSocket = WebSocket;
    this.mode = mode;
    this.trace = [];
    this.port = 0;
  }

  /** Notes something; Buffers, errors and WebSockets are made comparable. */
  log(...items) {
    this.trace.push(items.map(comparable));
  }

  /** @param {() => any} cleanup run after the scenario, latest first */
  after(cleanup) {
    this.#cleanups.push(cleanup);
  }

  /**
   * Starts a server.
   *
   * @param {object} [options] of WebSocketServer
   * @returns {Promise<object>} the WebSocketServer; `stage.port` is its port
   */
  async serve(options = {}) {
    const { WebSocketServer } = this.WebSocket;

    if (this.mode === 'port') {
      const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
      this.after(() => wss.clients?.forEach((ws) => ws.terminate()));
      this.after(() => wss.close());
      await once(wss, 'listening');
      this.port = wss.address().port;
      return wss;
    }

    const server = http.createServer();
    this.httpServer = server;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.port = server.address().port;
    this.after(() => {
      server.close();
      server.closeAllConnections();
    });

    const attached = this.mode === 'server' ? { server } : { noServer: true };
    const wss = new WebSocketServer({ ...attached, ...options });
    this.after(() => wss.clients?.forEach((ws) => ws.terminate()));

    if (this.mode !== 'server') {
      server.on('upgrade', (request, socket, head) => {
        const stream = this.mode === 'duplex' ? asDuplex(socket) : socket;
        wss.handleUpgrade(request, stream, head, (ws) => wss.emit('connection', ws, request));
      });
    }

    return wss;
  }

  /** @returns {Promise<RawPeer>} a bare connection to the server */
  async raw() {
    const peer = await RawPeer.connect(this.port);
    this.after(() => peer.socket.destroy());
    return peer;
  }

  /**
   * Opens a WebSocket from a bare socket.
   *
   * @param {object} [wss] the server, to wait for its side of it
   * @param {object} [change] of the request, see `raw-peer.js`
   * @param {Buffer} [early] bytes in the same packet as the request
   * @returns {Promise<{peer: RawPeer, ws: object}>} both ends
   */
  async open(wss, change, early) {
    const connected = once(wss, 'connection');
    const peer = await this.raw();
    await peer.upgrade(change, early);
    const [ws] = await connected;
    return { peer, ws };
  }

  /** @returns {object} a client of the same implementation */
  client(...args) {
    const [first, ...rest] = args;
    const address =
      typeof first === 'string' && /^[a-z+]+:/.test(first)
        ? first
        : `ws://127.0.0.1:${this.port}${first ?? '/'}`;
    // The original offers permessage-deflate unless told otherwise.
    if (typeof rest.at(-1) !== 'object' || Array.isArray(rest.at(-1))) rest.push({});
    rest.at(-1).perMessageDeflate ??= false;
    const ws = new this.WebSocket(address, ...rest);
    this.after(() => {
      ws.on('error', () => {});
      ws.terminate();
    });
    return ws;
  }

  /** Logs the events of a WebSocket with its state at the time. */
  watch(ws, label = 'ws', events = ['open', 'message', 'ping', 'pong', 'error', 'close']) {
    for (const event of events) {
      ws.on(event, (...args) => this.log(label, event, ws.readyState, ...args));
    }
    return ws;
  }

  async finish() {
    for (const cleanup of this.#cleanups.reverse()) await cleanup();
  }
}

/** @returns {Duplex} a stream with no descriptor of its own over a socket */
function asDuplex(socket) {
  const duplex = new Duplex({
    allowHalfOpen: true,
    read() {
      socket.resume();
    },
    write(chunk, encoding, callback) {
      socket.write(chunk, encoding, callback);
    },
    final(callback) {
      socket.end(callback);
    },
    destroy(err, callback) {
      socket.destroy();
      callback(err);
    }
  });

  socket.on('data', (chunk) => {
    if (!duplex.push(chunk)) socket.pause();
  });
  socket.on('end', () => duplex.push(null));
  socket.on('error', (err) => duplex.destroy(err));
  socket.on('close', () => duplex.destroy());
  return duplex;
}

/** @returns {*} something that `deepStrictEqual` compares by what matters */
function comparable(value) {
  if (Buffer.isBuffer(value)) return `Buffer:${value.toString('latin1')}`;
  if (value instanceof ArrayBuffer) return `ArrayBuffer:${Buffer.from(value).toString('latin1')}`;
  if (value instanceof Error) {
    return `${value.constructor.name}:${value.code ?? ''}:${value.message}`;
  }
  if (value instanceof Set) return ['Set', ...value];
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value === 'function') return `function ${value.name}`;
  if (value !== null && typeof value === 'object') {
    if (Object.getPrototypeOf(value) === Object.prototype) {
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, comparable(v)]));
    }
    return `object ${value.constructor?.name}`;
  }
  return value;
}

/** Runs a scenario on one implementation. */
async function run(WebSocket, mode, scenario) {
  const stage = new Stage(WebSocket, mode);
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => {
      const seen = JSON.stringify(stage.trace);
      reject(new Error(`${WebSocket === ours ? 'ours' : 'ws'} took too long; so far: ${seen}`));
    }, LIMIT);
  });

  try {
    await Promise.race([scenario(stage), limit]);
    // A copy: what cleaning up makes visible does not count.
    return [...stage.trace];
  } finally {
    clearTimeout(timer);
    await stage.finish();
  }
}

/**
 * Declares a test.
 *
 * @param {string} name what is shown
 * @param {(stage: Stage) => Promise<void>} scenario what happens
 * @param {object} [options]
 * @param {string[]} [options.modes] ways to get at connections; default: all of them
 */
function oracle(name, scenario, { modes = SERVER_MODES } = {}) {
  for (const mode of modes) {
    test(`${name} [${mode}]`, { timeout: 3 * LIMIT }, async () => {
      const expected = await run(original, mode, scenario);
      const actual = await run(ours, mode, scenario);

      assert.notStrictEqual(expected.length, 0, 'a scenario must see something');
      assert.deepStrictEqual(actual, expected);
    });
  }
}

/** Declares a test of something that has no server, or makes its own. */
oracle.once = (name, scenario) => oracle(name, scenario, { modes: ['port'] });

/** @returns {Promise<Array>} the arguments of the next event */
oracle.event = (emitter, name) =>
  new Promise((resolve) => emitter.once(name, (...args) => resolve(args)));

oracle.asDuplex = asDuplex;

module.exports = oracle;
