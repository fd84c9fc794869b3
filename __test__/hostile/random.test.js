'use strict';

/**
 * Random sequences of frames, cut into random pieces, against servers that echo, answer late, close or drop in a
 * listener: events and bytes must be those of ws. The numbers come from a seed, so a failure can be played again:
 * `SEED=<number in the name of the test>`.
 */

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { describe, it } = require('node:test');
const ws = require('ws');
const { SUBJECT } = require('../scenario/harness.js');
const { message } = require('../scenario/trace.js');
const { describe: describeBytes } = require('../scenario/tap.js');
const { Tunnel } = require('../scenario/tunnel.js');
const { closing, frame } = require('./frame.js');
const { REQUEST, misbehavingServer } = require('./raw.js');

const subject = require(SUBJECT.ws);
/** First seed and number of sequences for each road and way of sending. */
const SEEDS = process.env.SEED
  ? [Number(process.env.SEED)]
  : Array.from({ length: 60 }, (_, i) => i + 1);

/** mulberry32: numbers from 0 up to `limit`, the same for the same seed. */
const random = (seed) => {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  };
};

const SIZES = [0, 1, 2, 3, 5, 8, 20, 64, 100, 125, 126, 127, 200, 300];
/** Frames that break a rule. */
const WRONG = [
  { opcode: 3 },
  { rsv: 2 },
  { opcode: 9, fin: false },
  { opcode: 0 },
  { masked: false, payload: 'x' },
  { payload: Buffer.from('ff', 'hex') }
];

/**
 * A random sequence of frames.
 * @param {(limit: number) => number} pick source of numbers
 * @param {boolean} large whether a message may be larger than a read
 * @param {boolean} [masked] as a client sends them; default true
 * @returns {Buffer} the frames; the last one ends the connection, or nothing does
 */
const sequence = (pick, large, masked = true) => {
  const frames = [];
  const add = (parts) => frames.push(frame({ masked, ...parts }));
  const control = () => add({ opcode: 9 + pick(2), payload: 'c'.repeat(pick(126)) });
  const count = 1 + pick(25);
  for (let i = 0; i < count; i++) {
    const kind = 1 + pick(2);
    const size = large && pick(12) === 0 ? 60_000 + pick(20_000) : SIZES[pick(SIZES.length)];
    const payload = Buffer.alloc(size, 97 + pick(26));
    const parts = pick(3) === 0 ? 1 + pick(5) : 1;
    for (let part = 0; part < parts; part++) {
      const from = Math.floor((size * part) / parts);
      const to = Math.floor((size * (part + 1)) / parts);
      add({
        opcode: part === 0 ? kind : 0,
        fin: part === parts - 1,
        payload: payload.subarray(from, to)
      });
      if (pick(4) === 0) control();
    }
    if (pick(5) === 0) control();
  }
  const end = pick(4);
  if (end === 0) add(WRONG[pick(WRONG.length)]);
  if (end < 3) add({ opcode: 8, payload: pick(2) ? closing(1000 + pick(4), 'end') : '' });
  return Buffer.concat(frames);
};

/** What a server does with its messages, by name. */
const behaviours = {
  echo: (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })),
  'echo and ping': (socket) =>
    socket.on('message', (data, binary) => {
      socket.ping(data.subarray(0, 5));
      socket.send(data, { binary });
    }),
  'close in a listener': (socket) => {
    let left = 3;
    socket.on('message', (data, binary) => {
      socket.send(data, { binary });
      if (--left === 0) socket.close(4000, 'enough');
    });
  },
  'terminate in a listener': (socket) => {
    let left = 4;
    socket.on('message', (data, binary) => {
      if (--left === 0) socket.terminate();
      else socket.send(data, { binary });
    });
  },
  'pause in a listener': (socket) => {
    let left = 2;
    socket.on('message', (data, binary) => {
      socket.send(data, { binary });
      if (--left !== 0) return;
      socket.pause();
      setImmediate(() => socket.resume());
    });
  },
  'answer in fragments': (socket) =>
    socket.on('message', (data, binary) => {
      socket.send(data.subarray(0, 2), { binary, fin: false });
      socket.send(data.subarray(2), { binary, fin: true });
    })
};

