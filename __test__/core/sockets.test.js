'use strict';

// The socket under a WebSocket stays what programs believe it to be, whichever road its bytes take: the same scenario on the
// original and on ours, with sockets of the native listener, sockets of Node that were taken over, and streams that are fed.

const net = require('node:net');

const oracle = require('../ws/oracle');
const { closePayload, frame } = require('../ws/raw-peer');

const SOCKETS = ['port', 'server', 'noServer'];
const ATTACHED = ['server', 'noServer'];

/** Runs `act` on a server's fresh connection and waits for its 'close'. */
async function untilClosed(stage, act) {
  const wss = await stage.serve();
  const { peer, ws } = await stage.open(wss);
  const closed = oracle.event(ws, 'close');
  stage.watch(ws);
  await act({ peer, socket: ws._socket, ws, wss });
  await closed;
  return { peer, ws, wss };
}

oracle(
  'the socket knows its ends',
  async (stage) => {
    const wss = await stage.serve();
    const { peer, ws } = await stage.open(wss);
    const { _socket: socket } = ws;
    stage.log(
      socket instanceof net.Socket,
      socket.remoteAddress,
      socket.remotePort === peer.socket.localPort,
      socket.remoteFamily,
      socket.localAddress,
      socket.localPort === stage.port,
      socket.address().port === stage.port,
      socket.destroyed,
      socket.readyState,
      socket.writable,
      socket.encrypted
    );
  },
  { modes: SOCKETS }
);

oracle('socket.destroy() closes the WebSocket', (stage) =>
  untilClosed(stage, ({ socket, ws }) => {
    socket.on('close', () => stage.log('socket close', ws.readyState));
    socket.destroy();
    stage.log(socket.destroyed, socket.writable);
  })
);

oracle('socket.destroy(err) closes the WebSocket without an error event', (stage) =>
  untilClosed(stage, ({ socket }) => {
    socket.on('error', (err) => stage.log('socket error', err.message));
    socket.destroy(new Error('mine'));
  })
);

oracle('socket.end() is a FIN after the frames', async (stage) => {
  const { peer } = await untilClosed(stage, async ({ peer: other, socket, ws }) => {
    ws.send('last');
    socket.end();
    await other.until(() => other.ended);
  });
  stage.log(peer.bytes.subarray(-6));
});

oracle(
  'resetAndDestroy() resets',
  async (stage) => {
    const wss = await stage.serve();
    const { peer, ws } = await stage.open(wss);
    const closed = oracle.event(ws, 'close');
    peer.closed.catch(() => {});
    const reset = new Promise((resolve) => peer.socket.on('error', resolve));
    ws._socket.resetAndDestroy();
    stage.log((await reset).code, await closed);
  },
  { modes: SOCKETS }
);

oracle("the peer's reset is a close without an error event", (stage) =>
  untilClosed(stage, async ({ peer, ws }) => {
    peer.write(frame(1, 'before'));
    await oracle.event(ws, 'message');
    peer.socket.resetAndDestroy();
  })
);

oracle("the peer's FIN without a close frame", (stage) =>
  untilClosed(stage, ({ peer, socket, ws }) => {
    socket.on('end', () => stage.log('socket end', ws.readyState));
    peer.write(frame(1, 'before'));
    peer.socket.end();
  })
);

oracle('frames behind a large one that waits for the peer keep their order', async (stage) => {
  const wss = await stage.serve();
  const { peer, ws } = await stage.open(wss);
  const large = Buffer.alloc(8 << 20, 'x');
  peer.socket.pause();
  const before = peer.bytes.length;
  ws.send(large, (err) => stage.log('large', err));
  ws.ping('p');
  const written = new Promise((resolve) => {
    ws.send('small', (err) => resolve(stage.log('small', err)));
  });
  ws.close(1000);
  stage.log(ws.bufferedAmount > 0);
  peer.socket.resume();
  const total = 10 + large.length + 3 + 7 + 4;
  await peer.until(() => peer.bytes.length >= before + total || peer.ended);
  await written;
  const wire = peer.bytes.subarray(before);
  stage.log(wire.length, wire.subarray(0, 10), wire.subarray(10 + large.length));
});

