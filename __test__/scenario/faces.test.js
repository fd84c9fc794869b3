'use strict';

/** The same scenario on the originals and on this package: same events, same arguments, same bytes on the wire. */

const assert = require('node:assert');
const { describe, it } = require('node:test');
const { wsPlayer } = require('../interop/clients/ws.js');
const { cases } = require('./cases.js');
const { ORIGINAL, SUBJECT, startServer } = require('./harness.js');
const { startTap } = require('./tap.js');
const { fit } = require('./trace.js');

/**
 * Plays the scenario through a tap.
 * @param {object} player the client
 * @param {string} kind kind of server
 * @param {object} modules packages of the server
 * @returns {Promise<object>} `{ seen, events, bytes, played }`: the client's and the server's events, the bytes, by case
 */
const record = async (player, kind, modules) => {
  const server = await startServer(kind, modules, { shapes: true });
  let tap;
  try {
    tap = await startTap(server.target);
    const { play } = fit(cases, player, server.abilities);
    const seen = await player.play(tap.target, play);
    const { traces } = await server.traces();
    const bytes = await tap.recorded();
    const end = await server.stop();
    assert.deepStrictEqual(end, { code: 0, signal: null, errors: '' }, 'the server ends by itself');
    return { seen, events: traces, bytes, played: play.map(({ name }) => name) };
  } finally {
    if (tap) tap.stop();
    server.kill();
  }
};

/** Compares two recordings case by case, so that a failure names the case. */
const compare = (original, ours) => {
  for (const name of original.played) {
    assert.deepStrictEqual(ours.seen[name], original.seen[name], `${name}: events of the client`);
    assert.deepStrictEqual(
      ours.events[name],
      original.events[name],
      `${name}: events of the server`
    );
    assert.deepStrictEqual(
      ours.bytes[name].server,
      original.bytes[name].server,
      `${name}: bytes of the server`
    );
    assert.deepStrictEqual(
      ours.bytes[name].client,
      original.bytes[name].client,
      `${name}: bytes of the client`
    );
  }
};

describe('the scenario on the original and on this package', { timeout: 180_000 }, () => {
  const recordings = new Map();
  /** A recording of the original, made once for each kind of server. */
  const originally = (kind) => {
    if (!recordings.has(kind)) recordings.set(kind, record(wsPlayer('ws'), kind, ORIGINAL));
    return recordings.get(kind);
  };

  for (const kind of ['port', 'attached', 'fed', 'multipath', 'wss', 'wss-from']) {
    it(`server: ${kind}`, async () => {
      compare(await originally(kind), await record(wsPlayer('ws'), kind, SUBJECT));
    });
  }

  it('client of ws', async () => {
    compare(await originally('port'), await record(wsPlayer(SUBJECT.ws), 'port', ORIGINAL));
  });
});
