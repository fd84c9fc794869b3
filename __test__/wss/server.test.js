'use strict';

// The server class and the factories beside the original.

const { EventEmitter, once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const os = require('node:os');
const path = require('node:path');
const WebSocket = require('ws');

const compare = require('./compare');

const fixtures = path.join(__dirname, '..', 'scenario', 'fixtures');
const hide = ({ port, ...address }) => ({ ...address, bound: port > 0 });

/** @param {function(): *} action; logs what it throws */
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

compare('what is exported', async (stage) => {
  const { wss } = stage;

  stage.log(typeof wss, Object.keys(wss).sort());
  stage.log(wss.createServer.length, wss.createServerFrom.length, wss.prototype.listening);
  stage.log(Object.create(wss.prototype) instanceof EventEmitter);
  for (const name of ['listen', 'close', 'handleUpgrade', 'shouldHandle', 'completeUpgrade']) {
    stage.log(name, typeof wss.prototype[name]);
  }
});

compare('arguments that are refused', async (stage) => {
  const { wss } = stage;

  for (const action of [
    () => wss.createServerFrom(),
    () => wss.createServerFrom(undefined, () => {}),
    () => wss.createServerFrom(null),
    () => new wss(),
    () => new wss({}),
    () => new wss({ port: null }),
    () => new wss({ port: -1 })
  ]) {
    attempt(stage, action);
  }

  // Their texts are those of the engine.
  for (const action of [
    () => wss.createServer(null),
    () => wss({ port: 0 }),
    () => new wss(null)
  ]) {
    try {
      action();
    } catch (err) {
      stage.log(err.constructor.name);
    }
  }
});

compare('listen(): order, this, return value, flag', async (stage) => {
  const server = stage.wss.createServer();
  const order = [];

  stage.log(server.listening, Object.hasOwn(server, 'listening'));
  server.on('listening', (...args) => order.push(['event', args, server.listening]));
  const done = new Promise((resolve) => {
    const returned = server.listen(0, '127.0.0.1', 5, function onListening(...args) {
      order.push(['callback', args, this === returned, this.listening, server.listening]);
      order.push(hide(this.address()));
      resolve();
    });

    stage.log(returned instanceof http.Server, returned === server._server, server.listening);
  });
  await done;
  stage.log(order, server.listening, Object.hasOwn(server, 'listening'));
  attempt(stage, () => server.listen(0));
  stage.end(server);
});

compare('listen() in other forms', async (stage) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferrows-'));
  stage.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const forms = [[], [0], ['0'], [{ port: 0, host: '127.0.0.1' }]];

  if (process.platform !== 'win32') forms.push([path.join(folder, 's')]);
  for (const args of forms) {
    const server = stage.wss.createServer((ws) => ws.send('welcome'));
    const listener = server.listen(...args);

    await once(listener, 'listening');
    stage.end(server);
    const address = listener.address();
    stage.log(typeof address === 'string' ? address === args[0] : hide(address));
    const ws = new WebSocket(
      typeof address === 'string' ? `ws+unix:${address}:/x` : `ws://127.0.0.1:${address.port}`
    );
    const [data] = await once(ws, 'message');
    stage.log(String(data));
    ws.terminate();
  }

  const server = stage.wss.createServer();
  attempt(stage, () => server.listen(-1));
  attempt(stage, () => server.listen({}));
});

compare('a port in use', async (stage) => {
  const busy = http.createServer().listen(0);
  await once(busy, 'listening');
  stage.after(() => busy.close());
  const { port } = busy.address();
  const server = stage.wss.createServer();
  const failed = compare.event(server, 'error');

  server.listen(port, () => stage.log('listening'));
  stage.log(server.listening);
  const [err] = await failed;
  stage.log(err.code, err.syscall, err.address, err.port === port, server.listening);
});