oracle(
  'terminate() while the peer does not read fails the callbacks',
  async (stage) => {
    const wss = await stage.serve();
    const { peer, ws } = await stage.open(wss);
    const closed = oracle.event(ws, 'close');
    peer.socket.pause();
    let failed = 0;
    for (let i = 0; i < 4; i++) {
      ws.send(Buffer.alloc(8 << 20), (err) => {
        if (err) failed++;
      });
    }
    ws.terminate();
    stage.log(await closed, failed > 0);
  },
  // A bare Duplex fails what it has not begun to write only after what it has: a tick of its own choosing.
  { modes: SOCKETS }
);

oracle(
  'the http server counts and closes its connections',
  async (stage) => {
    const wss = await stage.serve();
    const { ws } = await stage.open(wss);
    const server = stage.httpServer;
    const count = () => new Promise((resolve) => server.getConnections((_, n) => resolve(n)));
    stage.log(await count());
    const serverClosed = oracle.event(server, 'close');
    server.close();
    ws.on('close', () => stage.log('ws close'));
    ws.terminate();
    await serverClosed;
    stage.log('server close', await count());
  },
  { modes: ATTACHED }
);

oracle(
  'an idle timeout does not fire under traffic, and fires without',
  async (stage) => {
    const wss = await stage.serve();
    const { peer, ws } = await stage.open(wss);
    let traffic = 0;
    const idle = oracle.event(ws._socket, 'timeout');
    ws._socket.setTimeout(400);
    ws._socket.on('timeout', () => stage.log('idle', traffic));
    // Twice the idle time of messages, each well within it.
    await new Promise((resolve) => {
      const timer = setInterval(() => {
        peer.write(frame(1, 'x'));
        if (++traffic === 16) resolve(clearInterval(timer));
      }, 50);
    });
    await idle;
  },
  { modes: SOCKETS }
);

oracle('early bytes of every length are delivered whole', async (stage) => {
  const wss = await stage.serve();
  const early = Buffer.concat([
    frame(1, 'first'),
    frame(2, Buffer.alloc(70_000, 7)),
    frame(1, 'last')
  ]);
  for (const cut of [1, 5, 11, 40, 65_536, early.length]) {
    const messages = [];
    wss.once('connection', (ws) => {
      ws.on('message', (data, isBinary) => {
        messages.push([data.length, isBinary]);
        if (messages.length === 3) ws.emit('three');
      });
      ws.once('three', () => stage.log(cut, messages));
    });
    const { peer, ws } = await stage.open(wss, {}, early.subarray(0, cut));
    const three = messages.length === 3 ? null : oracle.event(ws, 'three');
    if (cut < early.length) peer.write(early.subarray(cut));
    await three;
  }
});

for (const [how, act] of [
  ['a close frame', ({ peer }) => peer.write(frame(8, closePayload(1000)))],
  ['FIN', ({ peer }) => peer.socket.end()],
  [
    'our close()',
    ({ peer, ws }) => {
      ws.close(1001);
      peer
        .until(() => peer.bytes.includes(0x88))
        .then(() => peer.write(frame(8, closePayload(1001))));
    }
  ],
  ['a reset', ({ peer }) => peer.socket.resetAndDestroy()],
  ['terminate()', ({ ws }) => ws.terminate()]
]) {
  oracle(`'close' of the WebSocket and of its socket after ${how}`, (stage) =>
    untilClosed(stage, async (ends) => {
      ends.peer.closed.catch(() => {});
      const both = Promise.all([
        oracle.event(ends.ws, 'close'),
        oracle.event(ends.ws._socket, 'close')
      ]);
      ends.ws._socket.on('close', () => stage.log('socket close', ends.ws.readyState));
      act(ends);
      await both;
    })
  );
}

oracle(
  'eventNames() before and after there were listeners',
  async (stage) => {
    const wss = await stage.serve();
    const { ws } = await stage.open(wss);
    const listener = () => {};
    const mine = () => ws._socket.eventNames().includes('mine');
    stage.log(mine());
    ws._socket.on('mine', listener);
    stage.log(mine());
    ws._socket.removeListener('mine', listener);
    stage.log(mine());
  },
  { modes: SOCKETS }
);
