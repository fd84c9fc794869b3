'use strict';

/**
 * Runs the programs of README.md as they stand, but for the port, and meets each with the client of `ws` itself.
 */

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { describe, it } = require('node:test');
const WebSocket = require('ws');

const root = path.join(__dirname, '..', '..');
const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8');
const programs = [...readme.matchAll(/```js\n([\s\S]*?)```/g)].map(([, program]) => program);

/** @returns {Promise<number>} a port that nobody listens on right now */
async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** @param {number} port; @returns {Promise<void>} when somebody listens on it */
async function listening(port) {
  const socket = net.connect(port, 'localhost');
  try {
    await once(socket, 'connect');
  } catch (err) {
    if (err.code !== 'ECONNREFUSED' && !(err instanceof AggregateError)) throw err;
    await new Promise(setImmediate);
    await listening(port);
  } finally {
    socket.destroy();
  }
}

/**
 * Runs the one program that contains a text.
 *
 * @param {string} text
 * @param {(port: number, child: import('node:child_process').ChildProcess) => Promise<void>} meet
 * @returns {Promise<{ output: string, status: number | null }>} after it has ended, by itself or by us
 */
async function run(text, meet) {
  const found = programs.filter((program) => program.includes(text));
  assert.strictEqual(found.length, 1);
  const port = await freePort();
  const program = found[0].replaceAll('8080', String(port));
  const type = program.startsWith('import') ? 'module' : 'commonjs';
  const args = [`--input-type=${type}`, '-e', program];
  const child = spawn(process.execPath, args, { cwd: root, timeout: 30_000 });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => {
      output += chunk;
    });
  }
  const ended = once(child, 'close');
  try {
    await Promise.race([
      meet(port, child),
      ended.then(() => {
        if (child.exitCode !== 0) throw new Error(`ended early:\n${output}`);
      })
    ]);
  } finally {
    child.kill();
  }
  const [status] = await ended;
  return { output, status };
}

/** @param {number} port; @param {string} [name]; @returns {Promise<WebSocket>} with its messages as text in `texts` */
async function connect(port, name = '/') {
  await listening(port);
  const ws = new WebSocket(`ws://localhost:${port}${name}`);
  ws.texts = [];
  ws.on('message', (data, isBinary) => {
    ws.texts.push(isBinary ? data : data.toString());
    ws.emit('text');
  });
  await once(ws, 'open');
  return ws;
}

/** @param {WebSocket} ws; @param {string[]} expected */
async function expectTexts(ws, expected) {
  while (ws.texts.length < expected.length) await once(ws, 'text');
  assert.deepStrictEqual(ws.texts, expected);
}

describe('README.md', { timeout: 120_000 }, () => {
  it('serves several paths on one port', async () => {
    await run("path: '/echo'", async (port) => {
      const echo = await connect(port, '/echo');
      const chats = [await connect(port, '/chat'), await connect(port, '/chat')];
      echo.send('one');
      await expectTexts(echo, ['one']);
      chats[0].send('two');
      for (const chat of chats) await expectTexts(chat, ['two']);
      for (const ws of [echo, ...chats]) ws.terminate();
    });
  });

  it('has a server and a client that end by themselves', async () => {
    const result = await run("ws.send('hello'));\n  ws.on", async (port, child) => {
      await once(child, 'close');
      assert.ok(port > 0);
    });
    assert.deepStrictEqual(result, { output: 'you said hello\n', status: 0 });
  });

  it('serves an upgrade of an HTTP server', async () => {
    await run('noServer: true', async (port) => {
      await expectTexts(await connect(port, '/live'), ['welcome']);
      const other = new WebSocket(`ws://localhost:${port}/dead`);
      const [err] = await once(other, 'error');
      assert.strictEqual(err.message, 'Unexpected server response: 404');
    });
  });

  it('listens as wss does', async () => {
    let bound;
    const { output } = await run('createServer((ws)', async (port) => {
      bound = port;
      await expectTexts(await connect(port), ['hello']);
    });
    assert.strictEqual(output, `${bound}\n`);
  });

  it('gives ES modules their names', async () => {
    const { output } = await run('import {', async (port) => {
      await expectTexts(await connect(port), ['hello']);
    });
    assert.strictEqual(output, 'function\n');
  });

  it('has no other programs', () => assert.strictEqual(programs.length, 5));
});
