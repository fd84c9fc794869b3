'use strict';

// The closing handshake and everything that ends a connection without one.

const oracle = require('./oracle');
const { closePayload, frame, parseFrames } = require('./raw-peer');

/** Opens, acts, and waits for the end on both sides. */
async function untilClosed(stage, action, options) {
  const wss = await stage.serve(options);
  const { peer, ws } = await stage.open(wss);
  const closed = oracle.event(ws, 'close');

  stage.watch(ws);
  ws.addEventListener('close', ({ code, reason, wasClean }) => {
    stage.log('event', code, reason, wasClean);
  });
  await action(ws, peer);
  await closed;
  stage.log(ws.readyState, parseFrames(await peer.readAll()));
}

const ARGUMENTS = [
  [],
  [undefined, 'ignored without a code'],
  [1000],
  [1000, ''],
  [1000, 'reason'],
  [4999, Buffer.from('buffer')],
  [3000, new Uint8Array([65, 66])],
  [1014, 'x'.repeat(123)],
  [1000, 5]
];

for (const args of ARGUMENTS) {
  oracle(`close(${args.map((a) => String(a).slice(0, 10))})`, (stage) =>
    untilClosed(stage, async (ws, peer) => {
      ws.close(...args);
      stage.log('state', ws.readyState);
      ws.close();
      peer.write(frame(8, closePayload(1001, 'answer')));
    })
  );
}

oracle('close() with arguments that are refused', (stage) =>
  untilClosed(stage, async (ws, peer) => {
    for (const args of [
      [0],
      [999],
      [1004],
      [1005],
      [1006],
      [1015],
      [2999],
      [5000],
      ['1000'],
      [null],
      [1000, 'x'.repeat(124)],
      [1000, 'ü'.repeat(62)],
      [1000, Buffer.alloc(124)],
      [1000, new Uint16Array(1)],
      [1000, ['x']],
      [1000, null]
    ]) {
      try {
        ws.close(...args);
        stage.log('accepted');
      } catch (err) {
        stage.log(err.name, err.code, err.message.slice(0, 60), ws.readyState);
      }
    }
    peer.socket.end();
  })
);

const CLOSE_FRAMES = {
  'without payload': frame(8),
  'with a code': frame(8, closePayload(1000)),
  'with a reason': frame(8, closePayload(4000, 'bye')),
  'with a long reason': frame(8, closePayload(3999, 'ü'.repeat(61))),
  'and more frames behind it': Buffer.concat([
    frame(8, closePayload(1001)),
    frame(1, 'ignored'),
    frame(9, 'ignored')
  ])
};

for (const [name, bytes] of Object.entries(CLOSE_FRAMES)) {
  oracle(`a close frame ${name}`, (stage) =>
    untilClosed(stage, async (ws, peer) => {
      ws.on('message', () => stage.log('message'));
      peer.write(frame(1, 'before'), bytes);
      await peer.until(() => peer.ended);
      peer.socket.end();
    })
  );
}

oracle('the peer closes while we wait for its answer', (stage) =>
  untilClosed(stage, async (ws, peer) => {
    ws.close(4001, 'ours');
    await peer.until(() => peer.bytes.length === 8);
    peer.write(
      frame(1, 'late message'),
      frame(9, 'late ping'),
      frame(8, closePayload(4002, 'theirs'))
    );
    await peer.until(() => peer.ended);
    peer.socket.end();
  })
);

oracle('FIN without a close frame', (stage) =>
  untilClosed(stage, async (ws, peer) => {
    peer.write(frame(1, 'last words'));
    peer.socket.end();
  })
);

oracle('FIN in the middle of a frame', (stage) =>
  untilClosed(stage, async (ws, peer) => {
    peer.write(frame(1, 'whole'), frame(1, 'cut off').subarray(0, 9));
    peer.socket.end();
  })
);

oracle('a reset', (stage) =>
  untilClosed(stage, async (ws, peer) => {
    peer.socket.resetAndDestroy();
  })
);

oracle('terminate()', (stage) =>
  untilClosed(stage, async (ws) => {
    ws.terminate();
    stage.log('state', ws.readyState);
    ws.terminate();
  })
);

oracle('close(), then terminate()', (stage) =>
  untilClosed(stage, async (ws) => {
    ws.close(1000);
    ws.terminate();
    stage.log('state', ws.readyState);
    ws.on('close', () => {
      ws.close();
      ws.terminate();
      ws.pause();
      ws.resume();
      stage.log('after', ws.readyState, ws.isPaused);
    });
  }).then(() => {
    // Whether the close frame still gets out before the socket is destroyed is a matter of luck.
    stage.trace.pop();
  })
);

oracle('a peer that never answers is dropped after closeTimeout', (stage) =>
  untilClosed(
    stage,
    async (ws) => {
      ws.close(4000);
    },
    { closeTimeout: 30 }
  )
);

oracle('queued data goes out before the close frame', async (stage) => {
  const wss = await stage.serve();
  const { peer, ws } = await stage.open(wss);
  const size = 4 * 1024 * 1024;

  peer.socket.pause();
  ws.send(Buffer.alloc(size, 1));
  ws.send(Buffer.alloc(size, 2));
  ws.close(1000, 'done');
  await new Promise((resolve) => setTimeout(resolve, 20));
  stage.log('buffered', ws.bufferedAmount > 0);
  peer.socket.resume();
  peer.write(frame(8, closePayload(1000)));
  const frames = parseFrames(await peer.readAll());
  stage.log(frames.map(({ first, length }) => [first, length]));
});

oracle('a paused socket that the peer closes', async (stage) => {
  const wss = await stage.serve();
  const { peer, ws } = await stage.open(wss);
  const closed = oracle.event(ws, 'close');

  stage.watch(ws);
  ws.once('message', () => ws.pause());
  peer.write(frame(1, 'a'), frame(8, closePayload(1000)));
  await peer.until(() => peer.ended);
  peer.socket.end();
  await closed;
  stage.log(ws.isPaused);
});

oracle('close events of several kinds of listeners', (stage) =>
  untilClosed(stage, async (ws, peer) => {
    ws.onclose = ({ code, target, type }) => stage.log('onclose', code, target === ws, type);
    ws.once('close', () => stage.log('once'));
    peer.write(frame(8, closePayload(1000)));
    await peer.until(() => peer.ended);
    peer.socket.end();
  })
);
