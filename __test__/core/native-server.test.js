'use strict';

// The native listener as a net.Server: arguments of listen(), addresses, errors, closing.

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');

const { NativeServer } = require('../../lib/core/native-server');
const compare = require('./compare');

const { UPGRADE } = compare;
const noPipes = process.platform === 'win32' && 'not on this platform: Unix sockets';

const hide = ({ port, ...address }) => ({ ...address, bound: port > 0 });

/** A path for a Unix socket, short enough for an address. */
function socketPath(stage) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferrows-'));

  stage.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return path.join(folder, 's');
}

compare('forms of listen() with a port', async (stage) => {
  for (const args of [
    [],
    [0],
    ['0'],
    [null],
    [undefined],
    [0, 5],
    [0, '127.0.0.1'],
    [0, '::1'],
    [0, '0.0.0.0', 5],
    [0, 'localhost'],
    [0, undefined, 5],
    [0, null, null],
    [{ port: 0 }],
    [{ port: '0', host: '127.0.0.1', backlog: 3 }],
    [{ port: null }],
    [{ port: undefined }],
    [{ port: 0, host: '::', ipv6Only: true }],
    [{ port: 0, host: '127.0.0.1', exclusive: true, readableAll: true }],
    [{ path: undefined, port: 0 }]
  ]) {
    const server = stage.server();
    const done = new Promise((resolve) => {
      const given = server.listen(...args, function onListening(...rest) {
        stage.log('callback', this === server, rest, server.listening, hide(server.address()));
        resolve();
      });
      stage.log('returned', given === server);
    });

    server.on('listening', () => stage.log('event'));
    await done;
    server.close();
  }
});

compare('what is thrown', async (stage) => {
  for (const args of [
    [-1],
    [65536],
    [1.5],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [''],
    [' '],
    ['65536'],
    [true],
    [{}],
    [{ port: -1 }],
    [{ port: 'x' }],
    [{ port: {} }],
    [{ port: true }],
    [{ path: '' }],
    [{ path: 5 }],
    [{ host: 'localhost' }],
    [{ fd: -1 }],
    [{ port: 0, signal: 'x' }],
    [Symbol.iterator]
  ]) {
    const server = stage.server();
    const before = server.listenerCount('listening');

    try {
      server.listen(...args, () => stage.log('listening'));
      stage.log('accepted');
    } catch (err) {
      stage.log(err.constructor.name, err.code, err.message);
    }
    stage.log(server.listening, server.address(), server.listenerCount('listening') - before);
  }
});

compare('the order of things', async (stage) => {
  const server = stage.server();

  stage.log(server.listening, server.address());
  server.listen(0, () => stage.log('callback'));
  server.on('listening', () => stage.log('listening'));
  stage.log(server.listening, hide(server.address()));
  process.nextTick(() => stage.log('tick'));
  Promise.resolve().then(() => stage.log('microtask'));
  try {
    server.listen(0);
  } catch (err) {
    stage.log(err);
  }
  await once(server, 'listening');
  server.on('close', (...args) => stage.log('close', args));
  stage.log(server.close((...args) => stage.log('closed', args)) === server);
  stage.log(server.listening, server.address());
  await once(server, 'close');

  server.close((err) => stage.log('again', err));
  await once(server, 'close');
  server.listen(0, () => stage.log('listening again'));
  await once(server, 'listening');
  server.close();
  await once(server, 'close');
});

compare('closed before it listens', async (stage) => {
  for (const host of [undefined, 'localhost']) {
    const server = stage.server();

    server.on('listening', () => stage.log('listening'));
    server.listen(0, host);
    server.close((err) => stage.log('closed', err?.code));
    await once(server, 'close');
    await new Promise((resolve) => setTimeout(resolve, 20));
    stage.log(server.listening, server.address());
  }

  const server = stage.server();
  server.close((err) => stage.log('never opened', err));
  await once(server, 'close');
});

