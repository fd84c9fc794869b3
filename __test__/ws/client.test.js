'use strict';

// An open connection as the client sees it: masks, violations, closing, both kinds of sockets.

const { AsyncLocalStorage } = require('node:async_hooks');
const assert = require('node:assert');

const certificate = require('./certificate');
const oracle = require('./oracle');
const { closePayload, frame, parseFrames } = require('./raw-peer');
const { accepted, rawServer } = require('./raw-server');

/** Plain sockets are taken over by the core, TLS sockets are fed to it. */
const ROADS = { plain: {}, secure: { secure: certificate } };

/** Declares a scenario with an open client and its bare peer, for both roads. */
function scenario(name, action, options = {}) {
  for (const [road, settings] of Object.entries(ROADS)) {
    oracle.once(`${name}, ${road}`, async (stage) => {
      const arrived = new Promise((resolve) => {
        rawServer(
          stage,
          (peer, head) => {
            peer.write(accepted(head));
            resolve(peer);
          },
          settings
        ).then(() => {
          const scheme = road === 'secure' ? 'wss' : 'ws';
          const address = `${scheme}://127.0.0.1:${stage.port}/`;
          ws = stage.client(address, { rejectUnauthorized: false, ...options });
        });
      });
      let ws;
      const peer = await arrived;
      if (ws.readyState === 0) await oracle.event(ws, 'open');
      await action(stage, ws, peer);
    });
  }
}

const generateMask = (key) => {
  key[0] = 9;
  key[1] = 8;
  key[2] = 7;
  key[3] = 6;
};

scenario(
  'frames are masked',
  async (stage, ws, peer) => {
    const data = Buffer.from('the caller keeps this');

    ws.send('text');
    ws.send(data);
    ws.send('');
    ws.send(Buffer.alloc(300, 'x'));
    ws.send(Buffer.alloc(70_000, 'y'));
    ws.send('not masked', { mask: false });
    ws.ping('ping');
    ws.pong(data);
    ws.send('a', { fin: false });
    ws.send('b');
    stage.log(data.toString());
    const length = 10 + 27 + 6 + 308 + 70_014 + 12 + 10 + 27 + 7 + 7;
    const bytes = await peer.read(length);
    stage.log(bytes.subarray(0, 400));
    stage.log(
      parseFrames(bytes).map(({ first, masked, payload }) => [first, masked, payload.slice(0, 30)])
    );
  },
  { generateMask }
);

scenario(
  'the mask is asked for once a frame, in the order of the calls',
  async (stage, ws, peer) => {
    for (let i = 0; i < 3; i++) ws.send(`${i}`);
    ws.send('unmasked', { mask: false });
    stage.log('sent');
    await peer.read(7 * 3 + 10);
  },
  {
    generateMask(key) {
      assert.strictEqual(key.length, 4);
      key.fill(1);
    }
  }
);

scenario('random masks', async (stage, ws, peer) => {
  for (let i = 0; i < 50; i++) ws.send('x');
  const bytes = await peer.read(50 * 7);
  const keys = new Set();
  for (let i = 0; i < 50; i++) keys.add(bytes.readUInt32BE(i * 7 + 2));
  stage.log(
    keys.size > 45,
    parseFrames(bytes).every(({ payload }) => payload === 'x')
  );
});

scenario('messages', async (stage, ws, peer) => {
  stage.watch(ws);
  const done = oracle.event(ws, 'pong');
  peer.write(
    ...[
      frame(1, 'text', { mask: false }),
      frame(2, 'binary', { mask: false }),
      frame(1, '', { mask: false }),
      frame(1, 'ü', { mask: false, fin: false }),
      frame(9, 'ping', { mask: false }),
      frame(0, '€', { mask: false }),
      frame(10, 'pong', { mask: false })
    ]
  );
  await done;
  stage.log(parseFrames(await peer.read(10)));
});

scenario('large messages', async (stage, ws, peer) => {
  const payload = Buffer.alloc(3_000_000, 'abcdefghij');
  const got = oracle.event(ws, 'message');

  peer.write(frame(2, payload, { mask: false }));
  const [data, isBinary] = await got;
  stage.log(isBinary, data.equals(payload));
});

