'use strict';

// What comes in on an open connection.

const oracle = require('./oracle');
const { frame, parseFrames } = require('./raw-peer');

oracle('messages of every size and kind', async (stage) => {
  const wss = await stage.serve();
  const { peer, ws } = await stage.open(wss);
  const sizes = [0, 1, 125, 126, 127, 1000, 65535, 65536, 70_000, 300_000];

  for (const opcode of [1, 2]) {
    for (const size of sizes) {
      const payload = Buffer.alloc(size, 'abcdefg');
      const got = oracle.event(ws, 'message');

      peer.write(frame(opcode, payload));
      const [data, isBinary] = await got;
      stage.log(size, isBinary, Buffer.isBuffer(data), data.equals(payload));
    }
  }
});

oracle('messages of one chunk come in one run', async (stage) => {
  const wss = await stage.serve();
  const { peer, ws } = await stage.open(wss);
  const done = new Promise((resolve) => {
    const note = (label) => {
      stage.log(label);
      process.nextTick(() => stage.log('tick', label));
      Promise.resolve().then(() => stage.log('microtask', label));
      if (label === 'C') setImmediate(resolve);
    };

    ws.on('message', (data) => note(data.toString()));
    ws.on('ping', (data) => note(`ping ${data}`));
    ws.on('pong', (data) => note(`pong ${data}`));
  });

  peer.write(frame(1, 'A'), frame(2, 'B'), frame(9, 'p'), frame(10, 'q'), frame(1, 'C'));
  await done;
});

oracle('allowSynchronousEvents: false gives every event a turn of its own', async (stage) => {
  const wss = await stage.serve({ allowSynchronousEvents: false });
  const { peer, ws } = await stage.open(wss);
  const done = new Promise((resolve) => {
    const note = (label) => {
      stage.log(label);
      process.nextTick(() => stage.log('tick', label));
      Promise.resolve().then(() => stage.log('microtask', label));
      if (label === 'C') setImmediate(() => setImmediate(resolve));
    };

    ws.on('message', (data) => note(data.toString()));
    ws.on('ping', (data) => note(`ping ${data}`));
  });

  peer.write(frame(1, 'A'), frame(2, 'B'), frame(9, 'p'), frame(1, 'C'));
  await done;
});

for (const binaryType of ['nodebuffer', 'arraybuffer', 'fragments', 'bogus']) {
  oracle(`binaryType ${binaryType}`, async (stage) => {
    const wss = await stage.serve();
    const { peer, ws } = await stage.open(wss);

    ws.binaryType = binaryType;
    stage.log(ws.binaryType);
    stage.watch(ws);
    const last = new Promise((resolve) => {
      ws.on('pong', resolve);
    });
    peer.write(
      frame(1, 'text'),
      frame(2, 'one'),
      frame(2),
      frame(2, 'a', { fin: false }),
      frame(0, '', { fin: false }),
      frame(0, 'bc', { fin: false }),
      frame(0, 'd'),
      frame(1, 'a', { fin: false }),
      frame(0, 'b'),
      frame(10)
    );
    await last;
  });
}

oracle('binaryType blob', async (stage) => {
  const wss = await stage.serve();
  const { peer, ws } = await stage.open(wss);

  ws.binaryType = 'blob';
  const got = oracle.event(ws, 'message');
  peer.write(frame(2, 'ab', { fin: false }), frame(0, 'cd'));
  const [blob, isBinary] = await got;
  stage.log(blob instanceof Blob, isBinary, await blob.text());
});

oracle('binaryType counts when the message is complete', async (stage) => {
  const wss = await stage.serve();
  const { peer, ws } = await stage.open(wss);
  const started = oracle.event(ws, 'ping');

  peer.write(frame(2, 'a', { fin: false }), frame(9));
  await started;
  ws.binaryType = 'arraybuffer';
  const got = oracle.event(ws, 'message');
  peer.write(frame(0, 'b'));
  stage.log(await got);
});

oracle('pings are answered, in order with messages', async (stage) => {
  const wss = await stage.serve();
  const { peer, ws } = await stage.open(wss);

  // The pongs may be on the wire before JavaScript hears of the pings.
  const last = new Promise((resolve) => {
    ws.on('ping', (data) => {
      stage.log('ping', data);
      if (data.length === 125) resolve();
    });
  });
  peer.write(frame(9, 'one'), frame(9), frame(9, Buffer.alloc(125, 'x')));
  await last;
  stage.log(parseFrames(await peer.read(5 + 2 + 127)));
});

oracle('autoPong: false', async (stage) => {
  const wss = await stage.serve({ autoPong: false });
  const { peer, ws } = await stage.open(wss);

  ws.on('ping', (data) => {
    stage.log('ping', data);
    ws.pong('mine');
  });
  peer.write(frame(9, 'one'));
  stage.log(parseFrames(await peer.read(6)));
});

oracle('an overridden pong() gets the automatic pongs', async (stage) => {
  class Mine extends stage.WebSocket {
    pong(data, ...rest) {
      stage.log('pong called', data, rest.length);
      return super.pong(`mine ${data}`, ...rest);
    }
  }
  const wss = await stage.serve({ WebSocket: Mine });
  const { peer } = await stage.open(wss);

  peer.write(frame(9, 'x'));
  stage.log(parseFrames(await peer.read(8)));
});

oracle('removing the private ping listener stops automatic pongs', async (stage) => {
  const wss = await stage.serve();
  const { peer, ws } = await stage.open(wss);

  ws._receiver.removeAllListeners('ping');
  // What this does has reached every thread once the peer has seen the next message.
  ws.send('x');
  await peer.read(3);
  ws.on('ping', () => stage.log('never'));
  ws.on('message', () => ws.send('answer'));
  peer.write(frame(9, 'x'), frame(1, 'y'));
  stage.log(parseFrames(await peer.read(8)));
});

oracle('pause and resume', async (stage) => {
  const wss = await stage.serve();
  const { peer, ws } = await stage.open(wss);
  const got = [];

  ws.on('message', (data) => got.push(data.toString()));
  stage.log(ws.isPaused);
  ws.pause();
  stage.log(ws.isPaused);
  peer.write(frame(1, 'held'));
  await new Promise((resolve) => setTimeout(resolve, 50));
  stage.log('while paused', [...got]);
  const message = oracle.event(ws, 'message');
  ws.resume();
  stage.log(ws.isPaused);
  await message;
  stage.log(got);
});

oracle('pause in a listener does not hold back the rest of the chunk', async (stage) => {
  const wss = await stage.serve();
  const { peer, ws } = await stage.open(wss);
  const got = [];

  ws.on('message', (data) => {
    got.push(data.toString());
    ws.pause();
  });
  const first = oracle.event(ws, 'message');
  peer.write(frame(1, 'a'), frame(1, 'b'));
  await first;
  await new Promise(setImmediate);
  stage.log(got, ws.isPaused);
});

oracle('close() or terminate() in a listener does not stop the chunk', async (stage) => {
  for (const method of ['close', 'terminate']) {
    const wss = await stage.serve();
    const { peer, ws } = await stage.open(wss);
    const closed = oracle.event(ws, 'close');

    stage.watch(ws);
    ws.once('message', () => ws[method]());
    peer.write(frame(1, 'a'), frame(1, 'b'), frame(9, 'c'), frame(8));
    await closed;
  }
});
