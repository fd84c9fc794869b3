'use strict';

// Construction, addresses, tracking and closing of a WebSocketServer.

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const https = require('node:https');
const { test } = require('node:test');

const original = require('ws');
const ours = require('../../lib/ws');
const certificate = require('./certificate');
const oracle = require('./oracle');

oracle.once('options that are refused', async (stage) => {
  const { Server } = stage.WebSocket;
  const server = http.createServer();

  for (const options of [
    undefined,
    null,
    {},
    { port: null },
    { port: undefined, noServer: false },
    { port: 0, server },
    { port: 0, noServer: true },
    { server, noServer: true },
    { port: 0, server, noServer: true },
    { port: -1 },
    { port: 65536 },
    { port: 1.5 },
    { port: Number.NaN },
    { port: 'x' },
    { port: {} }
  ]) {
    try {
      new Server(options).close();
      stage.log('accepted', options);
    } catch (err) {
      stage.log(err);
    }
  }
});

oracle('the options can be read back', async (stage) => {
  const wss = await stage.serve({ maxPayload: 5, perMessageDeflate: true, path: '/p', extra: 1 });
  const { WebSocket, port, server, ...rest } = wss.options;

  // A Map would be compared by order.
  stage.log(Object.fromEntries(Object.entries(rest).sort()));
  stage.log(WebSocket === stage.WebSocket, typeof port, server !== null);
  stage.log(wss.clients, wss._shouldEmitClose);
});

oracle.once('a server on a port', async (stage) => {
  const { Server } = stage.WebSocket;
  const wss = new Server({ port: 0 }, function onListening(...args) {
    stage.log('callback', args.length, this instanceof http.Server, this === wss);
  });

  stage.log('address', wss.address().address, wss.address().family, wss.address().port > 0);
  wss.on('listening', function onListening(...args) {
    stage.log('listening', args.length, this === wss);
    process.nextTick(() => stage.log('tick'));
  });
  stage.log('constructed');
  await once(wss, 'listening');
  const closed = new Promise((resolve) => {
    wss.close((...args) => resolve(args));
  });
  stage.log('closing', wss.address());
  stage.log(await closed, wss.address());
});

oracle.once('without a host every address is bound', async (stage) => {
  const wss = new stage.WebSocket.Server({ port: 0 });
  const { address, family } = wss.address();

  await once(wss, 'listening');
  stage.log(address, family);
  wss.close();
  await once(wss, 'close');
});

oracle.once('a port in use', async (stage) => {
  const { Server } = stage.WebSocket;
  const first = new Server({ port: 0, host: '127.0.0.1' });

  await once(first, 'listening');
  const { port } = first.address();
  const second = new Server({ port, host: '127.0.0.1' });
  stage.log('constructed');
  const [err] = await once(second, 'error');
  stage.log(err.code, err.syscall, err.address, err.port === port, err instanceof Error);
  stage.log(err.message.replace(port, 'PORT'));
  first.close();
  await once(first, 'close');
});

oracle(
  'address',
  async (stage) => {
    const wss = await stage.serve();

    try {
      const { address, family, port } = wss.address();
      stage.log(address, family, port === stage.port);
    } catch (err) {
      stage.log(err);
    }
    wss.close();
    try {
      stage.log(wss.address());
    } catch (err) {
      stage.log(err);
    }
  },
  { modes: ['port', 'server', 'noServer'] }
);

oracle('close with nobody connected', async (stage) => {
  const wss = await stage.serve();
  const done = new Promise((resolve) => {
    wss.on('close', (...args) => {
      stage.log('close event', args.length);
      process.nextTick(resolve);
    });
    wss.close((...args) => stage.log('close callback', args));
  });

  stage.log('sync');
  if (stage.mode !== 'port') process.nextTick(() => stage.log('tick'));
  await done;
});

oracle('close while a client is connected', async (stage) => {
  const wss = await stage.serve();
  const { peer, ws } = await stage.open(wss);
  let closed = false;
  const done = new Promise((resolve) => {
    wss.close((err) => {
      closed = true;
      stage.log('callback', err, wss.clients.size);
      resolve();
    });
  });

  wss.close(() => stage.log('second callback'));
  await new Promise((resolve) => setTimeout(resolve, 20));
  stage.log('still open', closed, ws.readyState, wss.clients.size);
  ws.on('close', () => stage.log('ws close', wss.clients.size));
  peer.socket.destroy();
  await done;
});