compare('errors of the system', async (stage) => {
  const busy = net.createServer().listen(0);
  await once(busy, 'listening');
  stage.after(() => busy.close());
  const { port } = busy.address();
  const file = path.join(os.tmpdir(), 'ferrows-no-such-folder', 's');

  for (const args of [
    [port],
    [port, '127.0.0.1'],
    [port, '::'],
    [{ port, host: '0.0.0.0' }],
    [0, '192.0.2.1'],
    ...(noPipes ? [] : [[file], [{ path: file }]]),
    [{ fd: 9999 }],
    [0, 'no-such-host.invalid']
  ]) {
    const server = stage.server();
    const failed = compare.event(server, 'error');
    let early = true;

    server.on('listening', () => stage.log('listening'));
    server.on('error', () => stage.log('early', early));
    server.listen(...args);
    stage.log(server.listening);
    early = false;
    const [err] = await failed;
    stage.log(err.constructor.name, err.message.replaceAll(port, 'PORT'), err.code, err.errno);
    stage.log(err.syscall, err.address, err.port === port ? 'PORT' : err.port);
    stage.log(server.listening);

    // It can be used afterwards.
    server.listen(0);
    await once(server, 'listening');
    stage.log(server.listening);
  }
});

compare('a Unix socket', async (stage) => {
  if (noPipes) return stage.log(noPipes);

  const file = socketPath(stage);
  const server = stage.server();

  server.on('upgrade', (request, socket) => {
    stage.log(socket.remoteAddress, socket.remotePort, socket.remoteFamily);
    stage.log(socket.localAddress, socket.localPort, socket.localFamily, socket.address());
    socket.end('bye');
  });
  server.listen(file, 5, () => stage.log('callback', server.address() === file));
  await once(server, 'listening');
  const peer = await stage.peer(file);
  peer.write(UPGRADE);
  stage.log(await peer.readAll());
  peer.socket.destroy();

  const second = stage.server().listen({ path: file });
  const [err] = await compare.event(second, 'error');
  stage.log(err.code, err.syscall, err.address === file, err.port);

  server.close();
  await once(server, 'close');
  stage.log(fs.existsSync(file), server.address() === file);

  const all = stage.server().listen({ path: file, readableAll: true, writableAll: true });
  await once(all, 'listening');
  stage.log((fs.statSync(file).mode & 0o777).toString(8));
});

compare('closed and opened again at the same address, at once', async (stage) => {
  const server = stage.server().listen(0);
  await once(server, 'listening');
  const { port } = server.address();

  server.on('error', (err) => stage.log(err));
  const closed = new Promise((resolve) => server.close(resolve));
  server.listen(port);
  await Promise.all([once(server, 'listening'), closed]);
  stage.log(server.address().port === port);
});

test('a descriptor that another process has bound', { skip: noPipes }, async () => {
  const owner = net.createServer().listen(0, '127.0.0.1');
  await once(owner, 'listening');
  const { port } = owner.address();
  const program = path.join(__dirname, 'programs', 'inherited.js');
  const child = spawn(process.execPath, [program], {
    stdio: ['ignore', 'pipe', 'inherit', owner._handle.fd]
  });

  const [line] = await once(child.stdout, 'data');
  assert.deepStrictEqual(JSON.parse(line), { address: '127.0.0.1', family: 'IPv4', port });
  owner.close();
  await once(owner, 'close');
  const socket = net.connect(port, '127.0.0.1');
  socket.write(UPGRADE);
  const [chunk] = await once(socket, 'data');
  assert.strictEqual(String(chunk), 'hello');
  socket.destroy();
  // It ends by itself, having closed its server.
  assert.deepStrictEqual(await once(child, 'exit'), [0, null]);
});

test('a server object of Node whose descriptor is used', { skip: noPipes }, async () => {
  for (const wrap of [(owner) => owner, (owner) => ({ handle: owner._handle })]) {
    const owner = net.createServer().listen(0, '127.0.0.1');
    await once(owner, 'listening');
    const server = new NativeServer().listen(wrap(owner));

    assert.deepStrictEqual(server.address(), owner.address());
    await new Promise((resolve) => server.close(resolve));
    // It is still the owner's.
    const accepted = once(owner, 'connection');
    const socket = net.connect(owner.address().port, '127.0.0.1');
    (await accepted)[0].destroy();
    socket.on('error', () => {});
    socket.destroy();
    await new Promise((resolve) => owner.close(resolve));
  }
});

compare('an abort signal', async (stage) => {
  const controller = new AbortController();
  const server = stage.server();

  server.listen({ port: 0, signal: controller.signal });
  await once(server, 'listening');
  stage.log(server.listening);
  controller.abort();
  stage.log(server.listening);
  await once(server, 'close');

  const aborted = stage.server();
  aborted.listen({ port: 0, signal: AbortSignal.abort() });
  await once(aborted, 'close');
  stage.log(aborted.listening);
});

