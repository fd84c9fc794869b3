'use strict';

// What the MultipathServer can do beyond the original.

const assert = require('node:assert');
const { EventEmitter, once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { test } = require('node:test');
const WebSocket = require('ws');

const MultipathServer = require('../../lib/ws-multipath');
const { frame, RawPeer, requestHead } = require('../ws/raw-peer');

/** @returns {MultipathServer} Closed after the test, with its handlers' connections */
function serve(t, options) {
  const server = new MultipathServer({ port: 0, ...options });
  const handlers = [];
  const { createHandler } = server;

  server.createHandler = (handlerOptions) => {
    const handler = createHandler(handlerOptions);

    handlers.push(handler);
    return handler;
  };
  t.after(async () => {
    for (const handler of handlers) for (const ws of handler.clients) ws.terminate();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  });

  return server;
}

/** @returns {Promise<string>} What the server answers to a bare socket */
async function answer(server, text) {
  const peer = await RawPeer.connect(server.address().port);

  peer.closed.catch(() => {});
  peer.write(text);
  const head = await peer.readHead();
  peer.socket.destroy();
  return head;
}

const upgradeTo = (target) => requestHead({ target });
const GET = 'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n';

test('it is an EventEmitter and a MultipathServer', (t) => {
  const server = serve(t);

  assert.ok(server instanceof EventEmitter);
  assert.ok(server instanceof MultipathServer);
  assert.strictEqual(
    server.on('x', () => {}),
    server
  );
  assert.strictEqual(
    server.once('x', () => {}),
    server
  );
  const { on } = server;
  assert.strictEqual(
    on('x', () => {}),
    server
  );
  assert.strictEqual(server.listenerCount('x'), 3);
  server.removeAllListeners('x');
  const heard = [];
  const listener = (...args) => heard.push(args);
  server.on('x', listener);
  assert.strictEqual(server.emit('x', 1, 2), true);
  server.off('x', listener);
  assert.strictEqual(server.emit('x'), false);
  assert.deepStrictEqual(heard, [[1, 2]]);
});

test('this of listeners is the server', async (t) => {
  const server = serve(t);
  const listening = new Promise((resolve) => {
    server.on('listening', function onListening() {
      resolve(this);
    });
  });

  assert.strictEqual(await listening, server);
});

test('the address is known at once', async (t) => {
  const server = serve(t);
  const { address, family, port } = server.address();

  assert.deepStrictEqual([address, family], ['::', 'IPv6']);
  assert.ok(port > 0);
  const ended = new Promise((resolve) => server.close(resolve));
  assert.strictEqual(server.address(), null);
  await ended;
  assert.strictEqual(serve(t, { autoListen: false }).address(), null);
});

test('host decides what is bound', async (t) => {
  const server = serve(t, { host: '127.0.0.1', backlog: 5 });
  const { address, port } = server.address();

  assert.strictEqual(address, '127.0.0.1');
  const [err] = await once(net.connect(port, '::1'), 'error').catch((error) => [error]);
  assert.strictEqual(err.code, 'ECONNREFUSED');
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.destroy();

  const named = serve(t, { host: 'localhost' });
  await once(named, 'listening');
  assert.match(named.address().address, /^(?:127\.0\.0\.1|::1)$/);
});

test('a port in use is an error event for who listens', async (t) => {
  const busy = http.createServer().listen(0);
  await once(busy, 'listening');
  t.after(() => busy.close());
  const { port } = busy.address();
  const server = new MultipathServer({ port });
  const failed = new Promise((resolve) => server.on('error', resolve));

  assert.strictEqual(server.listening, false);
  const err = await failed;
  assert.strictEqual(err.message, `listen EADDRINUSE: address already in use :::${port}`);
  assert.strictEqual(err.code, 'EADDRINUSE');
  assert.strictEqual(server.listening, false);
});

test('createHandler() takes port 0 for a port', (t) => {
  const server = serve(t, { autoListen: false });

  assert.throws(() => server.createHandler({ path: '/a', port: 0 }), /specified a port, a host/);
});

test('removeHandler() frees a path', async (t) => {
  const server = serve(t);
  const first = server.createHandler({ path: '/a' });
  const connected = once(first, 'connection');
  const peer = await RawPeer.connect(server.address().port);
  await peer.upgrade({ target: '/a' });
  const [ws] = await connected;

  assert.strictEqual(server.removeHandler('/b'), false);
  assert.strictEqual(server.removeHandler('/a'), true);
  assert.strictEqual(server.removeHandler('/a'), false);
  assert.match(await answer(server, upgradeTo('/a')), /^HTTP\/1\.0 400 Bad Request/);

  // The open connection stays.
  ws.on('message', (data) => ws.send(data));
  peer.write(frame(2, 'x'));
  assert.strictEqual((await peer.read(3)).toString('latin1'), '\x82\x01x');

  const second = server.createHandler({ path: '/a' });
  second.on('connection', (accepted) => accepted.close());
  assert.match(await answer(server, upgradeTo('/a')), /^HTTP\/1\.1 101 /);
});

test('handlers can come while it listens, and before', async (t) => {
  const server = serve(t, { autoListen: false });

  server.createHandler({ path: '/before' });
  server.listen();
  assert.match(await answer(server, upgradeTo('/before')), / 101 /);
  assert.match(await answer(server, upgradeTo('/after')), / 400 /);
  server.createHandler({ path: '/after' });
  assert.match(await answer(server, upgradeTo('/after')), / 101 /);
});

test('unhandled gets the request and the bytes behind it', async (t) => {
  const server = serve(t);
  const refused = once(server, 'unhandled');
  await answer(server, upgradeTo('/nowhere?x'));
  const [socket, request, head] = await refused;

  assert.strictEqual(request.url, '/nowhere?x');
  assert.ok(request instanceof http.IncomingMessage);
  assert.strictEqual(request.socket, socket);
  assert.strictEqual(request.headers.upgrade, 'websocket');
  assert.ok(Buffer.isBuffer(head));
  assert.match(socket.remoteAddress, /127\.0\.0\.1$/);
});

test('an unhandled connection can become a WebSocket of another server', async (t) => {
  const server = serve(t, { rejectUnhandled: false });
  const other = new WebSocket.Server({ noServer: true });

  server.on('unhandled', (socket, request, head) => {
    other.handleUpgrade(request, socket, head, (ws) => {
      ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
    });
  });
  const peer = await RawPeer.connect(server.address().port);
  assert.match(await peer.upgrade({ target: '/other' }, frame(1, 'early')), / 101 /);
  assert.strictEqual((await peer.read(7)).toString('latin1'), '\x81\x05early');
  peer.write(frame(1, 'late'));
  assert.strictEqual((await peer.read(6)).toString('latin1'), '\x81\x04late');
  for (const ws of other.clients) ws.terminate();
  await peer.readAll();
});

test('a target that Node cannot parse is unhandled; the original dies of it', async (t) => {
  const server = serve(t);
  const unhandled = once(server, 'unhandled');

  assert.match(await answer(server, upgradeTo('http://[::1/foo')), /^HTTP\/1\.0 400 /);
  await unhandled;
});

test('plain requests are answered with 426', async (t) => {
  const server = serve(t);
  const head = await answer(server, GET);
  const date = /Date: [^\r]+ GMT\r\n/;

  assert.match(head, date);
  assert.strictEqual(
    head.replace(date, ''),
    'HTTP/1.1 426 Upgrade Required\r\nContent-Length: 16\r\nContent-Type: text/plain\r\n' +
      'Connection: close\r\n\r\n'
  );
});

for (const [name, start] of [
  [
    'the requestListener option',
    (t, listener) => Promise.resolve(serve(t, { requestListener: listener }))
  ],
  [
    'a request listener',
    async (t, listener) => {
      const server = serve(t);

      return server.on('request', listener);
    }
  ],
  [
    'a request listener that comes late',
    async (t, listener) => {
      const server = serve(t);

      assert.match(await answer(server, GET), /^HTTP\/1\.1 426 /);
      return server.on('request', listener);
    }
  ]
]) {
  test(`plain requests go to ${name}`, async (t) => {
    const server = await start(t, (request, response) => {
      assert.ok(request instanceof http.IncomingMessage);
      assert.ok(response instanceof http.ServerResponse);
      response.writeHead(200, { 'X-Path': request.url });
      request.pipe(response);
    });
    const { port } = server.address();
    const handler = server.createHandler({ path: '/ws' });
    handler.on('connection', (ws) => ws.send('hello'));

    const response = await fetch(`http://127.0.0.1:${port}/page`, { method: 'POST', body: 'body' });
    assert.strictEqual(response.status, 200);
    assert.strictEqual(response.headers.get('x-path'), '/page');
    assert.strictEqual(await response.text(), 'body');

    // The same connection may be upgraded afterwards, and is routed.
    for (const [target, expected] of [
      ['/ws?x', /^HTTP\/1\.1 101 /],
      ['/nowhere', /^HTTP\/1\.0 400 /]
    ]) {
      const peer = await RawPeer.connect(port);
      peer.closed.catch(() => {});
      peer.write('GET /1 HTTP/1.1\r\nHost: h\r\n\r\n');
      await peer.until(() => peer.bytes.includes('0\r\n\r\n'));
      peer.bytes = Buffer.alloc(0);
      assert.match(await peer.upgrade({ target }), expected);
      if (target === '/ws?x') {
        assert.strictEqual((await peer.read(7)).toString('latin1'), '\x81\x05hello');
      }
      peer.socket.destroy();
    }

    // And the usual way still works.
    assert.match(await answer(server, upgradeTo('/ws')), / 101 /);
    assert.match(await answer(server, upgradeTo('/nowhere')), /^HTTP\/1\.0 400 /);
  });
}

test('without rejectUnhandled an upgrade after a plain request is left open as well', async (t) => {
  const server = serve(t, {
    rejectUnhandled: false,
    requestListener: (request, response) => response.end('page')
  });
  const peer = await RawPeer.connect(server.address().port);
  const unhandled = once(server, 'unhandled');

  peer.write(GET.replace('close', 'keep-alive'));
  await peer.until(() => peer.bytes.includes('page'));
  peer.bytes = Buffer.alloc(0);
  peer.write(requestHead({ target: '/x' }), 'behind');
  const [socket, request, head] = await unhandled;
  assert.strictEqual(request.url, '/x');
  assert.strictEqual(String(head), 'behind');
  socket.end('mine');
  assert.strictEqual(String(await peer.readAll()), 'mine');
});

test('close() ends kept-alive connections that wait for a request', async (t) => {
  for (const options of [{}, { requestListener: (request, response) => response.end('page') }]) {
    const server = serve(t, options);
    const peer = await RawPeer.connect(server.address().port);

    peer.write(GET.replace('close', 'keep-alive'));
    await peer.readHead();
    await new Promise((resolve) => server.close(resolve));
    await peer.readAll();
  }
});

test('many connections at once to many paths', async (t) => {
  const server = serve(t);
  const counts = new Map();

  server.on('connection', (ws, request, pathname) => {
    counts.set(pathname, (counts.get(pathname) ?? 0) + 1);
    ws.on('message', (data) => ws.send(`${pathname} ${data}`));
  });
  for (let i = 0; i < 20; i++) server.createHandler({ path: `/${i}` });

  await Promise.all(
    Array.from({ length: 200 }, async (_, i) => {
      const path = `/${i % 25}`;
      const ws = new WebSocket(`ws://127.0.0.1:${server.address().port}${path}`);
      if (i % 25 >= 20) {
        const [err] = await once(ws, 'error');
        assert.strictEqual(err.message, 'Unexpected server response: 400');
        return;
      }
      await once(ws, 'open');
      ws.send(String(i));
      const [data] = await once(ws, 'message');
      assert.strictEqual(String(data), `${path} ${i}`);
      ws.close();
      await once(ws, 'close');
    })
  );
  assert.strictEqual(counts.size, 20);
  for (const count of counts.values()) assert.strictEqual(count, 8);
});
