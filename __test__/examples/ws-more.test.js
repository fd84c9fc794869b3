'use strict';

/** The usage examples of the README of ws: broadcast, round-trip time, streams, addresses, broken connections. */

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const { PassThrough } = require('node:stream');
const { SUBJECT } = require('../scenario/harness.js');
const { abandon, inbox, leave } = require('./sockets.js');

const WebSocket = require(SUBJECT.ws);
const { WebSocketServer, createWebSocketStream } = WebSocket;

const onPort = async (t) => {
  const wss = new WebSocketServer({ port: 0 });
  t.after(() => abandon(wss));
  await once(wss, 'listening');
  return { wss, url: `ws://localhost:${wss.address().port}` };
};
const close = (server) => new Promise((resolve) => server.close(resolve));
/** Opens so many clients. */
const crowd = (url, count) =>
  Promise.all(
    Array.from({ length: count }, async () => {
      const ws = new WebSocket(url);
      const messages = inbox(ws);
      await once(ws, 'open');
      return { ws, messages };
    })
  );

describe('more examples of ws', { timeout: 30_000 }, () => {
  for (const everybody of [true, false]) {
    it(`broadcasts to ${everybody ? 'all clients' : 'all other clients'}`, async (t) => {
      const { wss, url } = await onPort(t);
      wss.on('connection', function connection(ws) {
        ws.on('error', assert.ifError);
        ws.on('message', function message(data, isBinary) {
          wss.clients.forEach(function each(client) {
            if ((everybody || client !== ws) && client.readyState === WebSocket.OPEN) {
              client.send(data, { binary: isBinary });
            }
          });
        });
      });
      const clients = await crowd(url, 20);
      assert.strictEqual(wss.clients.size, 20);
      clients[0].ws.send('to everyone');
      const listeners = everybody ? clients : clients.slice(1);
      assert.deepStrictEqual(
        await Promise.all(listeners.map(({ messages }) => messages.next())),
        listeners.map(() => 'to everyone')
      );
      await Promise.all(clients.map(({ ws }) => leave(ws)));
      await close(wss);
    });
  }

  it('measures the round-trip time', async (t) => {
    const { wss, url } = await onPort(t);
    wss.on('connection', (ws) =>
      ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }))
    );
    const ws = new WebSocket(url);
    const times = [];
    ws.on('open', function open() {
      ws.send(Date.now());
    });
    ws.on('message', function message(data) {
      times.push(Date.now() - data);
      if (times.length === 3) ws.close();
      else ws.send(Date.now());
    });
    await once(ws, 'close');
    assert.strictEqual(times.length, 3);
    assert.ok(
      times.every((ms) => ms >= 0 && ms < 10_000),
      String(times)
    );
    await close(wss);
  });

  it('uses the streams API', async (t) => {
    const { wss, url } = await onPort(t);
    wss.on('connection', (ws) => {
      const stream = createWebSocketStream(ws);
      stream.pipe(stream);
    });
    const duplex = createWebSocketStream(new WebSocket(url), { encoding: 'utf8' });
    const source = new PassThrough();
    const sent = Array.from({ length: 2000 }, (_, i) => `line ${i}\n`);
    let received = '';
    duplex.on('data', (chunk) => {
      received += chunk;
      if (received.length === sent.join('').length) duplex.end();
    });
    source.pipe(duplex, { end: false });
    for (const line of sent) source.write(line);
    await once(duplex, 'close');
    assert.strictEqual(received, sent.join(''));
    await close(wss);
  });

  it('tells the address of the client', async (t) => {
    const { wss, url } = await onPort(t);
    wss.on('connection', function connection(ws, req) {
      const proxied = req.headers['x-forwarded-for'];
      ws.send(proxied ? proxied.split(',')[0].trim() : req.socket.remoteAddress);
    });
    const direct = new WebSocket(url);
    assert.match(await inbox(direct).next(), /^(::1|(::ffff:)?127\.0\.0\.1)$/);
    const proxied = new WebSocket(url, { headers: { 'X-Forwarded-For': '203.0.113.7, 10.0.0.1' } });
    assert.strictEqual(await inbox(proxied).next(), '203.0.113.7');
    await Promise.all([leave(direct), leave(proxied)]);
    await close(wss);
  });

  it('detects broken connections from the server', async (t) => {
    const { wss, url } = await onPort(t);
    function heartbeat() {
      this.isAlive = true;
    }
    wss.on('connection', function connection(ws) {
      ws.isAlive = true;
      ws.on('error', assert.ifError);
      ws.on('pong', heartbeat);
    });
    const beat = () =>
      wss.clients.forEach(function each(ws) {
        if (ws.isAlive === false) return ws.terminate();
        ws.isAlive = false;
        return ws.ping();
      });
    const alive = new WebSocket(url);
    const silent = new WebSocket(url, { autoPong: false });
    await Promise.all([once(alive, 'open'), once(silent, 'open')]);
    for (const client of [alive, silent]) assert.strictEqual(client.readyState, WebSocket.OPEN);
    const pinged = [once(alive, 'ping'), once(silent, 'ping')];
    const answered = Promise.race(Array.from(wss.clients, (ws) => once(ws, 'pong')));
    beat();
    await Promise.all([...pinged, answered]);
    const dropped = once(silent, 'close');
    beat();
    assert.strictEqual((await dropped)[0], 1006);
    assert.strictEqual(alive.readyState, WebSocket.OPEN);
    assert.strictEqual(wss.clients.size, 1);
    await leave(alive);
    await close(wss);
  });

  it('detects broken connections from the client', async (t) => {
    const { wss, url } = await onPort(t);
    wss.on('connection', (ws) => ws.ping());
    const client = new WebSocket(url);
    function heartbeat() {
      clearTimeout(this.pingTimeout);
      this.pingTimeout = setTimeout(() => this.terminate(), 50);
    }
    client.on('open', heartbeat);
    client.on('ping', heartbeat);
    client.on('close', function clear() {
      clearTimeout(this.pingTimeout);
    });
    const [code] = await once(client, 'close');
    assert.strictEqual(code, 1006);
    await close(wss);
  });
});
