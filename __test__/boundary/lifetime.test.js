'use strict';

const assert = require('node:assert');
const { fork } = require('node:child_process');
const path = require('node:path');
const { describe, it } = require('node:test');
const WebSocket = require('ws');

const { runProgram } = require('./run');

describe('the end of the process', () => {
  for (const scenario of [
    'nothing but the package',
    'a closed server',
    'a server and a closed connection',
    'an attached server and a closed connection',
    'a multipath server',
    'a wss server',
    'unreferenced sockets'
  ]) {
    it(`comes by itself after ${scenario}`, async () => {
      const { code, out, err } = await runProgram('exits', [scenario], 15_000);
      assert.deepStrictEqual({ code, out, err }, { code: 0, out: 'ended\n', err: '' });
    });
  }

  for (const holder of ['server', 'client']) {
    it(`does not come while a ${holder} is open`, async () => {
      const { out } = await runProgram('holds', [holder], 3_000);
      assert.strictEqual(out, 'held\n');
    });
  }

  it('does not lose what was sent before process.exit()', async () => {
    const child = fork(path.join(__dirname, 'programs', 'exit-now.js'));
    const port = await new Promise((resolve) => child.once('message', resolve));
    const client = new WebSocket(`ws://127.0.0.1:${port}`);
    let received = 0;
    client.on('message', () => received++);
    const [exit] = await Promise.all([
      new Promise((resolve) => child.once('exit', resolve)),
      new Promise((resolve) => client.once('close', resolve))
    ]);
    assert.strictEqual(exit, 3);
    assert.strictEqual(received, 1000);
  });
});

describe('a listener that throws', () => {
  it('is an uncaught exception, and the rest of the batch is delivered', async () => {
    const { code, out, err } = await runProgram('throws');
    assert.deepStrictEqual(
      { code, out: JSON.parse(out || 'null'), err },
      { code: 0, out: ['0', '1', 'uncaught thrown', '2', '3'], err: '' }
    );
  });

  it('ends the process where nobody handles it', async () => {
    const { code, err } = await runProgram('uncaught');
    assert.notStrictEqual(code, 0);
    assert.match(err, /nobody catches this/);
  });
});

describe('worker threads', () => {
  for (const mainLoads of ['before', 'after', 'never']) {
    it(`are terminated in mid-traffic; the main thread loads the addon ${mainLoads}`, async () => {
      const { code, signal, out, err } = await runProgram('workers', ['8', mainLoads], 60_000);
      assert.deepStrictEqual(
        { code, signal, out, err },
        { code: 0, signal: null, out: 'clean\n', err: '' }
      );
    });
  }
});
