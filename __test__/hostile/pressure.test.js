'use strict';

/** Peers that promise, flood or say nothing: memory stays flat, the others are served. */

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { describe, it } = require('node:test');
const { WebSocket } = require('ws');
const { SUBJECT } = require('../scenario/harness.js');
const { frame } = require('./frame.js');
const { REQUEST } = require('./raw.js');

const { WebSocketServer } = require(SUBJECT.ws);
const MIB = 1 << 20;

/** Starts an echo server of a road. */
const start = async (t, road, options) => {
  const front = road === 'attached' ? http.createServer() : null;
  const server = new WebSocketServer({
    ...(front ? { server: front } : { port: 0, host: '127.0.0.1' }),
    ...options
  });
  server.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on('message', (data, binary) => socket.send(data, { binary }));
  });
  if (front) front.listen(0, '127.0.0.1');
  await once(front || server, 'listening');
  t.after(() => {
    for (const client of server.clients) client.terminate();
    server.close();
    if (front) {
      front.closeAllConnections();
      front.close();
    }
  });
  return { server, port: (front || server).address().port };
};

/** Opens raw connections and upgrades them. */
const upgraded = (t, port, count) =>
  Promise.all(
    Array.from({ length: count }, async () => {
      const socket = net.connect(port, '127.0.0.1');
      t.after(() => socket.destroy());
      socket.on('error', () => {});
      socket.write(REQUEST);
      await once(socket, 'data');
      return socket;
    })
  );

/** One round trip of a client that behaves. */
const roundTrip = async (port) => {
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  await once(client, 'open');
  client.send('hello');
  const [data] = await once(client, 'message');
  assert.strictEqual(data.toString(), 'hello');
  client.close();
  await once(client, 'close');
};

/** Resident memory in MiB, after a collection where one can be had. */
const resident = () => process.memoryUsage().rss / MIB;

for (const road of ['port', 'attached']) {
  describe(`under pressure, the server: ${road}`, { timeout: 60_000 }, () => {
    it('serves others while 200 connections say nothing', async (t) => {
      const running = await start(t, road);
      const silent = Array.from({ length: 200 }, () =>
        net.connect(running.port, '127.0.0.1').on('error', () => {})
      );
      t.after(() => silent.forEach((socket) => socket.destroy()));
      await Promise.all(silent.map((socket) => once(socket, 'connect')));
      for (const socket of silent.slice(100)) socket.write('GET / HTT');
      await roundTrip(running.port);
      for (const socket of silent) socket.destroy();
      await roundTrip(running.port);
    });

    it('allocates nothing ahead of the bytes: 200 times 90 MiB promised', async (t) => {
      const running = await start(t, road);
      const sockets = await upgraded(t, running.port, 200);
      const before = resident();
      for (const socket of sockets)
        socket.write(frame({ opcode: 2, length: 90 * MIB, payload: 'first bytes' }));
      await roundTrip(running.port);
      await roundTrip(running.port);
      assert.ok(resident() - before < 200, `${resident() - before} MiB more`);
      for (const socket of sockets) socket.destroy();
    });

    it('ends a connection whose pings are never read back', async (t) => {
      const running = await start(t, road);
      const [socket] = await upgraded(t, running.port, 1);
      socket.pause();
      const [connection] = running.server.clients;
      const closed = new Promise((resolve) => connection.on('close', resolve));
      const before = resident();
      const pings = Buffer.concat(Array(1000).fill(frame({ opcode: 9, payload: 'p'.repeat(125) })));
      let over = false;
      closed.then(() => (over = true));
      socket.on('close', () => (over = true));
      for (let i = 0; i < 2000 && !over; i++) {
        if (!socket.write(pings))
          await Promise.race([once(socket, 'drain').catch(() => {}), closed]);
      }
      assert.strictEqual(await closed, 1006);
      assert.ok(resident() - before < 100, `${resident() - before} MiB more`);
      await roundTrip(running.port);
      socket.destroy();
    });

    it('answers a flood of pings that are read, one pong each', async (t) => {
      const running = await start(t, road);
      const client = new WebSocket(`ws://127.0.0.1:${running.port}`);
      await once(client, 'open');
      const count = 20_000;
      let pongs = 0;
      const all = new Promise((resolve) =>
        client.on('pong', (data) => {
          assert.strictEqual(data.readUInt32BE(), pongs);
          if (++pongs === count) resolve();
        })
      );
      for (let sent = 0; sent < count; sent++) {
        const data = Buffer.alloc(4);
        data.writeUInt32BE(sent);
        client.ping(data);
        // Never more on the way than the limit on pongs that are not written yet.
        if (sent % 32 === 31) while (pongs < sent - 20) await new Promise(setImmediate);
      }
      await all;
      client.close();
      await once(client, 'close');
    });

    it('reports one close, 1006, for a reset in the middle of a frame', async (t) => {
      const running = await start(t, road);
      const closes = [];
      running.server.on('connection', (socket) => socket.on('close', (code) => closes.push(code)));
      const sockets = await upgraded(t, running.port, 3);
      const gone = Array.from(
        running.server.clients,
        (client) => new Promise((resolve) => client.on('close', resolve))
      );
      sockets[0].write(frame({ payload: 'x'.repeat(100), length: 200 }), () =>
        sockets[0].resetAndDestroy()
      );
      sockets[1].end(frame({ payload: 'x'.repeat(100), length: 200 }));
      sockets[2].end();
      await Promise.all(gone);
      assert.deepStrictEqual(closes, [1006, 1006, 1006]);
      await roundTrip(running.port);
    });
  });
}