compare('what it is', async (stage) => {
  const server = stage.server();

  stage.log(server instanceof http.Server, server instanceof net.Server, server.listening);
  stage.log(server.ref() === server, server.unref() === server);
  stage.log(server.setTimeout(1000) === server, server.timeout);
  server.getConnections((err, count) => stage.log(err, count));
  server.listen(0);
  await once(server, 'listening');
  await server[Symbol.asyncDispose]?.();
  stage.log(server.listening);
});

compare('requests without upgrade, then one with it, on one connection', async (stage) => {
  const server = stage.server();
  const page = (request, response) => {
    stage.log(request.method, request.url, request.socket instanceof net.Socket);
    response.setHeader('Date', 'today');
    request.on('data', (chunk) => stage.log(chunk)).on('end', () => response.end('page'));
  };

  server.on('request', page);
  server.on('upgrade', (request, socket, head) => {
    stage.log('upgrade', request.url, head);
    socket.end('upgraded');
  });
  server.listen(0);
  await once(server, 'listening');
  const peer = await stage.peer(server.address().port);
  peer.write('GET /1 HTTP/1.1\r\nHost: h\r\n\r\n');
  await peer.until(() => peer.bytes.includes('page'));
  peer.write('POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbo', 'dy');
  await peer.until(() => peer.bytes.toString().split('page').length === 3);
  stage.log(peer.bytes.toString('latin1'));
  peer.bytes = Buffer.alloc(0);
  peer.write(`${UPGRADE}head`);
  stage.log(await peer.readAll());
  server.close();
  await once(server, 'close');
});

compare('events of http.Server beside request', async (stage) => {
  const server = stage.server();

  server.on('request', (request, response) => response.end());
  server.on('checkContinue', (request, response) => {
    stage.log('checkContinue', request.url);
    response.writeContinue();
    response.writeHead(204, { Date: 'today', Connection: 'close' }).end();
  });
  server.on('clientError', (err, socket) => {
    stage.log('clientError', err.code);
    socket.end('HTTP/1.1 499 Mine\r\n\r\n');
  });
  server.listen(0);
  await once(server, 'listening');

  const first = await stage.peer(server.address().port);
  first.write('PUT /c HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n');
  stage.log((await first.readAll()).toString());
  const second = await stage.peer(server.address().port);
  second.write('GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\n\r\n');
  await second.until(() => second.bytes.includes('\r\n\r\n'));
  second.bytes = Buffer.alloc(0);
  second.write('nonsense\r\n\r\n');
  stage.log((await second.readAll()).toString());
});

test('the address holds at once where Node has none yet', async () => {
  const server = new NativeServer();

  server.listen(0, '127.0.0.1');
  assert.strictEqual(server.listening, true);
  assert.strictEqual(server.address().address, '127.0.0.1');
  await once(server, 'listening');
  await new Promise((resolve) => server.close(resolve));
});

test('plain requests are answered with 426 where nobody wants them', async () => {
  const server = new NativeServer().listen(0);
  const response = await fetch(`http://127.0.0.1:${server.address().port}/`);

  assert.strictEqual(response.status, 426);
  assert.strictEqual(await response.text(), 'Upgrade Required');
  await new Promise((resolve) => server.close(resolve));
});

test('an upgrade that nobody listens for is dropped', async () => {
  const server = new NativeServer().listen(0);
  const socket = net.connect(server.address().port, '127.0.0.1');

  socket.end(UPGRADE);
  socket.resume();
  await once(socket, 'close');
  await new Promise((resolve) => server.close(resolve));
});

test('close() lets connections go on and waits for them', async () => {
  const server = new NativeServer({ requestListener: () => {} }).listen(0);
  const upgraded = once(server, 'upgrade');
  const socket = net.connect(server.address().port, '127.0.0.1');
  let closed = false;

  socket.write(UPGRADE);
  const [, accepted] = await upgraded;
  server.close(() => {
    closed = true;
  });
  const refused = net.connect(socket.remotePort, '127.0.0.1');
  const [err] = await once(refused, 'error').catch((error) => [error]);
  // A reset if it was in the queue when the listener closed.
  assert.match(err.code, /^ECONN(?:REFUSED|RESET)$/);
  accepted.write('still here');
  const [chunk] = await once(socket, 'data');
  assert.strictEqual(String(chunk), 'still here');
  assert.strictEqual(closed, false);
  accepted.destroy();
  await once(server, 'close');
  assert.strictEqual(closed, true);
});
