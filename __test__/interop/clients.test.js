'use strict';

/** Clients of other hands play the scenario against this package's servers, on every road. */

const assert = require('node:assert');
const { describe, it } = require('node:test');
const { playAgainst, startServer } = require('../scenario/harness.js');
const chromium = require('./clients/chromium.js');
const python = require('./clients/python.js');
const tungstenite = require('./clients/tungstenite.js');
const websocket = require('./clients/websocket.js');
const { wsPlayer } = require('./clients/ws.js');

/** Who plays against which kinds of server (scenario/serve.js). */
const PLAYS = [
  [
    wsPlayer('ws'),
    [
      'port',
      'attached',
      'attached-unix',
      'https',
      'fed',
      'multipath',
      'wss',
      'wss-from',
      'wss-tls',
      'wss-unix'
    ]
  ],
  [
    wsPlayer('ws', { perMessageDeflate: true }),
    ['deflate-port', 'deflate-attached', 'deflate-https', 'deflate-fed', 'wss']
  ],
  [websocket, ['port', 'attached', 'https', 'multipath']],
  [python, ['port', 'attached', 'https', 'deflate-port', 'deflate-https', 'wss']],
  [tungstenite, ['port', 'attached']],
  [chromium, ['port', 'attached', 'https', 'deflate-port', 'deflate-https']]
];

for (const [player, kinds] of PLAYS) {
  const missing = player.missing ? player.missing() : null;
  describe(`the client of ${player.name}`, { timeout: 300_000 }, () => {
    for (const kind of kinds) {
      it(`plays against the server: ${kind}`, { skip: missing || false }, async (t) => {
        const server = await startServer(kind);
        t.after(server.kill);
        const { lines, played, left } = await playAgainst(player, server);
        const end = await server.stop();
        t.diagnostic(`${played} cases played, ${left} beyond this client or server`);
        assert.deepStrictEqual(lines, []);
        assert.ok(played > 50);
        assert.deepStrictEqual(
          end,
          { code: 0, signal: null, errors: '' },
          'the server ends by itself'
        );
      });
    }
  });
}
