'use strict';

/**
 * Malformed, oversized and unwanted requests: the same bytes back as from the originals, the same end of the
 * connection, and a server that goes on. Attached servers have Node's parser in front of the same handshake.
 */

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { after, before, describe, it } = require('node:test');
const ws = require('ws');
const { caught } = require('../scenario/caught.js');
const { ORIGINAL, SUBJECT } = require('../scenario/harness.js');
const { cases } = require('./bad-requests.js');
const { REQUEST } = require('./raw.js');

/** How long the original may be silent until it counts as one that does not answer; in milliseconds. */
const SILENCE = 400;

/** What the servers do with a connection. */
const serve = (socket) => {
  socket.on('error', () => {});
  socket.on('message', (data, binary) => socket.send(data, { binary: binary === true }));
};

/** How each kind of server is started; `listening` is what has the address. */
const starters = {
  port: ({ ws }, options) => {
    const server = new (require(ws).WebSocketServer)({ port: 0, host: '127.0.0.1', ...options });
    return { server, listening: server, stop: () => server.close() };
  },
  attached: ({ ws }, options) => {
    const front = http.createServer((request, response) => response.writeHead(404).end());
    const server = new (require(ws).WebSocketServer)({ server: front, ...options });
    return {
      server,
      listening: front.listen(0, '127.0.0.1'),
      stop: () => {
        server.close();
        front.closeAllConnections();
        front.close();
      }
    };
  },
  'ws-multipath': ({ multipath }) => {
    const { server, inner } = caught(() => new (require(multipath))({ port: 0 }));
    for (const path of ['/echo', '*']) server.createHandler({ path }).on('connection', serve);
    return {
      server: server.createHandler({ path: '/' }),
      listening: inner,
      stop: () => server.close()
    };
  },
  wss: ({ wss }) => {
    const server = require(wss).createServer();
    return { server, listening: server.listen(0, '127.0.0.1'), stop: () => server.close() };
  }
};

/** Starts a server of some kind. */
const start = async (modules, kind, options) => {
  const { server, listening, stop } = starters[kind](modules, options);
  server.on('connection', serve);
  if (listening.address() === null) await once(listening, 'listening');
  return {
    port: listening.address().port,
    stop: () => {
      for (const client of server.clients) client.terminate();
      stop();
    }
  };
};

/** Whether a reply that leaves the connection open is complete. */
const complete = (reply) => {
  const head = reply.slice(0, reply.indexOf('\r\n\r\n') + 4);
  const length = /content-length: (\d+)/i.exec(head);
  return (
    /connection: keep-alive/i.test(head) &&
    length !== null &&
    reply.length >= head.length + Number(length[1])
  );
};

/**
 * Sends bytes and tells what came back and how it ended: `FIN`, `upgraded`, `kept` (open for another request),
 * `silence` (no end within `patience` milliseconds), or an error's code.
 */
const talk = (port, request, patience) =>
  new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    let reply = '';
    let ended = 'silence';
    const timer = setTimeout(() => socket.destroy(), patience);
    socket.on('data', (chunk) => {
      reply += chunk.toString('latin1');
      if (reply.startsWith('HTTP/1.1 101')) ended = 'upgraded';
      else if (complete(reply)) ended = 'kept';
      else return;
      socket.destroy();
    });
    socket.on('end', () => {
      ended = 'FIN';
      socket.end();
    });
    socket.on('error', (err) => {
      // What is left in flight when a server refuses and closes may be answered with a reset.
      if (reply === '') ended = err.code;
    });
    socket.on('close', () => {
      clearTimeout(timer);
      resolve({ ended, reply: reply.replace(/^Date: .*$/gim, 'Date: *') });
    });
    socket.write(Buffer.from(request, 'latin1'));
  });

/**
 * What is expected of this package where it is not what the original does.
 * @returns {RegExp|null} pattern of the reply, null if it has to be that of the original
 */