/** Starts a server of a road. */
const start = async ({ WebSocketServer }, road) => {
  const front = road === 'port' ? null : http.createServer();
  const where = {
    port: { port: 0, host: '127.0.0.1' },
    attached: { server: front },
    fed: { noServer: true }
  }[road];
  const server = new WebSocketServer(where);
  if (road === 'fed') {
    front.on('upgrade', (request, socket, head) =>
      server.handleUpgrade(request, new Tunnel(socket), head, (opened) =>
        server.emit('connection', opened, request)
      )
    );
  }
  if (front) front.listen(0, '127.0.0.1');
  await once(front || server, 'listening');
  const stop = () => {
    for (const client of server.clients) client.terminate();
    server.close();
    if (front) front.close();
  };
  return { server, port: (front || server).address().port, stop };
};

/** Records the events of a connection. */
const record = (socket) => {
  const events = [];
  socket.on('message', (data, isBinary) => events.push(message(data, isBinary)));
  socket.on('ping', (data) => events.push(`ping:${data}`));
  socket.on('pong', (data) => events.push(`pong:${data}`));
  socket.on('error', (err) => events.push(`error:${err.code}`));
  const closed = new Promise((resolve) => {
    socket.on('close', (code, reason) => resolve(events.push(`close:${code}:${reason}`)));
  });
  return { events, closed };
};

/** Sends the pieces, then FIN once the connection is answered by one, and returns what came back. */
const send = (port, pieces) =>
  new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true }).setNoDelay(true);
    const received = [];
    let ended = 'nothing';
    socket.setTimeout(10_000, () => socket.destroy());
    socket.once('data', async () => {
      for (const piece of pieces) {
        if (!socket.writable) break;
        socket.write(piece);
        await new Promise(setImmediate);
      }
      socket.end();
    });
    socket.on('data', (chunk) => received.push(chunk));
    socket.on('end', () => (ended = 'FIN'));
    socket.on('error', () => (ended = 'reset'));
    socket.on('close', () => resolve({ lines: describeBytes(Buffer.concat(received)), ended }));
    socket.write(REQUEST);
  });

/** Plays one sequence and returns everything that can be observed. */
const play = async (t, module, road, behaviour, pieces) => {
  const running = await start(module, road);
  t.after(running.stop);
  const opened = new Promise((resolve) => {
    running.server.once('connection', (socket) => {
      resolve(record(socket));
      behaviours[behaviour](socket);
    });
  });
  const { lines, ended } = await send(running.port, pieces);
  const { events, closed } = await opened;
  await closed;
  return { events, lines, ended };
};

/** Plays one sequence against a client. */
const playClient = async ({ WebSocket }, behaviour, bytes) => {
  const server = await misbehavingServer(bytes, { end: true });
  const client = new WebSocket(server.url, { perMessageDeflate: false });
  const { events, closed } = record(client);
  behaviours[behaviour](client);
  await closed;
  const { lines, ended } = await server.heard;
  return { events, lines: lines.filter((line) => !line.startsWith('Host:')), ended };
};

for (const road of ['port', 'attached', 'fed']) {
  describe(`random frames against the server: ${road}`, { timeout: 120_000 }, () => {
    for (const behaviour of Object.keys(behaviours)) {
      // The tunnel itself loses what it has not written when it is destroyed.
      if (road === 'fed' && behaviour.startsWith('terminate')) continue;
      // What a listener does to its connection shows after the chunk in which it happens: send it as one.
      const whole = /listener/.test(behaviour);
      it(`${behaviour}`, async (t) => {
        for (const seed of SEEDS) {
          const pick = random(seed);
          const bytes = sequence(pick, !whole);
          const pieces = [];
          for (let at = 0; at < bytes.length; ) {
            const to = whole ? bytes.length : at + 1 + pick(pick(3) === 0 ? 5 : 5000);
            pieces.push(bytes.subarray(at, to));
            at = to;
          }
          const [wanted, got] = await Promise.all([
            play(t, ws, 'port', behaviour, [bytes]),
            play(t, subject, road, behaviour, pieces)
          ]);
          assert.deepStrictEqual(got, wanted, `SEED=${seed}`);
        }
      });
    }
  });
}

describe('random frames to the client', { timeout: 120_000 }, () => {
  for (const behaviour of Object.keys(behaviours)) {
    it(behaviour, async () => {
      for (const seed of SEEDS) {
        const bytes = sequence(random(seed), false, false);
        const [wanted, got] = await Promise.all([
          playClient(ws, behaviour, bytes),
          playClient(subject, behaviour, bytes)
        ]);
        assert.deepStrictEqual(got, wanted, `SEED=${seed}`);
      }
    });
  }
});