for (const [name, bytes] of Object.entries({
  'a masked frame': frame(1, 'x'),
  'a masked ping': frame(9, 'x'),
  RSV1: frame(1, 'x', { mask: false, rsv: 4 }),
  'op code 5': frame(5, '', { mask: false }),
  'bad UTF-8': frame(1, Buffer.from([0x80]), { mask: false }),
  'over maxPayload': frame(2, '', { mask: false, announce: 1001, lengthForm: 16 })
})) {
  scenario(
    `violation: ${name}`,
    async (stage, ws, peer) => {
      const closed = oracle.event(ws, 'close');

      stage.watch(ws);
      peer.write(bytes);
      await peer.until(() => peer.ended);
      stage.log(parseFrames(peer.bytes));
      await closed;
    },
    { maxPayload: 1000 }
  );
}

scenario('close() by the client', async (stage, ws, peer) => {
  const closed = oracle.event(ws, 'close');

  stage.watch(ws);
  ws.close(3000, 'bye');
  stage.log(parseFrames(await peer.read(11)));
  peer.write(frame(8, closePayload(3001, 'answer'), { mask: false }));
  peer.socket.end();
  await closed;
});

scenario('a close frame of the server', async (stage, ws, peer) => {
  const closed = oracle.event(ws, 'close');

  stage.watch(ws);
  ws.onclose = ({ wasClean, code, reason }) => stage.log('onclose', wasClean, code, reason);
  peer.write(frame(8, closePayload(1011, 'over'), { mask: false }));
  stage.log(parseFrames(await peer.readAll()));
  peer.socket.end();
  await closed;
});

scenario('FIN of the server', async (stage, ws, peer) => {
  const closed = oracle.event(ws, 'close');

  stage.watch(ws);
  peer.socket.end();
  await closed;
});

scenario('terminate()', async (stage, ws) => {
  const closed = oracle.event(ws, 'close');

  stage.watch(ws);
  ws.terminate();
  stage.log('state', ws.readyState);
  await closed;
});

scenario(
  'a server that never answers a close frame',
  async (stage, ws) => {
    const closed = oracle.event(ws, 'close');

    stage.watch(ws);
    ws.close();
    await closed;
  },
  { closeTimeout: 30 }
);

scenario(
  'one event at a time',
  async (stage, ws, peer) => {
    const done = oracle.event(ws, 'pong');

    ws.on('message', (data) => {
      stage.log('message', data);
      process.nextTick(() => stage.log('tick'));
      Promise.resolve().then(() => stage.log('microtask'));
    });
    peer.write(
      ...['a', 'b'].map((text) => frame(1, text, { mask: false })),
      frame(10, '', { mask: false })
    );
    await done;
  },
  { allowSynchronousEvents: false }
);

oracle.once(
  'events run in the async context of the constructor, callbacks in that of the call',
  async (stage) => {
    const storage = new AsyncLocalStorage();

    await rawServer(stage, async (peer, head) => {
      peer.write(accepted(head));
      await peer.read(7);
      peer.write(frame(1, 'x', { mask: false }), frame(9, '', { mask: false }));
      peer.write(frame(8, '', { mask: false }));
      await peer.readAll();
      peer.socket.end();
    });

    const ws = storage.run('constructor', () => stage.client('/'));
    storage.run('listener', () => {
      for (const event of ['upgrade', 'open', 'message', 'ping', 'close']) {
        ws.on(event, () => stage.log(event, storage.getStore()));
      }
    });
    await oracle.event(ws, 'open');
    await storage.run('send', async () => {
      await new Promise((resolve) => {
        ws.send('x', () => {
          stage.log('callback', storage.getStore());
          resolve();
        });
      });
    });
    await oracle.event(ws, 'close');
  }
);

oracle.once('an answer with an extension that was not offered is refused', async (stage) => {
  await rawServer(stage, (peer, head) => {
    stage.log('offered', /sec-websocket-extensions: (.*)/i.exec(head)?.[1]);
    peer.write(accepted(head, { 'Sec-WebSocket-Extensions': 'permessage-deflate' }));
  });

  const ws = stage.client('/', { perMessageDeflate: false });
  const [err] = await oracle.event(ws, 'error');

  stage.log(err);
});
