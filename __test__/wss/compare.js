'use strict';

/**
 * Runs a scenario on the original wss and on ours and compares what it wrote down.
 */

const assert = require('node:assert');
const { once } = require('node:events');
const { test } = require('node:test');

const original = require('wss');
const ours = require('../../lib/wss');
const { RawPeer } = require('../ws/raw-peer');

/** Milliseconds that one run may take. */
const LIMIT = 15_000;

/** What a run of a scenario acts on. */
class Stage {
  #cleanups = [];

  /** @param {Function} wss The implementation */
  constructor(wss) {
    this.wss = wss;
    this.trace = [];
  }

  /** Notes something. */
  log(...items) {
    this.trace.push(items.map(comparable));
  }

  /** @param {function(): *} cleanup Run after the scenario, latest first */
  after(cleanup) {
    this.#cleanups.push(cleanup);
  }

  /**
   * Makes a server and listens.
   *
   * @param {object} [options] Of the server class, by way of `createServerFrom()`
   * @returns {Promise<object>} `{ server, http, port }`
   */
  async serve(options) {
    let server = this.wss.createServer();

    if (options !== undefined) {
      // createServer() passes nothing on: its http server with another WebSocket server.
      const { _server } = server;
      for (const event of ['listening', 'error', 'upgrade']) _server.removeAllListeners(event);
      server = this.wss.createServerFrom(_server, undefined, options);
    }

    const http = server.listen(0, '127.0.0.1');
    await once(http, 'listening');
    this.end(server);

    return { server, http, port: http.address().port };
  }

  /** Closes a server after the scenario, unless the scenario did. */
  end(server) {
    this.after(async () => {
      const { _server } = server;

      for (const client of server.clients ?? []) client.terminate();
      if (_server?.listening) await new Promise((resolve) => _server.close(resolve));
    });
  }

  /** @returns {Promise<RawPeer>} */
  async peer(port) {
    const peer = await RawPeer.connect(port);

    peer.closed.catch(() => {});
    this.after(() => peer.socket.destroy());
    return peer;
  }

  /**
   * Opens a WebSocket from a bare socket.
   *
   * @returns {Promise<{ peer: RawPeer, ws: object, head: string }>}
   */
  async open({ server, port }, change) {
    const connected = once(server, 'connection');
    const peer = await this.peer(port);
    const head = await peer.upgrade(change);
    const [ws] = await connected;

    return { peer, ws, head };
  }

  /** @returns {Promise<string>} The answer to a request; all of it if it is a refusal */
  async ask(port, change) {
    const peer = await this.peer(port);
    const head = await peer.upgrade(change);
    const rest = head.startsWith('HTTP/1.1 101') ? '' : await peer.readAll();

    peer.socket.destroy();
    return head + rest;
  }

  async finish() {
    for (const cleanup of this.#cleanups.reverse()) await cleanup();
  }
}

function comparable(value) {
  if (Buffer.isBuffer(value)) return `Buffer:${value.toString('latin1')}`;
  if (value instanceof Error) return [value.constructor.name, value.code, value.message];
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value === 'function') return 'function';
  return value;
}

async function run(wss, scenario) {
  const stage = new Stage(wss);
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`took too long; so far: ${JSON.stringify(stage.trace)}`));
    }, LIMIT);
  });

  try {
    await Promise.race([scenario(stage), limit]);
    return stage.trace.slice();
  } finally {
    clearTimeout(timer);
    await stage.finish();
  }
}

/**
 * Declares a test.
 *
 * @param {string} name
 * @param {function(Stage): Promise<void>} scenario
 */
function compare(name, scenario) {
  test(name, { timeout: 3 * LIMIT }, async () => {
    const expected = await run(original, scenario);
    const actual = await run(ours, scenario);

    assert.notStrictEqual(expected.length, 0, 'a scenario must see something');
    assert.deepStrictEqual(actual, expected);
  });
}

/** @returns {Promise<Array>} The arguments of the next event */
compare.event = (emitter, name) =>
  new Promise((resolve) => emitter.once(name, (...args) => resolve(args)));

module.exports = compare;
