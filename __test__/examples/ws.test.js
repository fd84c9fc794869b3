'use strict';

/** The usage examples of the README of ws: client, servers, several servers on one HTTP server, authentication. */

const assert = require('node:assert');
const { once } = require('node:events');
const { readFileSync } = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const path = require('node:path');
const { describe, it } = require('node:test');
const { SUBJECT } = require('../scenario/harness.js');
const { abandon, inbox, leave } = require('./sockets.js');

const WebSocket = require(SUBJECT.ws);
const { WebSocketServer } = WebSocket;
const fixture = (name) => readFileSync(path.join(__dirname, '..', 'scenario', 'fixtures', name));

/** Starts a server on its own port, as the examples do with 8080. */
const onPort = async (t) => {
  const wss = new WebSocketServer({ port: 0 });
  t.after(() => abandon(wss));
  await once(wss, 'listening');
  return { wss, url: `ws://localhost:${wss.address().port}` };
};
/** Starts to listen and tells the port. */
const listen = async (t, server) => {
  t.after(() => abandon(server));
  server.listen(0);
  await once(server, 'listening');
  return server.address().port;
};
/** Closes a server and waits for it. */
const close = (server) => new Promise((resolve) => server.close(resolve));

describe('the examples of ws', { timeout: 30_000 }, () => {
  it('sends and receives text data', async (t) => {
    const { wss, url } = await onPort(t);
    wss.on('connection', (ws) => {
      ws.on('error', assert.ifError);
      ws.on('message', function message(data) {
        ws.send(`received: ${data}`);
      });
      ws.send('something');
    });
    const ws = new WebSocket(`${url}/path`);
    ws.on('error', assert.ifError);
    const messages = inbox(ws);
    ws.on('open', function open() {
      ws.send('something else');
    });
    assert.strictEqual(await messages.next(), 'something');
    assert.strictEqual(await messages.next(), 'received: something else');
    await leave(ws);
    await close(wss);
  });

  it('sends binary data', async (t) => {
    const { wss, url } = await onPort(t);
    const received = once(wss, 'connection').then(([ws]) => once(ws, 'message'));
    const ws = new WebSocket(url);
    ws.on('open', function open() {
      const array = new Float32Array(5);
      for (let i = 0; i < array.length; ++i) array[i] = i / 2;
      ws.send(array);
    });
    const [data, isBinary] = await received;
    assert.strictEqual(isBinary, true);
    assert.deepStrictEqual(
      [0, 1, 2, 3, 4].map((i) => data.readFloatLE(i * 4)),
      [0, 0.5, 1, 1.5, 2]
    );
    await leave(ws);
    await close(wss);
  });

  it('serves on an external HTTPS server', async (t) => {
    const server = https.createServer({
      cert: fixture('certificate.pem'),
      key: fixture('key.pem')
    });
    const wss = new WebSocketServer({ server });
    wss.on('connection', function connection(ws) {
      ws.on('message', (data) => ws.send(`secure ${data}`));
      ws.send('something');
    });
    const port = await listen(t, server);
    const ws = new WebSocket(`wss://localhost:${port}`, { ca: fixture('certificate.pem') });
    const messages = inbox(ws);
    assert.strictEqual(await messages.next(), 'something');
    ws.send('echo');
    assert.strictEqual(await messages.next(), 'secure echo');
    await leave(ws);
    await close(wss);
    await close(server);
  });

  it('lets several servers share one HTTP server', async (t) => {
    const server = http.createServer((request, response) => response.end('plain'));
    const wss1 = new WebSocketServer({ noServer: true });
    const wss2 = new WebSocketServer({ noServer: true });
    wss1.on('connection', (ws) => ws.send('first'));
    wss2.on('connection', (ws) => ws.send('second'));
    server.on('upgrade', function upgrade(request, socket, head) {
      const { pathname } = new URL(request.url, 'wss://base.url');
      const target = { '/foo': wss1, '/bar': wss2 }[pathname];
      if (!target) return socket.destroy();
      return target.handleUpgrade(request, socket, head, function done(ws) {
        target.emit('connection', ws, request);
      });
    });
    const port = await listen(t, server);
    for (const [target, greeting] of [
      ['/foo', 'first'],
      ['/bar', 'second']
    ]) {
      const ws = new WebSocket(`ws://localhost:${port}${target}`);
      assert.strictEqual(await inbox(ws).next(), greeting);
      await leave(ws);
    }
    const [err] = await once(new WebSocket(`ws://localhost:${port}/other`), 'error');
    assert.strictEqual(err.code, 'ECONNRESET');
    assert.strictEqual(await (await fetch(`http://localhost:${port}/`)).text(), 'plain');
    server.closeAllConnections();
    await close(server);
  });

  it('authenticates clients', async (t) => {
    const server = http.createServer();
    const wss = new WebSocketServer({ noServer: true });
    const authenticate = (request, next) => setImmediate(next, null, request.headers['x-user']);
    wss.on('connection', function connection(ws, request, client) {
      ws.on('message', (data) => ws.send(`Received message ${data} from user ${client}`));
    });
    server.on('upgrade', function upgrade(request, socket, head) {
      const onSocketError = () => {};
      socket.on('error', onSocketError);
      authenticate(request, function next(err, client) {
        if (err || !client) {
          socket.write('HTTP/1.1 401 Unauthorized\r\n\r\n');
          socket.destroy();
          return;
        }
        socket.removeListener('error', onSocketError);
        wss.handleUpgrade(request, socket, head, function done(ws) {
          wss.emit('connection', ws, request, client);
        });
      });
    });
    const url = `ws://localhost:${await listen(t, server)}`;
    const [err] = await once(new WebSocket(url), 'error');
    assert.strictEqual(err.message, 'Unexpected server response: 401');
    const ws = new WebSocket(url, { headers: { 'X-User': 'ada' } });
    const messages = inbox(ws);
    await once(ws, 'open');
    ws.send('hi');
    assert.strictEqual(await messages.next(), 'Received message hi from user ada');
    await leave(ws);
    await close(server);
  });

  it('shares a server with an application', async (t) => {
    // What `express()` returns is a request listener like this one.
    const app = (request, response) =>
      response.writeHead(200, { 'content-type': 'text/plain' }).end(`page ${request.url}`);
    const server = http.createServer(app);
    const wss = new WebSocketServer({ server, path: '/socket' });
    wss.on('connection', (ws, request) => ws.send(`socket ${request.url}`));
    const port = await listen(t, server);
    const ws = new WebSocket(`ws://localhost:${port}/socket?id=1`);
    assert.strictEqual(await inbox(ws).next(), 'socket /socket?id=1');
    assert.strictEqual(await (await fetch(`http://localhost:${port}/index`)).text(), 'page /index');
    const [err] = await once(new WebSocket(`ws://localhost:${port}/elsewhere`), 'error');
    assert.strictEqual(err.message, 'Unexpected server response: 400');
    await leave(ws);
    await close(wss);
    server.closeAllConnections();
    await close(server);
  });
});