compare('new with a port, as in version 1', async (stage) => {
  const order = [];
  const server = new stage.wss({ port: 0, host: '127.0.0.1' }, function onListening() {
    order.push(['callback', this instanceof http.Server, this.listening, server.listening]);
  });

  server.on('listening', () => order.push(['event', server.listening]));
  server.on('connection', (ws, ...rest) => order.push(['connection', rest]));
  await once(server, 'listening');
  stage.end(server);
  stage.log(order, server.listening, server.clients instanceof Set, server.path);
  const { options } = server;
  for (const name of ['port', 'host', 'server', 'noServer', 'path', 'maxPayload']) {
    stage.log(name, options[name]);
  }
  const { port } = server._server.address();
  const { ws } = await stage.open({ server, port });
  stage.log(order.at(-1), server.clients.has(ws));

  const peer = await stage.peer(port);
  peer.write('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
  stage.log(String(await peer.readAll()).replace(/Date: .*?\r\n/, ''));
  attempt(stage, () => server.listen(0));
  await new Promise((resolve) => server.close(() => resolve(stage.log('closed'))));
});

compare('createServer(): the listener, in both places', async (stage) => {
  for (const args of [[(ws) => ws.send('first')], [{}, (ws) => ws.send('second')]]) {
    const server = stage.wss.createServer(...args);
    const listener = server.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    stage.end(server);
    const ws = new WebSocket(`ws://127.0.0.1:${listener.address().port}/any`);
    stage.log(String((await once(ws, 'message'))[0]));
    ws.terminate();
  }
});

compare('createServer() takes no options of WebSocket servers', async (stage) => {
  const server = stage.wss.createServer({ path: '/only', verifyClient: () => false });
  const listener = server.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  stage.end(server);
  stage.log(await stage.ask(listener.address().port, { target: '/other' }));
  stage.log(server.options.path, server.path);
});

compare('createServer() with a key and a certificate', async (stage) => {
  const key = fs.readFileSync(path.join(fixtures, 'key.pem'));
  const cert = fs.readFileSync(path.join(fixtures, 'certificate.pem'));

  for (const options of [{ key }, { cert }, { key: '', cert }]) {
    stage.log(stage.wss.createServer(options)._server instanceof https.Server);
  }

  const server = stage.wss.createServer({ key, cert }, (ws) => {
    stage.log(ws.upgradeReq.url, ws.upgradeReq.socket.encrypted);
    ws.on('message', (data, flags) => {
      stage.log(data, flags);
      ws.send(data);
    });
  });
  const listener = server.listen(0, '127.0.0.1');
  stage.log(listener instanceof https.Server);
  await once(listener, 'listening');
  stage.end(server);
  const { port } = listener.address();
  const ws = new WebSocket(`wss://127.0.0.1:${port}/secure`, { rejectUnauthorized: false });
  await once(ws, 'open');
  ws.send('secret');
  const [data, isBinary] = await once(ws, 'message');
  stage.log(data, isBinary);
  ws.terminate();

  const response = await new Promise((resolve) => {
    https.get({ port, host: '127.0.0.1', rejectUnauthorized: false, agent: false }, resolve);
  });
  stage.log(
    response.statusCode,
    response.rawHeaders.filter((_, i) => i % 2 === 0)
  );
  response.resume();
  await once(response, 'end');
});

compare('plain requests', async (stage) => {
  const { port } = await stage.serve();

  for (const request of [
    'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n',
    'HEAD /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n',
    'GET / HTTP/1.0\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nConnection: close\r\n\r\nxy'
  ]) {
    const peer = await stage.peer(port);
    peer.write(request);
    stage.log(String(await peer.readAll()).replace(/Date: .*?\r\n/, 'Date\r\n'));
  }

  const peer = await stage.peer(port);
  peer.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  await peer.until(() => peer.bytes.includes('Upgrade Required', 20));
  await peer.until(() => String(peer.bytes).endsWith('\r\n\r\nUpgrade Required'));
  stage.log(String(peer.bytes).replace(/Date: .*?\r\n/, 'Date\r\n'));
});

compare('createServerFrom(): a server of the user', async (stage) => {
  const server = http.createServer((request, response) => response.end('page'));
  const options = { path: '/ws', maxPayload: 5 };
  const wss = stage.wss.createServerFrom(server, (ws) => ws.send('welcome'), options);

  stage.log(wss.listening, wss._server === server, options.server === server);
  stage.log(Object.keys(options), wss.path, wss.options.maxPayload);
  wss.on('listening', () => stage.log('listening', wss.listening));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stage.log(wss.listening);
  stage.end(wss);
  const { port } = server.address();
  stage.log(await stage.ask(port, { target: '/other' }));
  stage.log(await stage.ask(port, { target: '/ws?x' }));
  const response = await fetch(`http://127.0.0.1:${port}/`);
  stage.log(await response.text());
  server.closeAllConnections();
});

compare('connections: two events, one argument', async (stage) => {
  const { server, port } = await stage.serve();

  server.on('connection/a?b=c', (ws, ...rest) => {
    stage.log('url', ws.readyState, ws.upgradeReq.url, rest, server.clients.has(ws));
  });
  server.on('connection', (ws, ...rest) => {
    stage.log('any', ws.readyState, ws.upgradeReq.url, rest, server.clients.size);
    stage.log(ws.protocolVersion, ws.protocol, ws.upgradeReq instanceof http.IncomingMessage);
    stage.log(ws._socket === ws.upgradeReq.socket);
  });
  server.on('headers', (lines, request) => stage.log('headers', lines, request.url));
  const { ws } = await stage.open({ server, port }, { target: '/a?b=c' });
  await stage.open(
    { server, port },
    { target: '/d', headers: { 'Sec-WebSocket-Version': '8', 'Sec-WebSocket-Protocol': 'x, y' } }
  );
  stage.log(server.clients.size);
  ws.terminate();
  if (server.clients.has(ws)) await once(ws, 'close');
  stage.log(server.clients.size);
});

compare('refusals', async (stage) => {
  const { port } = await stage.serve({ path: '/p' });

  for (const change of [
    { method: 'POST' },
    { headers: { Upgrade: 'h2c' } },
    { headers: { 'Sec-WebSocket-Key': undefined } },
    { headers: { 'Sec-WebSocket-Version': '12' } },
    { headers: { 'Sec-WebSocket-Version': undefined } },
    { target: '/other' },
    { target: '/p/' },
    { target: '/P' }
  ]) {
    stage.log(await stage.ask(port, { target: '/p', ...change }));
  }
});

compare('what is not refused', async (stage) => {
  const { port } = await stage.serve({ path: '/p' });

  for (const change of [
    { target: '/p?x=1' },
    { target: '/p#x' },
    { target: 'http://h/p' },
    { headers: { 'Sec-WebSocket-Key': 'short' } },
    { headers: { 'Sec-WebSocket-Version': '13.0' } },
    { headers: { 'Sec-WebSocket-Protocol': 'a,,b' } },
    { headers: { 'Sec-WebSocket-Protocol': ' a , a' } },
    { headers: { Upgrade: 'WEBSOCKET' } },
    { version: 'HTTP/1.0' },
    { headers: { Host: undefined } }
  ]) {
    stage.log(await stage.ask(port, { target: '/p', ...change }));
  }
});

compare('verifyClient', async (stage) => {
  for (const [name, verifyClient] of [
    ['yes', () => true],
    ['no', () => false],
    ['truthy', () => 1],
    ['async yes', (info, cb) => setImmediate(cb, true)],
    ['async no', (info, cb) => setImmediate(cb, false)],
    ['async code', (info, cb) => cb(false, 404)],
    ['async code and text', (info, cb) => cb(false, 403, 'not you \xe4')]
  ]) {
    const { port } = await stage.serve({
      verifyClient:
        verifyClient.length === 2
          ? (info, cb) => {
              stage.log(info.origin, info.secure, info.req.url);
              verifyClient(info, cb);
            }
          : (info) => {
              stage.log(info.origin, info.secure, Object.keys(info));
              return verifyClient(info);
            }
    });

    stage.log(name, await stage.ask(port, { headers: { Origin: 'http://o' } }));
    const headers = { 'Sec-WebSocket-Version': '8', 'Sec-WebSocket-Origin': 'http://p' };
    stage.log(name, await stage.ask(port, { headers }));
  }
});

compare('handleProtocols', async (stage) => {
  for (const choice of ['b', '', undefined, null, 'other', false]) {
    const { port } = await stage.serve({
      handleProtocols(protocols, request) {
        stage.log(protocols, request.url);
        return choice;
      }
    });

    for (const offer of [undefined, 'a', 'a, b,c']) {
      stage.log(await stage.ask(port, { headers: { 'Sec-WebSocket-Protocol': offer } }));
    }
  }
});

compare('clientTracking: false', async (stage) => {
  const { server, port } = await stage.serve({ clientTracking: false });
  const { peer, ws } = await stage.open({ server, port });

  stage.log('clients' in server, server.clients);
  // ws 2.x reports the close at the peer's FIN, ours when the socket is gone.
  const closed = new Promise((resolve) => server.close(resolve));
  stage.log(ws.readyState);
  peer.socket.destroy();
  await Promise.all([closed, once(ws, 'close')]);
  stage.log(ws.readyState);
});

compare('close() terminates the clients and closes the server beneath', async (stage) => {
  for (const own of [true, false]) {
    const beneath = http.createServer();
    const server = own ? stage.wss.createServer() : stage.wss.createServerFrom(beneath);
    const listener = server.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address();
    const { peer, ws } = await stage.open({ server, port });
    const wsClosed = new Promise((resolve) => ws.on('close', (...args) => resolve(args)));

    const closed = new Promise((resolve) => {
      const returned = server.close((...args) => {
        stage.log('callback', args, server.listening);
        resolve();
      });

      stage.log(returned === listener, server.listening, listener.listening, ws.readyState > 1);
    });
    await closed;
    stage.log(await peer.readAll());
    stage.log(await wsClosed, server.clients.size);
  }
});

compare('close() of a server that does not listen', async (stage) => {
  const server = stage.wss.createServer();

  await new Promise((resolve) => {
    server.close((err) => resolve(stage.log(err, server.listening)));
  });
});

compare('close() without a callback', async (stage) => {
  const { server, http: listener } = await stage.serve();

  stage.log(server.close() === listener);
  await once(listener, 'close');
  stage.log(server.listening, listener.listening);
});

compare('handleUpgrade() with noServer', async (stage) => {
  const server = http.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  stage.after(() => server.close());
  const wss = new stage.wss({ noServer: true });

  stage.after(() => wss.clients.forEach((ws) => ws.terminate()));
  wss.on('connection', () => stage.log('connection'));
  server.on('upgrade', (request, socket, head) => {
    wss.handleUpgrade(request, socket, head, (ws, ...rest) => {
      stage.log('callback', rest, ws.upgradeReq === request, wss.clients.has(ws));
      ws.send('welcome');
    });
  });
  const ws = new WebSocket(`ws://127.0.0.1:${server.address().port}`);
  stage.log(String((await once(ws, 'message'))[0]));
});
