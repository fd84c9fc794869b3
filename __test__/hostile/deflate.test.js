'use strict';

// Compressed attacks: what a bomb costs, and that nobody else pays for a broken stream.

const assert = require('node:assert');
const { fork } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const path = require('node:path');
const { describe, it } = require('node:test');
const zlib = require('node:zlib');

const { WebSocket, WebSocketServer } = require('../../lib/ws');
const { frame } = require('./frame');

const PROGRAM = path.join(__dirname, 'programs', 'inflating-server.js');
const MEBI = 1 << 20;
const RSV1 = 4;

/** @returns {Buffer} a compressed message of so many bytes, all zero */
function bomb(bytes) {
  const data = zlib.deflateRawSync(Buffer.alloc(bytes), {
    level: 9,
    finishFlush: zlib.constants.Z_SYNC_FLUSH
  });

  return data.subarray(0, -4);
}

/** Opens a connection with permessage-deflate from a bare socket. */
async function connect(port) {
  const socket = net.connect(port, '127.0.0.1');

  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(
    'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n'
  );
  await once(socket, 'data');
  return socket;
}

/** Starts a server with a limit of 16 MiB in a process of its own. */
async function serve(t, road) {
  const child = fork(PROGRAM, [road, String(16 * MEBI)]);

  t.after(() => child.kill());
  const [port] = await once(child, 'message');
  const ask = async () => {
    child.send('report');
    const [report] = await once(child, 'message');
    return report;
  };
  return { port, ask };
}

for (const road of ['port', 'duplex']) {
  describe(`bombs, ${road}`, { timeout: 60_000 }, () => {
    it('a message of 1 GiB costs the limit', async (t) => {
      const { port, ask } = await serve(t, road);
      const before = await ask();
      const payload = bomb(1024 * MEBI);

      assert.ok(payload.length < 1.1 * MEBI);
      for (let i = 0; i < 4; i++) {
        const socket = await connect(port);
        const closed = once(socket, 'close');
        socket.write(frame({ opcode: 2, rsv: RSV1, payload }));
        socket.resume();
        await closed;
      }

      const after = await ask();
      assert.deepStrictEqual(after.codes, [1009, 1009, 1009, 1009]);
      assert.deepStrictEqual(after.messages, []);
      // The output may be copied once while it grows, and the payload is there as well.
      const cost = after.peak - before.peak;
      assert.ok(cost < 3 * 16 * MEBI + 8 * MEBI, `${Math.round(cost / MEBI)} MiB`);
    });

    it('in fragments, with context, it costs the same', async (t) => {
      const { port, ask } = await serve(t, road);
      const before = await ask();
      const piece = zlib.deflateRawSync(Buffer.alloc(8 * MEBI), {
        finishFlush: zlib.constants.Z_SYNC_FLUSH
      });
      const socket = await connect(port);
      const closed = once(socket, 'close');

      socket.write(frame({ opcode: 2, payload: 'first' }));
      socket.write(frame({ opcode: 2, rsv: RSV1, fin: false, payload: piece }));
      for (let i = 0; i < 100; i++) socket.write(frame({ opcode: 0, fin: false, payload: piece }));
      socket.resume();
      await closed;

      const after = await ask();
      assert.deepStrictEqual(after.codes, [1009]);
      assert.deepStrictEqual(after.messages, [5]);
      const cost = after.peak - before.peak;
      assert.ok(cost < 3 * 16 * MEBI + 8 * MEBI, `${Math.round(cost / MEBI)} MiB`);
    });

    it('messages just below the limit are delivered, one after the other', async (t) => {
      const { port, ask } = await serve(t, road);
      const before = await ask();
      const payload = bomb(16 * MEBI);
      const socket = await connect(port);

      socket.resume();
      for (let i = 0; i < 20; i++) socket.write(frame({ opcode: 2, rsv: RSV1, payload }));
      let after;
      do after = await ask();
      while (after.messages.length < 20);
      assert.deepStrictEqual(
        after.messages,
        Array.from({ length: 20 }, () => 16 * MEBI)
      );
      // What JavaScript has not taken is bounded, whatever it was compressed to.
      const cost = after.peak - before.peak;
      assert.ok(cost < 400 * MEBI, `${Math.round(cost / MEBI)} MiB`);
      socket.destroy();
    });
  });
}

describe('broken streams', { timeout: 30_000 }, () => {
  it('cost their own connection and no other', async (t) => {
    const wss = new WebSocketServer({
      port: 0,
      host: '127.0.0.1',
      // Contexts that are shared between connections.
      perMessageDeflate: { memory: 'shared', threshold: 0 }
    });
    t.after(() => {
      for (const ws of wss.clients) ws.terminate();
      wss.close();
    });
    const errors = [];
    wss.on('connection', (ws) => {
      ws.on('message', (data, binary) => ws.send(data, { binary }));
      ws.on('error', (err) => errors.push(err.code));
    });
    await once(wss, 'listening');
    const { port } = wss.address();
    const good = new WebSocket(`ws://127.0.0.1:${port}`);
    await once(good, 'open');

    const text = 'words that come again, words that come again';
    for (const hex of [
      '07',
      '000100',
      'ffffffff',
      'f20011000000',
      '4a4c',
      '6364',
      '0004',
      'edbd'
    ]) {
      const socket = await connect(port);
      const closed = once(socket, 'close');
      socket.write(frame({ opcode: 2, rsv: RSV1, payload: Buffer.from(hex, 'hex') }));
      // What is not an error yet becomes one with this.
      socket.write(frame({ opcode: 3 }));
      socket.resume();
      good.send(text);
      const [data] = await once(good, 'message');
      assert.strictEqual(data.toString(), text);
      await closed;
    }
    assert.strictEqual(errors.length, 8);
    assert.ok(errors.includes('Z_DATA_ERROR'));
    good.terminate();
  });

  it('a peer that breaks its promise of no context is understood or refused, alone', async (t) => {
    const wss = new WebSocketServer({
      port: 0,
      host: '127.0.0.1',
      perMessageDeflate: { clientNoContextTakeover: true }
    });
    t.after(() => wss.close());
    await once(wss, 'listening');
    const outcome = new Promise((resolve) => {
      wss.on('connection', (ws) => {
        const seen = [];
        ws.on('message', (data) => seen.push(data.toString()));
        ws.on('error', (err) => seen.push(err.message));
        ws.on('close', () => resolve(seen));
      });
    });
    const socket = await connect(wss.address().port);
    // RFC 7692, 7.2.3.2: the second message refers to the first.
    socket.write(frame({ rsv: RSV1, payload: Buffer.from('f248cdc9c90700', 'hex') }));
    socket.write(frame({ rsv: RSV1, payload: Buffer.from('f200110000', 'hex') }));
    socket.resume();
    assert.deepStrictEqual(await outcome, ['Hello', 'invalid distance too far back']);
  });
});
