'use strict';

// The MultipathServer beside the original: construction, handlers, closing.

const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');

const compare = require('./compare');

/** @param {function(): *} action; logs what it throws or returns */
function attempt(stage, action) {
  try {
    const value = action();

    stage.log('fine', typeof value);
    return value;
  } catch (err) {
    stage.log(err.constructor.name, err.code, err.code === undefined ? err.message : '');
    return undefined;
  }
}

compare('options that are refused, in this order', async (stage) => {
  const { MultipathServer } = stage;

  for (const options of [
    undefined,
    {},
    { port: undefined },
    { port: null },
    { port: '80' },
    { port: {} },
    { port: Number.NaN },
    { port: -1 },
    { port: 1.5 },
    { port: 65536 },
    { port: Number.POSITIVE_INFINITY },
    'options',
    5
  ]) {
    attempt(stage, () => new MultipathServer(options));
  }

  for (const wrong of [() => new MultipathServer(null), () => MultipathServer({ port: 0 })]) {
    try {
      wrong();
      stage.log('fine');
    } catch (err) {
      stage.log(err.constructor.name);
    }
  }
});

compare('a bad port is an error of listen() with autoListen: false', async (stage) => {
  const { MultipathServer } = stage;

  for (const port of [Number.NaN, -1, 65536]) {
    const server = attempt(stage, () => new MultipathServer({ port, autoListen: false }));
    attempt(stage, () => server.listen());
  }
});

compare('members', async (stage) => {
  const server = await stage.serve();
  const later = await stage.serve({ autoListen: false });

  for (const name of ['createHandler', 'on', 'once', 'close', 'listening', 'listen']) {
    stage.log(name, typeof server[name], typeof later[name], name in server, name in later);
  }

  stage.log(server.listening, later.listening);
  stage.log(later.listen() instanceof http.Server, later.listening);
  attempt(stage, () => later.listen());
  stage.log(server.close() instanceof http.Server, server.listening);
});

compare('the functions work without the object', async (stage) => {
  const { createHandler, on, once: onceOf, close } = await stage.serve();

  createHandler({ path: '/a' });
  on('connection', (ws, request, pathname) => stage.log('on', pathname));
  onceOf('unhandled', (socket) => stage.log('once', socket.destroyed));
  stage.log((await stage.ask({ target: '/a' })).slice(0, 12));
  stage.log(await stage.ask({ target: '/b' }));
  stage.log(await stage.ask({ target: '/b' }));
  await new Promise((resolve) => close(resolve));
});

compare('the options object stays as it is', async (stage) => {
  const options = { port: 0, autoListen: false, maxPayload: 5 };

  new stage.MultipathServer(options);
  stage.log(Object.entries(options));
});

compare('handler options that are refused, in this order', async (stage) => {
  const server = await stage.serve({ autoListen: false });

  for (const options of [
    undefined,
    {},
    { path: 100 },
    { path: null, port: 1 },
    { path: '/a', port: 4000 },
    { path: '/a', host: 'h' },
    { path: '/a', server: {} },
    { path: '/a', port: null, host: '', server: undefined },
    { path: '/a' },
    { path: '/a', port: 4000 },
    { path: '' },
    { path: '' },
    { path: 'toString' },
    { path: 'toString' },
    { path: '/b', noServer: false }
  ]) {
    attempt(stage, () => server.createHandler(options));
  }

  try {
    server.createHandler(null);
  } catch (err) {
    stage.log(err.constructor.name);
  }
});

compare('the main options win over those of a handler, whose object is changed', async (stage) => {
  const verifyClient = () => true;
  const server = await stage.serve({
    autoListen: false,
    maxPayload: 5,
    verifyClient,
    extra: 'x',
    rejectUnhandled: false
  });
  const options = { path: '/a', maxPayload: 9, clientTracking: false };
  const handler = server.createHandler(options);
  const own = ['autoListen', 'port', 'noServer', 'maxPayload', 'extra', 'rejectUnhandled', 'path'];

  for (const name of own) stage.log(name, options[name], handler.options[name]);
  stage.log(options.verifyClient === verifyClient, handler.clients);
  stage.log(Object.keys(options).sort());
});

compare('a path in the main options takes the place of every other', async (stage) => {
  const server = await stage.serve({ path: '/main' });
  const first = stage.handler(server, { path: '/a' });
  first.on('connection', () => stage.log('first'));
  stage.log(first.options.path, (await stage.ask({ target: '/main' })).slice(0, 12));
  const second = stage.handler(server, { path: '/b' });
  second.on('connection', () => stage.log('second'));
  stage.log((await stage.ask({ target: '/main' })).slice(0, 12));
  stage.log(await stage.ask({ target: '/a' }));
});

