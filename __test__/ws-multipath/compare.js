'use strict';

/**
 * Runs a scenario on the original ws-multipath and on ours and compares what it wrote down.
 */

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const { test } = require('node:test');

const Original = require('ws-multipath');
const Ours = require('../../lib/ws-multipath');
const { RawPeer } = require('../ws/raw-peer');

/** Milliseconds that one run may take. */
const LIMIT = 15_000;

/** @returns {Promise<number>} A port that was free a moment ago: the original cannot tell its own */
async function freePort() {
  const probe = net.createServer().listen(0);
  await once(probe, 'listening');
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** What a run of a scenario acts on. */
class Stage {
  #cleanups = [];

  /** @param {Function} MultipathServer The implementation */
  constructor(MultipathServer) {
    this.MultipathServer = MultipathServer;
    this.trace = [];
    this.port = 0;
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
   * Starts a server on a free port.
   *
   * @param {object} [options]
   * @returns {Promise<object>}
   */
  async serve(options = {}) {
    const { MultipathServer } = this;

    // Somebody else may have got the port in the meantime.
    this.port = await freePort();
    const server = new MultipathServer({ port: this.port, ...options });
    this.after(() => server.listening && server.close());
    return server;
  }

  /** @returns {object} A handler whose connections end with the scenario */
  handler(server, options) {
    const handler = server.createHandler(options);

    this.after(() => handler.clients?.forEach((ws) => ws.terminate()));
    return handler;
  }

  /** @returns {Promise<RawPeer>} */
  async peer() {
    const peer = await RawPeer.connect(this.port);

    peer.closed.catch(() => {});
    this.after(() => peer.socket.destroy());
    return peer;
  }

  /**
   * Sends a request and closes after the head of the answer, or reads all of a refusal.
   *
   * @param {object} [change] See raw-peer.js
   * @returns {Promise<string>} The answer
   */
  async ask(change) {
    const peer = await this.peer();
    const head = await peer.upgrade(change);

    if (head.startsWith('HTTP/1.1 101')) {
      peer.socket.destroy();
      return head;
    }

    return head + (await peer.readAll());
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

async function run(MultipathServer, scenario) {
  const stage = new Stage(MultipathServer);
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
    const expected = await run(Original, scenario);
    const actual = await run(Ours, scenario);

    assert.notStrictEqual(expected.length, 0, 'a scenario must see something');
    assert.deepStrictEqual(actual, expected);
  });
}

/** @returns {Promise<Array>} The arguments of the next event */
compare.event = (emitter, name) =>
  new Promise((resolve) => emitter.once(name, (...args) => resolve(args)));

compare.freePort = freePort;

module.exports = compare;