const deviation = (kind, { stricter }, wanted) => {
  if (SUBJECT === ORIGINAL || kind === 'attached') return null;
  if (stricter) return new RegExp(`^HTTP/1.1 ${stricter} `);
  // ws-multipath never answers plain HTTP.
  return kind === 'ws-multipath' && wanted.ended === 'silence' ? /^HTTP\/1.1 426 / : null;
};

/** What the ws of wss cannot be asked: it compresses by default, and some extensions and missing fields crash it. */
const CRASHES = /^Sec-WebSocket-Extensions|the handshake last$/;
const casesOf = (kind) =>
  cases.filter(
    ({ name, options }) =>
      !(options && kind.startsWith('ws')) && !(kind === 'wss' && CRASHES.test(name))
  );

for (const kind of Object.keys(starters)) {
  describe(`requests against the server: ${kind}`, { timeout: 120_000 }, () => {
    let original;
    let ours;
    before(async () => {
      original = await start(ORIGINAL, kind);
      ours = await start(SUBJECT, kind);
    });
    after(() => {
      original.stop();
      ours.stop();
    });

    for (const testCase of casesOf(kind)) {
      it(testCase.name, async () => {
        const { request, options } = testCase;
        const pair = options
          ? [await start(ORIGINAL, kind, options), await start(SUBJECT, kind, options)]
          : [original, ours];
        try {
          const wanted = await talk(pair[0].port, request, SILENCE);
          // Where the original stays silent, so long is enough for the subject.
          const got = await talk(
            pair[1].port,
            request,
            wanted.ended === 'silence' ? SILENCE : 10_000
          );
          const other = deviation(kind, testCase, wanted);
          if (other) assert.match(got.reply, other);
          else assert.deepStrictEqual(got, wanted);
        } finally {
          if (options) pair.forEach((server) => server.stop());
        }
      });
    }

    if (kind === 'wss' && SUBJECT !== ORIGINAL) {
      it('survives what crashes wss', async () => {
        for (const { request } of cases.filter(({ name }) => CRASHES.test(name))) {
          const { ended } = await talk(ours.port, request, 10_000);
          assert.match(ended, /^(FIN|upgraded)$/);
        }
      });
    }

    it('still serves', async () => {
      const client = new ws.WebSocket(`ws://127.0.0.1:${ours.port}`);
      await once(client, 'open');
      client.send('still here');
      assert.strictEqual((await once(client, 'message'))[0].toString(), 'still here');
      client.close();
      await once(client, 'close');
    });

    it('takes a good request byte by byte, with a frame at its end', async () => {
      const frame = Buffer.from('818512345678', 'hex');
      const payload = Buffer.from('hello').map((byte, i) => byte ^ frame[2 + (i & 3)]);
      const socket = net.connect(ours.port, '127.0.0.1').setNoDelay(true);
      let reply = Buffer.alloc(0);
      const echoed = new Promise((resolve) => {
        socket.on('data', (chunk) => {
          reply = Buffer.concat([reply, chunk]);
          if (reply.subarray(-7).equals(Buffer.from('\x81\x05hello', 'latin1'))) resolve();
        });
      });
      for (const byte of Buffer.concat([Buffer.from(REQUEST), frame, payload])) {
        socket.write(Buffer.from([byte]));
        await new Promise(setImmediate);
      }
      await echoed;
      socket.destroy();
    });

    it('takes frames in the packet of the request', async () => {
      const early = Buffer.concat([
        Buffer.from(REQUEST),
        Buffer.from('8182000000006869', 'hex'),
        Buffer.from('888000000000', 'hex')
      ]);
      const wanted = await talkToEnd(original.port, early);
      assert.ok(wanted.includes('\x81\x02hi\x88'));
      assert.strictEqual(await talkToEnd(ours.port, early), wanted);
    });
  });
}

/** Sends bytes and returns everything until the other side's FIN, as latin1. */
const talkToEnd = (port, bytes) =>
  new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes));
    let reply = '';
    socket.on('data', (chunk) => (reply += chunk.toString('latin1')));
    socket.on('error', reject);
    socket.on('close', () => resolve(reply));
  });
