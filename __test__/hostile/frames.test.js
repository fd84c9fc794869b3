'use strict';

/**
 * Frames that break a rule: the same events, the same error and the same bytes back as with ws, on the native listener,
 * the attached and the fed road, whole and byte by byte; and the server goes on serving others.
 */

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const { after, before, describe, it } = require('node:test');
const ws = require('ws');
const { SUBJECT } = require('../scenario/harness.js');
const { Tunnel } = require('../scenario/tunnel.js');
const { cases, wrongMask } = require('./bad-frames.js');
const { REQUEST, talk } = require('./raw.js');

const subject = require(SUBJECT.ws);
const closeFrame = require('./frame.js').frame({ opcode: 8 });

/** Starts a server of a road that records the events of its next connection. */
const start = async ({ WebSocketServer }, road, options) => {
  const front = road === 'port' ? null : http.createServer();
  const where = {
    port: { port: 0, host: '127.0.0.1' },
    attached: { server: front },
    fed: { noServer: true }
  }[road];
  const server = new WebSocketServer({ ...where, ...options });
  if (road === 'fed') {
    front.on('upgrade', (request, socket, head) =>
      server.handleUpgrade(request, new Tunnel(socket), head, (opened) =>
        server.emit('connection', opened, request)
      )
    );
  }
  if (front) front.listen(0, '127.0.0.1');
  await once(front || server, 'listening');
  return { server, front, port: (front || server).address().port };
};

const stop = async ({ server, front }) => {
  for (const client of server.clients) client.terminate();
  server.close();
  if (front) front.close();
  await once(front || server, 'close');
};

/** Plays one case and returns everything that can be observed. */
const play = async (module, road, testCase, slowly) => {
  const running = await start(module, road, testCase.options);
  const events = [];
  const closed = new Promise((resolve) => {
    running.server.once('connection', (socket) => {
      socket.on('message', (data, isBinary) =>
        events.push(['message', data.toString('hex').slice(0, 100), isBinary])
      );
      socket.on('ping', (data) => events.push(['ping', data.toString()]));
      socket.on('pong', (data) => events.push(['pong', data.toString()]));
      socket.on('error', (err) =>
        events.push(['error', err.constructor.name, err.code, err.message, socket.readyState])
      );
      socket.on('close', (code, reason) =>
        resolve(events.push(['close', code, reason.toString(), socket.readyState]))
      );
    });
  });
  // A case without an error needs an end: the sender closes.
  const ending = testCase.code || testCase.name.includes('close') ? [] : [closeFrame];
  const { lines, ended } = await talk(
    running.port,
    [Buffer.from(REQUEST), testCase.frames(true), ...ending],
    { slowly }
  );
  // The socket of the server has ended too, unless the answer was silence.
  if (ended !== 'silence') await closed;
  await stop(running);
  return { events, lines, ended };
};

/** What the case itself says about its outcome, whoever plays it. */
const check = (testCase, { events, lines }) => {
  const error = events.find(([kind]) => kind === 'error');
  assert.strictEqual(error?.[2], testCase.code && `WS_ERR_${testCase.code}`);
  if (!testCase.code) return;
  assert.strictEqual(lines.filter((line) => line.startsWith('88')).length, 1, 'one close frame');
  assert.ok(
    lines.at(-1).endsWith(testCase.status.toString(16).padStart(4, '0')),
    `close code ${testCase.status} in ${lines.at(-1)}`
  );
  assert.deepStrictEqual(events.at(-1), ['close', 1006, '', 3]);
};

const all = [wrongMask.server, ...cases];
/** An independent run of ws for each case, whole; what it does cannot depend on how the bytes are cut. */
const oracle = new Map();
const expected = (testCase) => {
  if (!oracle.has(testCase)) oracle.set(testCase, play(ws, 'port', testCase, false));
  return oracle.get(testCase);
};

for (const road of ['port', 'attached', 'fed']) {
  describe(`a client that breaks a rule, against the server: ${road}`, {
    timeout: 120_000,
    concurrency: 8
  }, () => {
    let bystander;
    let running;
    before(async () => {
      running = await start(subject, road);
      running.server.on('connection', (socket) =>
        socket.on('message', (data) => socket.send(data))
      );
      bystander = new ws.WebSocket(`ws://127.0.0.1:${running.port}`);
      await once(bystander, 'open');
    });
    after(() => stop(running));

    for (const testCase of all) {
      for (const slowly of testCase.slow ? [false] : [false, true]) {
        it(`${testCase.name}${slowly ? ', byte by byte' : ''}`, async () => {
          const [original, ours] = await Promise.all([
            expected(testCase),
            play(subject, road, testCase, slowly)
          ]);
          check(testCase, original);
          assert.deepStrictEqual(ours, original);
        });
      }
    }

    it('serves others meanwhile', async () => {
      // The same server takes every case once more, while another connection goes on.
      running.server.on('connection', (socket) => socket.on('error', () => {}));
      const attacks = all
        .filter(({ options, code }) => code && !options)
        .map((testCase) => talk(running.port, [Buffer.from(REQUEST), testCase.frames(true)]));
      for (let i = 0; i < 50; i++) {
        bystander.send(`still here ${i}`);
        const [data] = await once(bystander, 'message');
        assert.strictEqual(data.toString(), `still here ${i}`);
      }
      await Promise.all(attacks);
      assert.strictEqual(running.server.clients.size, 1);
    });
  });
}
