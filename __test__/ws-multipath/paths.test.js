'use strict';

// Which request goes where: the two rules of path matching, and what is unhandled.

const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');

const compare = require('./compare');

/** Registered in all scenarios of targets. */
const PATHS = [
  '/foo',
  '/foo/',
  '/',
  '*',
  '/a%20b',
  '/a b',
  '/A',
  '//foo',
  '/foo;x',
  '/x/y',
  '/q?r',
  '/h#i',
  '/back\\slash',
  '/back/slash',
  '/q"u',
  '/q%22u',
  '/{b}',
  '/%7Bb%7D',
  '/\xe4',
  '/%C3%A4',
  'foo',
  '',
  'toString',
  '__proto__',
  '/host',
  'http://h/foo'
];

const TARGETS = [
  '/foo',
  '/foo?x=1',
  '/foo?',
  '/foo?a?b#c',
  '/foo/',
  '/FOO',
  '/fo',
  '/foo2',
  '//foo',
  '///foo',
  '/./foo',
  '/foo/..',
  '/foo/.',
  '/foo;x',
  '/foo%2f',
  '/foo#h',
  '/foo#h?i',
  '/#foo',
  '/?foo',
  '/',
  '/a%20b',
  '/A',
  '/a',
  '/x/y',
  '/x\\y',
  '\\x\\y',
  '/q?r',
  '/h#i',
  '/back\\slash',
  '/back/slash',
  '/back\\slash?c\\d',
  '/q"u',
  '/q%22u',
  '/{b}',
  '/%7Bb%7D',
  '/%C3%A4',
  '/%c3%a4',
  '/@foo',
  '//user@host/foo',
  '//user@host',
  'http://h/foo',
  'http://h/foo?x',
  'HTTP://H/foo',
  'http://h:80/foo',
  'http://u:p@h/foo',
  'http://h',
  'http://h?x',
  'ws://h/foo',
  'wss://h/foo#x',
  'foo://h/foo',
  'http:///foo',
  'http://[::1]/foo',
  'javascript://h/foo',
  'file:///foo',
  '/:80',
  '/foo:bar',
  "/it's",
  '/a|b',
  '/a^b',
  '/a`b',
  '/<a>',
  '/toString',
  '/__proto__',
  '*',
  '*?x',
  '**'
];

for (const target of TARGETS) {
  compare(`GET ${target}`, async (stage) => {
    const server = await stage.serve();

    for (const path of PATHS) {
      stage
        .handler(server, { path })
        .on('connection', (ws, request) => stage.log('handler', path, request.url));
    }
    server.on('connection', (ws, request, pathname) => stage.log('server', pathname));
    server.on('unhandled', (socket) => stage.log('unhandled', socket.destroyed));
    const unhandled = once(server, 'unhandled');
    const answer = await stage.ask({ target });
    // Ours may be read before the event: the core does not wait for JavaScript.
    if (answer.startsWith('HTTP/1.0')) await unhandled;
    stage.log(answer);
  });
}

compare('targets that are no targets', async (stage) => {
  const server = await stage.serve();

  stage.handler(server, { path: '/foo' });
  server.on('connection', () => stage.log('connection'));
  server.on('unhandled', () => stage.log('unhandled'));
  for (const target of ['foo', 'foo/bar', '?foo', '#foo', '/f\too', '/\xe4', '/\u0001', 'h:80']) {
    stage.log(target, await stage.ask({ target }));
  }
});

compare('unhandled: answer, destruction and then the event', async (stage) => {
  const server = await stage.serve();
  const closed = new Promise((resolve) => {
    server.on('unhandled', (socket) => {
      stage.log(socket instanceof net.Socket, socket.destroyed, socket.writable);
      socket.on('close', (...args) => resolve(stage.log('close', args)));
    });
  });

  const answer = await stage.ask({ target: '/nowhere' });
  await closed;
  stage.log(answer);
});

compare('unhandled: other upgrades, methods, and bytes behind the request', async (stage) => {
  const server = await stage.serve();
  let count = 0;

  server.on('unhandled', (socket) => {
    if (socket.destroyed) count++;
  });
  for (const change of [
    { headers: { Upgrade: 'h2c' } },
    { method: 'POST' },
    { version: 'HTTP/1.0' },
    { headers: { 'Sec-WebSocket-Version': undefined } },
    { headers: { Connection: 'keep-alive, Upgrade' } },
    { headers: { Connection: 'UPGRADE' } }
  ]) {
    stage.log(await stage.ask(change));
  }

  for (let i = 0; i < 20; i++) {
    const peer = await stage.peer();
    const head = await peer.upgrade({}, 'x'.repeat(i * 100));
    stage.log(head + (await peer.readAll()));
  }

  while (count < 26) await once(server, 'unhandled');
  stage.log(count);
});

compare('rejectUnhandled: false leaves the socket to the listener', async (stage) => {
  const server = await stage.serve({ rejectUnhandled: false });
  stage.handler(server, { path: '/foo' }).on('connection', () => stage.log('connection'));
  const unhandled = once(server, 'unhandled');
  const peer = await stage.peer();
  const { requestHead } = require('../ws/raw-peer');

  peer.write(requestHead({ target: '/bar' }));
  const [socket] = await unhandled;
  stage.log(socket instanceof net.Socket, socket.destroyed, socket.readable, socket.writable);
  stage.log(socket.listenerCount('data'), socket.remoteAddress, socket.readyState);
  stage.log(Object.getPrototypeOf(socket) === net.Socket.prototype);

  let closed = false;
  server.close(() => {
    closed = true;
  });
  peer.write('to the server');
  const [chunk] = await once(socket, 'data');
  stage.log(chunk, closed);
  socket.write('from the server');
  stage.log(await peer.read(15));
  socket.destroy();
  await peer.closed;
  if (!closed) await compare.event(server, 'close');
});

compare('rejectUnhandled: false with a known path', async (stage) => {
  const server = await stage.serve({ rejectUnhandled: false });
  stage.handler(server, { path: '/foo' });
  server.on('connection', (ws, request, pathname) => stage.log(pathname));
  stage.log((await stage.ask({ target: '/foo' })).slice(0, 12));
});

compare('what is not HTTP', async (stage) => {
  await stage.serve();

  for (const bytes of [
    'nonsense\r\n\r\n',
    'GET / HTTP/1.1\r\nHost : h\r\n\r\n',
    'GET / HTTP/1.1\r\n Host: h\r\n\r\n',
    'GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
    'GET / HTTP/1.1\r\nX: \0\r\n\r\n'
  ]) {
    const peer = await stage.peer();
    peer.write(Buffer.from(bytes, 'latin1'));
    stage.log(bytes.slice(0, 30), await peer.readAll());
  }
});

compare('a port in use is an uncaught exception', async (stage) => {
  const { fork } = require('node:child_process');
  const path = require('node:path');
  const busy = http.createServer().listen(0);
  await once(busy, 'listening');
  stage.after(() => busy.close());
  const module =
    stage.MultipathServer === require('ws-multipath')
      ? 'ws-multipath'
      : '../../../lib/ws-multipath';
  const child = fork(path.join(__dirname, 'programs', 'busy.js'), [module, busy.address().port]);
  const [message] = await once(child, 'message');

  stage.log(message);
  stage.log(await once(child, 'exit'));
});
