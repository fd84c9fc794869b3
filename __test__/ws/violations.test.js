'use strict';

// What happens to peers that break the rules of contract 3.8: the error, its moment, the close
// frame on the wire.

const oracle = require('./oracle');
const { closePayload, frame, parseFrames } = require('./raw-peer');

const VIOLATIONS = {
  RSV1: frame(1, 'x', { rsv: 4 }),
  RSV2: frame(1, 'x', { rsv: 2 }),
  RSV3: frame(2, 'x', { rsv: 1 }),
  'RSV1 on a ping': frame(9, '', { rsv: 4 }),
  'RSV1 on a continuation': Buffer.concat([
    frame(1, 'x', { fin: false }),
    frame(0, 'x', { rsv: 4 })
  ]),
  'op code 3': frame(3),
  'op code 7': frame(7),
  'op code 11': frame(11),
  'op code 15': frame(15),
  'continuation first': frame(0, 'x'),
  'text inside a message': Buffer.concat([frame(1, 'x', { fin: false }), frame(1, 'y')]),
  'binary inside a message': Buffer.concat([frame(2, 'x', { fin: false }), frame(2, 'y')]),
  'ping without FIN': frame(9, '', { fin: false }),
  'close without FIN': frame(8, '', { fin: false }),
  'ping of 126': frame(9, Buffer.alloc(126)),
  'pong of 70000': frame(10, Buffer.alloc(70_000)),
  'close of one byte': frame(8, 'x'),
  'no mask': frame(1, 'x', { mask: false }),
  'length beyond 2^53 - 1': frame(2, '', { announce: 2n ** 53n, lengthForm: 64 }),
  'length beyond 2^63': frame(2, '', { announce: 2n ** 63n, lengthForm: 64 }),
  'over maxPayload, header only': frame(2, '', { announce: 2000, lengthForm: 16 }),
  'over maxPayload in fragments': Buffer.concat([
    frame(2, Buffer.alloc(900), { fin: false }),
    frame(0, Buffer.alloc(200))
  ]),
  'too many fragments': Buffer.concat([
    frame(1, 'a', { fin: false }),
    ...Array.from({ length: 8 }, () => frame(0, '', { fin: false }))
  ]),
  'close code 1005': frame(8, closePayload(1005)),
  'close code 999': frame(8, closePayload(999)),
  'close code 5000': frame(8, closePayload(5000)),
  'bad UTF-8 in a reason': frame(8, Buffer.from([3, 232, 0xc0, 0x80])),
  'bad UTF-8': frame(1, Buffer.from([0xed, 0xa0, 0x80])),
  'bad UTF-8 across fragments': Buffer.concat([
    frame(1, Buffer.from([0xe2, 0x82]), { fin: false }),
    frame(0, 'x')
  ])
};

const OPTIONS = { maxPayload: 1000, maxFragments: 8 };

for (const [name, bytes] of Object.entries(VIOLATIONS)) {
  oracle(`violation: ${name}`, async (stage) => {
    const wss = await stage.serve(OPTIONS);
    const { peer, ws } = await stage.open(wss);
    const closed = oracle.event(ws, 'close');

    stage.watch(ws);
    peer.holdOpen = true;
    peer.write(bytes);
    await peer.until(() => peer.ended);
    stage.log('state', ws.readyState, parseFrames(peer.bytes));
    // Nothing is parsed any more.
    peer.write(frame(1, 'ignored'), frame(8, closePayload(1000)));
    peer.socket.end();
    await closed;
  });
}

oracle(
  'messages before the violation, and what they queue, come before the error',
  async (stage) => {
    const wss = await stage.serve();
    const { peer, ws } = await stage.open(wss);
    const failed = oracle.event(ws, 'error');

    ws.on('message', (data) => {
      stage.log('message', data, ws.readyState);
      process.nextTick(() => stage.log('tick', ws.readyState));
    });
    ws.on('error', (err) => {
      stage.log('error', err, ws.readyState);
      process.nextTick(() => stage.log('tick after error', ws.readyState));
    });
    peer.write(frame(1, 'a'), frame(1, 'b'), frame(1, 'c', { rsv: 1 }), frame(1, 'd'));
    await failed;
    await new Promise(setImmediate);
  }
);

oracle('a violation and FIN in one packet', async (stage) => {
  const wss = await stage.serve();
  const { peer, ws } = await stage.open(wss);
  const closed = oracle.event(ws, 'close');

  stage.watch(ws);
  peer.socket.end(Buffer.concat([frame(1, 'a'), frame(1, 'b', { rsv: 1 })]));
  await closed;
  stage.log(parseFrames(await peer.readAll()));
});

oracle('a violation while closing', async (stage) => {
  const wss = await stage.serve();
  const { peer, ws } = await stage.open(wss);
  const closed = oracle.event(ws, 'close');

  stage.watch(ws);
  ws.close(1000);
  peer.write(frame(3));
  await peer.until(() => peer.ended);
  peer.socket.end();
  await closed;
  stage.log(parseFrames(await peer.readAll()));
});

oracle('a listener of error that closes or terminates', async (stage) => {
  for (const method of ['close', 'terminate']) {
    const wss = await stage.serve();
    const { peer, ws } = await stage.open(wss);
    const closed = oracle.event(ws, 'close');

    stage.watch(ws);
    ws.on('error', () => ws[method]());
    peer.write(frame(1, 'x', { mask: false }));
    await peer.until(() => peer.ended);
    peer.socket.end();
    await closed;
  }
});

oracle('skipUTF8Validation', async (stage) => {
  const wss = await stage.serve({ skipUTF8Validation: true });
  const { peer, ws } = await stage.open(wss);
  const closed = oracle.event(ws, 'close');

  stage.watch(ws);
  peer.write(frame(1, Buffer.from([0xff])), frame(8, Buffer.from([3, 232, 0xff])));
  await peer.until(() => peer.ended);
  peer.socket.end();
  await closed;
  stage.log(parseFrames(await peer.readAll()));
});

oracle('limits that are off', async (stage) => {
  const wss = await stage.serve({
    maxPayload: 0,
    maxFragments: Number.POSITIVE_INFINITY,
    maxBufferedChunks: 2 ** 32
  });
  const { peer, ws } = await stage.open(wss);
  const got = oracle.event(ws, 'message');

  peer.write(
    frame(2, 'a', { fin: false }),
    ...Array.from({ length: 20_000 }, () => frame(0, 'b', { fin: false })),
    frame(0, 'c')
  );
  const [data] = await got;
  stage.log(data.length);
});

oracle('limits that are exactly met', async (stage) => {
  const wss = await stage.serve({ maxPayload: 1000, maxFragments: 3 });
  const { peer, ws } = await stage.open(wss);
  const done = oracle.event(ws, 'pong');

  ws.on('message', (data) => stage.log('message', data.length));
  peer.write(
    frame(2, Buffer.alloc(1000)),
    frame(2, Buffer.alloc(500), { fin: false }),
    frame(0, Buffer.alloc(500), { fin: false }),
    frame(0),
    frame(10)
  );
  await done;
});
