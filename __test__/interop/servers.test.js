'use strict';

/** This package's client plays the scenario against servers of other hands. */

const assert = require('node:assert');
const { describe, it } = require('node:test');
const { ORIGINAL, SUBJECT, playAgainst, startServer } = require('../scenario/harness.js');
const { wsPlayer } = require('./clients/ws.js');
const python = require('./servers/python.js');

/** Plays all cases and expects no difference. */
const play = async (t, server, options) => {
  t.after(server.kill);
  const { lines, played, left } = await playAgainst(wsPlayer(SUBJECT.ws, options), server);
  await server.stop();
  t.diagnostic(`${played} cases played, ${left} beyond this server`);
  assert.deepStrictEqual(lines, []);
  assert.ok(played > 50);
};

describe('the client plays against the server of ws', { timeout: 120_000 }, () => {
  for (const kind of ['port', 'https', 'attached-unix', 'wss']) {
    it(kind, async (t) => play(t, await startServer(kind, ORIGINAL)));
  }
  // Not `wss`: its ws 2 compresses a fragment that follows an empty one into what no inflater understands.
  for (const kind of ['deflate-port', 'deflate-https']) {
    it(`${kind}, compressed`, async (t) => {
      await play(t, await startServer(kind, ORIGINAL), { perMessageDeflate: true });
    });
  }
});

const skip = python.missing() || false;
describe('the client plays against the server of websockets (Python)', { timeout: 120_000 }, () => {
  it('plain', { skip }, async (t) => play(t, await python.startPython(false)));
  it('TLS', { skip }, async (t) => play(t, await python.startPython(true)));
  it('compressed', { skip }, async (t) => {
    await play(t, await python.startPython(false), { perMessageDeflate: true });
  });
});