compare('a connection: events, arguments, states', async (stage) => {
  const server = await stage.serve();
  const handler = stage.handler(server, { path: '/a' });
  let socket;

  for (const [name, emitter] of [
    ['handler', handler],
    ['server', server]
  ]) {
    emitter.on('connection', (ws, request, ...rest) => {
      stage.log(name, ws.readyState, request.url, rest, ws === (socket ??= ws));
      stage.log(request instanceof http.IncomingMessage, request.socket === ws._socket);
      stage.log(ws._socket instanceof net.Socket, handler.clients.has(ws));
      ws.send(`from ${name}`);
    });
  }
  server.on('unhandled', () => stage.log('unhandled'));
  handler.on('headers', (lines, request) => stage.log('headers', lines, request.method));

  const peer = await stage.peer();
  stage.log(await peer.upgrade({ target: '/a?b=c' }));
  stage.log(await peer.read(27));
});

compare('messages in the packet of the handshake', async (stage) => {
  const { frame } = require('../ws/raw-peer');
  const server = await stage.serve();
  const handler = stage.handler(server, { path: '/a' });
  const done = new Promise((resolve) => {
    handler.on('connection', (ws) => {
      stage.log('connection');
      ws.on('message', (data, isBinary) => stage.log(data, isBinary));
      ws.on('close', (code, reason) => resolve(stage.log(code, reason)));
    });
  });
  const peer = await stage.peer();

  await peer.upgrade(
    { target: '/a' },
    Buffer.concat([frame(1, 'one'), frame(2, 'two'), frame(8, Buffer.from([3, 232, 33]))])
  );
  peer.socket.end();
  await done;
});

compare('close() with nobody there', async (stage) => {
  const server = await stage.serve();

  server.on('close', (...args) => stage.log('close', args));
  await new Promise((resolve) => {
    server.close((...args) => {
      stage.log('callback', args, server.listening);
      resolve();
    });
    stage.log('returned', server.listening);
  });

  await new Promise((resolve) => {
    server.close((...args) => {
      stage.log('again', args);
      resolve();
    });
  });
});

compare('close() of a server that never listened', async (stage) => {
  const server = await stage.serve({ autoListen: false });

  server.on('close', () => stage.log('close'));
  await new Promise((resolve) => {
    server.close((err) => resolve(stage.log(err)));
  });
});

compare('close() leaves connections and handlers alone', async (stage) => {
  const server = await stage.serve();
  const handler = stage.handler(server, { path: '/a' });
  const connected = once(handler, 'connection');
  const peer = await stage.peer();
  await peer.upgrade({ target: '/a' });
  const [ws] = await connected;

  server.on('close', () => stage.log('close'));
  handler.on('close', () => stage.log('handler close'));
  const closed = new Promise((resolve) => server.close(() => resolve(stage.log('callback'))));
  await new Promise((resolve) => setTimeout(resolve, 30));
  stage.log(server.listening, ws.readyState);
  ws.send('still here');
  stage.log(await peer.read(12));
  ws.on('close', (code) => stage.log('ws close', code));
  peer.socket.destroy();
  await closed;
  if (ws.readyState !== 3) await once(ws, 'close');
});

compare('close() of a handler keeps its path', async (stage) => {
  const server = await stage.serve();
  const handler = stage.handler(server, { path: '/a' });

  server.on('connection', () => stage.log('connection'));
  server.on('unhandled', () => stage.log('unhandled'));
  await new Promise((resolve) => handler.close(resolve));
  stage.log(await stage.ask({ target: '/a' }));
  attempt(stage, () => server.createHandler({ path: '/a' }));
  try {
    handler.address();
  } catch (err) {
    stage.log(err);
  }
});

compare('a handler refuses as ws does, without an event of the server', async (stage) => {
  const server = await stage.serve();
  const handler = stage.handler(server, {
    path: '/a',
    verifyClient: ({ req }) => !req.url.includes('no')
  });

  for (const emitter of [server, handler]) {
    emitter.on('connection', () => stage.log('connection'));
    emitter.on('unhandled', () => stage.log('unhandled'));
  }

  for (const change of [
    { method: 'POST' },
    { headers: { Upgrade: 'h2c' } },
    { headers: { 'Sec-WebSocket-Key': 'short' } },
    { headers: { 'Sec-WebSocket-Key': undefined } },
    { headers: { 'Sec-WebSocket-Version': '12' } },
    { headers: { 'Sec-WebSocket-Protocol': 'a,,b' } },
    { target: '/a?no' },
    { version: 'HTTP/1.0' },
    { headers: { Host: undefined } }
  ]) {
    stage.log(await stage.ask({ target: '/a', ...change }));
  }
});

compare('two servers, and two handlers each', async (stage) => {
  const ports = [];

  for (const name of ['first', 'second']) {
    const server = await stage.serve();
    ports.push(stage.port);
    for (const path of ['/a', '/b']) {
      stage.handler(server, { path }).on('connection', (ws) => ws.send(`${name} ${path}`));
    }
  }

  for (const port of ports) {
    stage.port = port;
    for (const target of ['/a', '/b']) {
      const peer = await stage.peer();
      await peer.upgrade({ target });
      const [, length] = await peer.read(2);
      stage.log(await peer.read(length));
    }
  }
});
