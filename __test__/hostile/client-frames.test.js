'use strict';

/** A server that breaks a rule: the client has the same events, the same error and sends the same bytes as that of ws. */

const assert = require('node:assert');
const { describe, it } = require('node:test');
const ws = require('ws');
const { SUBJECT } = require('../scenario/harness.js');
const { cases, wrongMask } = require('./bad-frames.js');
const { frame } = require('./frame.js');
const { misbehavingServer } = require('./raw.js');

const subject = require(SUBJECT.ws);

/** Plays one case and returns everything that can be observed. */
const play = async ({ WebSocket }, testCase, slowly) => {
  const ending =
    testCase.code || testCase.name.includes('close') ? [] : [frame({ opcode: 8, masked: false })];
  const server = await misbehavingServer(Buffer.concat([testCase.frames(false), ...ending]), {
    slowly
  });
  const client = new WebSocket(server.url, { perMessageDeflate: false, ...testCase.options });
  const events = [];
  client.on('open', () => events.push(['open']));
  client.on('message', (data, isBinary) =>
    events.push(['message', data.toString('hex').slice(0, 100), isBinary])
  );
  client.on('ping', (data) => events.push(['ping', data.toString()]));
  client.on('pong', (data) => events.push(['pong', data.toString()]));
  client.on('error', (err) =>
    events.push(['error', err.constructor.name, err.code, err.message, client.readyState])
  );
  await new Promise((resolve) => {
    client.on('close', (code, reason) =>
      resolve(events.push(['close', code, reason.toString(), client.readyState]))
    );
  });
  const { lines, ended } = await server.heard;
  return { events, lines: lines.filter((line) => !line.startsWith('Host:')), ended };
};

const oracle = new Map();
const expected = (testCase) => {
  if (!oracle.has(testCase)) oracle.set(testCase, play(ws, testCase, false));
  return oracle.get(testCase);
};

describe('a server that breaks a rule', { timeout: 120_000, concurrency: 8 }, () => {
  for (const testCase of [wrongMask.client, ...cases]) {
    for (const slowly of testCase.slow ? [false] : [false, true]) {
      it(`${testCase.name}${slowly ? ', byte by byte' : ''}`, async () => {
        const [original, ours] = await Promise.all([
          expected(testCase),
          play(subject, testCase, slowly)
        ]);
        const error = original.events.find(([kind]) => kind === 'error');
        assert.strictEqual(error?.[2], testCase.code && `WS_ERR_${testCase.code}`);
        assert.deepStrictEqual(ours, original);
      });
    }
  }
});