oracle('close without tracking', async (stage) => {
  const wss = await stage.serve({ clientTracking: false });
  const { peer, ws } = await stage.open(wss);

  stage.log('clients' in wss, wss.clients);
  const done = oracle.event(wss, 'close');
  wss.close();
  if (stage.mode === 'port') peer.socket.destroy();
  await done;
  stage.log('closed');
  ws.terminate();
});

oracle('closing what is closed', async (stage) => {
  const wss = await stage.serve();

  await new Promise((resolve) => wss.close(resolve));
  wss.on('close', () => stage.log('close again'));
  await new Promise((resolve) => {
    wss.close((err) => {
      stage.log('callback', err);
      resolve();
    });
    stage.log('sync');
  });
  wss.close();
  await oracle.event(wss, 'close');
});

oracle('clients come and go', async (stage) => {
  const wss = await stage.serve();
  const first = await stage.open(wss);
  const second = await stage.open(wss);

  stage.log(wss.clients.size, wss.clients.has(first.ws), wss.clients.has(second.ws));
  const gone = oracle.event(first.ws, 'close');
  first.ws.on('close', () => stage.log('in close', wss.clients.size));
  first.peer.socket.destroy();
  await gone;
  stage.log(wss.clients.size, wss.clients.has(second.ws));
});

oracle(
  'listeners on a foreign server are added and removed',
  async (stage) => {
    const wss = await stage.serve();
    const count = () =>
      ['listening', 'error', 'upgrade'].map((n) => stage.httpServer.listenerCount(n));

    stage.log(count());
    wss.on('listening', (...args) => stage.log('listening', args));
    wss.on('error', (err) => stage.log('error', err));
    stage.httpServer.emit('listening');
    stage.httpServer.emit('error', new Error('forwarded'));
    wss.close();
    stage.log(count(), stage.httpServer.listening);
  },
  { modes: ['server'] }
);

oracle(
  'handleUpgrade with made-up request objects',
  async (stage) => {
    const wss = new stage.WebSocket.Server({ noServer: true });

    stage.httpServer = http.createServer();
    stage.httpServer.on('upgrade', (request, socket, head) => {
      const { method, url, headers } = request;

      wss.handleUpgrade({ method, url, headers, socket }, socket, head, (...args) => {
        const [ws, req] = args;

        stage.log(args.length, ws.readyState, Object.keys(req), wss.clients.size);
        ws.close(1000, 'bye');
      });
    });
    stage.httpServer.listen(0, '127.0.0.1');
    await once(stage.httpServer, 'listening');
    stage.after(() => stage.httpServer.close());
    stage.port = stage.httpServer.address().port;
    const peer = await stage.raw();
    stage.log(await peer.upgrade());
    stage.log(await peer.read(7));
  },
  { modes: ['noServer'] }
);

test('two servers with different paths on one HTTP server are as in ws: the first one refuses', async () => {
  for (const { Server } of [original, ours]) {
    const server = http.createServer();
    const servers = ['/a', '/b'].map((path) => new Server({ server, path }));

    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const request = http.get({
      port: server.address().port,
      host: '127.0.0.1',
      path: '/b',
      headers: {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
        'Sec-WebSocket-Version': 13
      }
    });
    // The second server's answer may come first or not at all; the client must be gone at the end.
    const outcome = await new Promise((resolve) => {
      request.on('response', (response) => resolve(response.statusCode));
      request.on('upgrade', (response, socket) => {
        socket.destroy();
        resolve(101);
      });
      request.on('error', () => resolve('error'));
    });
    assert.ok([400, 101, 'error'].includes(outcome));
    for (const wss of servers) wss.close();
    server.close();
    server.closeAllConnections();
  }
});

oracle.once('a server over TLS', async (stage) => {
  const server = https.createServer(certificate);
  const wss = new stage.WebSocket.Server({
    server,
    verifyClient(info) {
      stage.log('secure', info.secure);
      return true;
    }
  });

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stage.after(() => server.close());
  wss.on('connection', (ws, request) => {
    stage.log(ws._socket === request.socket, ws._socket.encrypted);
    stage.watch(ws, 'server');
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  });
  const ws = stage.client(`wss://127.0.0.1:${server.address().port}`, {
    rejectUnauthorized: false
  });

  await oracle.event(ws, 'open');
  for (const data of ['text', Buffer.alloc(100_000, 'x')]) {
    const echo = oracle.event(ws, 'message');
    ws.send(data);
    const [answer, isBinary] = await echo;
    stage.log(answer.equals(Buffer.from(data)), isBinary);
  }
  const gone = new Promise((resolve) =>
    wss.clients.forEach((client) => client.on('close', resolve))
  );
  const closed = oracle.event(ws, 'close');
  ws.close(4001, 'enough');
  stage.log(await closed);
  await gone;
});
