'use strict';

// What the server of wss can do beyond the original.

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const { test } = require('node:test');
const WebSocket = require('ws');

const Server = require('../../lib/wss');
const { WebSocketServer } = require('../../lib/ws');

const { createServer, createServerFrom } = Server;

/** @returns {Promise<string>} What a server says first */
async function greeting(port) {
  const ws = new WebSocket(`ws://127.0.0.1:${port}`);
  const [data] = await once(ws, 'message');

  ws.terminate();
  return String(data);
}

test('it is a WebSocketServer', () => {
  assert.ok(createServer() instanceof Server);
  assert.ok(createServer() instanceof WebSocketServer);
});

test('address()', async () => {
  const server = createServer();

  assert.strictEqual(server.address(), null);
  server.listen(0, '127.0.0.1');
  assert.strictEqual(server.address().address, '127.0.0.1');
  await once(server, 'listening');
  const closed = new Promise((resolve) => server.close(resolve));
  assert.strictEqual(server.address(), null);
  await closed;
  assert.strictEqual(new Server({ noServer: true }).address(), null);
});

test('close() twice, with an event', async () => {
  const server = createServer();
  const events = [];

  server.on('close', (...args) => events.push(args));
  server.listen(0);
  await once(server, 'listening');
  const results = await Promise.all([
    new Promise((resolve) => server.close(resolve)),
    new Promise((resolve) => server.close(resolve))
  ]);
  assert.strictEqual(results[0], undefined);
  assert.strictEqual(results[1].code, 'ERR_SERVER_NOT_RUNNING');
  await new Promise((resolve) => server.close(resolve));
  assert.deepStrictEqual(events, [[]]);
});

test('close() with noServer', async () => {
  const server = new Server({ noServer: true });
  let sync = true;
  const closed = new Promise((resolve) => {
    server.close((...args) => resolve([sync, ...args]));
  });

  sync = false;
  assert.deepStrictEqual(await closed, [false]);
});

test('it can listen again', async () => {
  const server = createServer((ws) => ws.send('welcome'));

  for (let i = 0; i < 3; i++) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    assert.strictEqual(await greeting(server.address().port), 'welcome');
    await new Promise((resolve) => server.close(resolve));
    assert.strictEqual(server.listening, false);
  }

  // Also a server of the user's.
  const beneath = http.createServer();
  const from = createServerFrom(beneath, (ws) => ws.send('from'));
  for (let i = 0; i < 2; i++) {
    from.listen(0, '127.0.0.1');
    await once(from, 'listening');
    assert.strictEqual(await greeting(from.address().port), 'from');
    await new Promise((resolve) => from.close(resolve));
  }
});

test('a closed server leaves upgrades of the server beneath alone', async () => {
  const beneath = http.createServer();
  const server = createServerFrom(beneath);

  assert.strictEqual(beneath.listenerCount('upgrade'), 1);
  server.close();
  assert.strictEqual(beneath.listenerCount('upgrade'), 0);
});

test('a socket cannot be upgraded twice', async () => {
  const beneath = http.createServer().listen(0, '127.0.0.1');
  await once(beneath, 'listening');
  const server = new Server({ noServer: true });
  const thrown = new Promise((resolve) => {
    beneath.on('upgrade', (request, socket, head) => {
      server.handleUpgrade(request, socket, head, () => {});
      try {
        server.handleUpgrade(request, socket, head, () => {});
      } catch (err) {
        resolve(err.message);
      }
    });
  });
  const ws = new WebSocket(`ws://127.0.0.1:${beneath.address().port}`);

  assert.match(await thrown, /handleUpgrade\(\) was called more than once/);
  await once(ws, 'open');
  ws.terminate();
  for (const client of server.clients) client.terminate();
  await new Promise((resolve) => beneath.close(resolve));
});

test('the factories have names for import', async () => {
  const module = await import('../../lib/wss/index.js');

  assert.strictEqual(module.default, Server);
  assert.strictEqual(module.createServer, createServer);
  assert.strictEqual(module.createServerFrom, createServerFrom);
});
