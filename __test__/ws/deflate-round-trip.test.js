'use strict';

// Compressed messages there and back, ours against ws and against ourselves: all windows, with and without context, all sizes.

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const { describe, it } = require('node:test');

const original = require('ws');
const ours = require('../../lib/ws');
const { asDuplex } = require('./oracle');

/** Sizes around what changes the frame, the road of a payload, or the window. */
const SIZES = [
  0, 1, 125, 126, 1023, 1024, 8191, 8192, 8193, 16_384, 16_385, 32_768, 65_535, 65_536, 300_000
];

/** @returns {Buffer} bytes of four bits each, the same for the same size */
function sample(size) {
  const bytes = Buffer.alloc(size);
  let state = size + 1;

  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    bytes[i] = 32 + ((state >>> 16) & 15);
  }
  return bytes;
}

/** @returns {Promise<{port: number, close: Function, wss: object}>} an echo server */
async function serve({ WebSocketServer }, road, perMessageDeflate) {
  const front = http.createServer();
  const where = {
    port: { port: 0, host: '127.0.0.1' },
    server: { server: front },
    duplex: { noServer: true }
  }[road];
  const wss = new WebSocketServer({ ...where, perMessageDeflate });

  wss.on('connection', (ws) => {
    ws.on('message', (data, isBinary) => {
      if (data.length % 2 === 0) {
        ws.send(data, { binary: isBinary });
        return;
      }
      const half = data.length >> 1;
      ws.send(data.subarray(0, half), { binary: isBinary, fin: false });
      ws.send(data.subarray(half), { binary: isBinary });
    });
  });
  if (road === 'duplex') {
    front.on('upgrade', (request, socket, head) => {
      wss.handleUpgrade(request, asDuplex(socket), head, (ws) => wss.emit('connection', ws));
    });
  }
  const listener = road === 'port' ? wss : front.listen(0, '127.0.0.1');
  await once(listener, 'listening');

  return {
    port: listener.address().port,
    close() {
      for (const ws of wss.clients) ws.terminate();
      wss.close();
      front.close();
    }
  };
}

/** Sends all sizes as text and binary, whole and in fragments, and compares what comes back. */
async function play(WebSocket, port, perMessageDeflate, sizes) {
  const ws = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate });
  const got = [];
  const sent = [];

  try {
    await once(ws, 'open');
    assert.strictEqual(ws.extensions, 'permessage-deflate');
    const done = new Promise((resolve, reject) => {
      ws.on('message', (data, isBinary) => {
        got.push([data, isBinary]);
        if (got.length === sizes.length * 3) resolve();
      });
      ws.on('error', reject);
      ws.on('close', (code) => reject(new Error(`closed with ${code}`)));
    });

    for (const size of sizes) {
      const data = sample(size);
      ws.send(data);
      ws.send(data.toString());
      ws.send(data.subarray(0, size >> 2), { fin: false });
      ws.send(data.subarray(size >> 2));
      sent.push([data, true], [data, false], [data, true]);
    }
    await done;
    for (const [index, [data, isBinary]] of sent.entries()) {
      assert.ok(data.equals(got[index][0]), `message ${index} of ${data.length} bytes`);
      assert.strictEqual(got[index][1], isBinary);
    }
  } finally {
    ws.removeAllListeners('close');
    ws.on('error', () => {});
    ws.terminate();
  }
}

const PAIRS = [
  ['ours', ours, 'ws', original],
  ['ws', original, 'ours', ours],
  ['ours', ours, 'ours', ours]
];

for (const [serverName, server, clientName, client] of PAIRS) {
  describe(`server ${serverName}, client ${clientName}`, () => {
    for (const serverMaxWindowBits of [9, 12, 15]) {
      for (const clientMaxWindowBits of [9, 11, 15]) {
        for (const contexts of [0, 1, 2, 3]) {
          const options = {
            serverMaxWindowBits,
            clientMaxWindowBits,
            serverNoContextTakeover: (contexts & 1) !== 0,
            clientNoContextTakeover: (contexts & 2) !== 0,
            threshold: 0
          };
          const name = `${serverMaxWindowBits} ${clientMaxWindowBits} ${contexts.toString(2)}`;

          it(name, { timeout: 30_000 }, async (t) => {
            const road = ['port', 'server', 'duplex'][(contexts + serverMaxWindowBits) % 3];
            const { port, close } = await serve(server, road, options);

            t.after(close);
            await play(client, port, { threshold: 0 }, SIZES);
          });
        }
      }
    }

    for (const road of ['port', 'server', 'duplex']) {
      it(`a mebibyte and more, ${road}`, { timeout: 60_000 }, async (t) => {
        const { port, close } = await serve(server, road, true);

        t.after(close);
        await play(client, port, true, [1 << 20, 3_000_001]);
      });
    }
  });
}

describe('options of zlib', () => {
  for (const zlibDeflateOptions of [
    { level: 0 },
    { level: 1, memLevel: 1 },
    { level: 9, memLevel: 9, strategy: 1 },
    { strategy: 2 },
    { strategy: 3 },
    { strategy: 4, chunkSize: 1024 }
  ]) {
    it(JSON.stringify(zlibDeflateOptions), { timeout: 30_000 }, async (t) => {
      const { port, close } = await serve(ours, 'port', { zlibDeflateOptions, threshold: 0 });

      t.after(close);
      await play(original, port, true, [0, 100, 10_000, 70_000]);
    });
  }

  it("memory: 'shared' keeps no context on either side", { timeout: 30_000 }, async (t) => {
    const { port, close } = await serve(ours, 'port', { memory: 'shared', threshold: 0 });

    t.after(close);
    const clients = Array.from({ length: 5 }, (_, i) =>
      play(i % 2 ? ours : original, port, true, SIZES)
    );
    await Promise.all(clients);

    const ws = new original(`ws://127.0.0.1:${port}`);
    const opened = once(ws, 'open');
    const [response] = await once(ws, 'upgrade');
    assert.strictEqual(
      response.headers['sec-websocket-extensions'],
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover'
    );
    await opened;
    ws.terminate();
  });
});

it('the same message to many is the same for all', { timeout: 30_000 }, async (t) => {
  const wss = new ours.Server({
    port: 0,
    host: '127.0.0.1',
    perMessageDeflate: { memory: 'shared' }
  });

  t.after(() => {
    for (const ws of wss.clients) ws.terminate();
    wss.close();
  });
  await once(wss, 'listening');
  const clients = Array.from({ length: 30 }, () => {
    return new original(`ws://127.0.0.1:${wss.address().port}`);
  });
  await Promise.all(clients.map((ws) => once(ws, 'open')));
  const messages = [sample(5000), sample(40_000), Buffer.from('€'.repeat(2000)), sample(5001)];
  const received = clients.map(async (ws) => {
    for (const expected of messages) {
      const [data] = await once(ws, 'message');
      assert.ok(expected.equals(data));
    }
    ws.terminate();
  });

  for (const data of messages) {
    for (const ws of wss.clients) ws.send(data);
    // One at a time: `once` sees one message of a chunk.
    await new Promise((resolve) => clients.at(-1).once('message', resolve));
  }
  await Promise.all(received);
});
