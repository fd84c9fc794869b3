'use strict';

/**
 * Runs a scenario on Node's `http.Server` and on the NativeServer and compares what it wrote down.
 */

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const { test } = require('node:test');

const { NativeServer } = require('../../lib/core/native-server');
const { RawPeer } = require('../ws/raw-peer');

/** Milliseconds that one run may take. */
const LIMIT = 10_000;

/** What a run of a scenario acts on. */
class Stage {
  #cleanups = [];

  /** @param {function(): import('node:http').Server} createServer */
  constructor(createServer) {
    this.createServer = createServer;
    this.trace = [];
  }

  /** Notes something. */
  log(...items) {
    this.trace.push(items.map((item) => this.#comparable(item)));
  }

  /** Logs the events of an emitter. */
  watch(emitter, label, events) {
    for (const event of events) {
      emitter.on(event, (...args) => this.log(label, event, ...args));
    }
  }

  /** @param {function(): *} cleanup Run after the scenario, latest first */
  after(cleanup) {
    this.#cleanups.push(cleanup);
  }

  /** @returns {import('node:http').Server} Not listening; ended after the scenario */
  server() {
    const server = this.createServer();

    this.after(() => {
      server.close();
      server.closeAllConnections();
    });

    return server;
  }

  /**
   * Sends an upgrade request to a server of its own.
   *
   * @param {string} head
   * @param {string} [early] Bytes behind it
   * @returns {Promise<object>} `{ server, peer, request, socket, head }`
   */
  async upgrade(head = UPGRADE, early = '') {
    const server = this.server().listen(0, '127.0.0.1');
    const upgraded = once(server, 'upgrade');
    await once(server, 'listening');
    const peer = await this.peer(server.address().port);
    peer.socket.write(head + early, 'latin1');
    const [request, socket, rest] = await upgraded;
    this.after(() => socket.destroy());

    return { server, peer, request, socket, head: rest };
  }

  /** @returns {Promise<RawPeer>} */
  async peer(address) {
    const peer = await RawPeer.connect(address);

    // A reset is nothing unusual here.
    peer.closed.catch(() => {});
    this.after(() => peer.socket.destroy());
    return peer;
  }

  async finish() {
    for (const cleanup of this.#cleanups.reverse()) await cleanup();
  }

  #comparable(value) {
    if (Buffer.isBuffer(value)) return `Buffer:${value.toString('latin1')}`;
    if (value instanceof Error) {
      const { errno, syscall, address, port } = value;
      return [value.constructor.name, value.code, value.message, errno, syscall, address, port];
    }
    if (typeof value === 'function') return 'function';
    return value;
  }
}

const UPGRADE = 'GET /path HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: thing\r\n\r\n';

async function run(createServer, scenario) {
  const stage = new Stage(createServer);
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`took too long; so far: ${JSON.stringify(stage.trace)}`));
    }, LIMIT);
  });

  try {
    await Promise.race([scenario(stage), limit]);
    // What the cleaning up causes is not part of it.
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
    const expected = await run(() => http.createServer(), scenario);
    const actual = await run(() => new NativeServer(), scenario);

    assert.notStrictEqual(expected.length, 0, 'a scenario must see something');
    assert.deepStrictEqual(actual, expected);
  });
}

/** @returns {Promise<Array>} The arguments of the next event, an 'error' too */
compare.event = (emitter, name) =>
  new Promise((resolve) => emitter.once(name, (...args) => resolve(args)));

compare.UPGRADE = UPGRADE;

module.exports = compare;
