'use strict';

// What comes in and goes out of an open connection.

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

oracle('everything that can be sent', async (stage) => {
  const wss = await stage.serve();
  const { peer, ws } = await stage.open(wss);
  const { buffer } = new Uint8Array([65, 66, 67, 68]);
  const shared = new SharedArrayBuffer(2);

  for (const data of [
    'text',
    '',
    'ü€😀',
    5,
    0,
    Number.NaN,
    undefined,
    null,
    false,
    Buffer.from('buffer'),
    new Uint8Array([1, 2]),
    new Uint16Array([258]),
    new DataView(buffer, 1, 2),
    buffer,
    shared,
    [1, 2, 3],
    new Date(0).toJSON(),
    'x'.repeat(126),
    Buffer.alloc(65536, 'y')
  ]) {
    ws.send(data);
    ws.send(data, { binary: true });
    ws.send(data, { binary: false });
    ws.send(data, { binary: undefined });
    ws.send(data, {});
    ws.send(data, null);
  }
  for (const data of [true, {}, Symbol('s'), () => {}, 1n]) {
    try {
      if (typeof data === 'function') ws.send(data, {});
      else ws.send(data);
      stage.log('sent', typeof data);
    } catch (err) {
      stage.log(err.name, err.code);
    }
  }
  ws.close(1000);
  peer.write(frame(8, Buffer.from([3, 232])));
  stage.log(parseFrames(await peer.readAll()));
});

oracle('masked frames from a server', async (stage) => {
  const wss = await stage.serve();
  const { peer, ws } = await stage.open(wss);
  const data = Buffer.from('payload');

  ws.send(data, { mask: true });
  ws.ping(data, true);
  ws.pong(data, true);
  ws.send(data, { mask: undefined });
  stage.log(data.toString());
  stage.log(parseFrames(await peer.read(13 * 3 + 9)).map(({ first, masked, payload }) => [first, masked, payload]));
});

oracle('fragments', async (stage) => {
  const wss = await stage.serve();
  const { peer, ws } = await stage.open(wss);

  ws.send('a', { fin: false });
  ws.ping('p');
  ws.send(Buffer.from('b'), { fin: false, binary: true });
  ws.send('c', { fin: undefined });
  ws.send('d', { fin: true });
  ws.send(Buffer.from('e'), { fin: false });
  ws.send('f');
  ws.send('whole');
  stage.log(parseFrames(await peer.read(3 * 7 + 7)));
});

oracle('pings and pongs', async (stage) => {
  const wss = await stage.serve();
  const { peer, ws } = await stage.open(wss);
  const done = new Promise((resolve) => {
    for (const method of ['ping', 'pong']) {
      ws[method]();
      ws[method]('text');
      ws[method](Buffer.from('buffer'), undefined);
      ws[method](7);
      ws[method](0, false);
      ws[method]((err) => stage.log(`${method} callback`, err));
      ws[method]('x', (err) => stage.log(`${method} callback 2`, err));
      ws[method]('x', false, (err) => {
        stage.log(`${method} callback 3`, err);
        if (method === 'pong') resolve();
      });
    }
  });

  for (const data of ['x'.repeat(126), Buffer.alloc(126), {}, true]) {
    for (const method of ['ping', 'pong']) {
      try {
        ws[method](data);
      } catch (err) {
        stage.log(err.name, err.code, err.message.slice(0, 40));
      }
    }
  }
  await done;
  ws.close();
  peer.write(frame(8));
  stage.log(parseFrames(await peer.readAll()));
});

oracle('send callbacks', async (stage) => {
  const wss = await stage.serve();
  const { ws } = await stage.open(wss);
  const done = new Promise((resolve) => {
    ws.send('a', (...args) => stage.log('a', args.length, args[0]));
    ws.send('b', {}, () => stage.log('b'));
    ws.send('not a function', 'x');
    ws.send('nor this', {}, null);
    ws.send(Buffer.alloc(100_000), (err) => {
      stage.log('large', err);
      resolve();
    });
  });

  stage.log('sync', ws.bufferedAmount >= 0);
  await done;
});

oracle('a Blob keeps its place', async (stage) => {
  const wss = await stage.serve();
  const { peer, ws } = await stage.open(wss);

  ws.send('before');
  ws.send(new Blob(['blob']), (err) => stage.log('blob', err));
  stage.log('buffered', ws.bufferedAmount);
  ws.send('after', (err) => stage.log('after', err));
  ws.ping(new Blob(['ping']));
  ws.send(new Blob(['text']), { binary: false });
  ws.send('y', { fin: false });
  ws.send(new Blob(['z']));
  stage.log('buffered', ws.bufferedAmount);
  ws.close(4000, 'end');
  peer.write(frame(8, Buffer.from([15, 160])));
  stage.log(parseFrames(await peer.readAll()));
});

oracle('a Blob that cannot be read', async (stage) => {
  class BadBlob extends Blob {
    arrayBuffer() {
      return Promise.reject(new Error('unreadable'));
    }
  }
  const wss = await stage.serve();
  const { peer, ws } = await stage.open(wss);
  const closed = oracle.event(ws, 'close');

  stage.watch(ws);
  ws.send(new BadBlob(['x']), (err) => stage.log('blob', err));
  ws.send('y', (err) => stage.log('text', err));
  await oracle.event(ws, 'error');
  peer.socket.end();
  await closed;
  stage.log(await peer.readAll());
});

oracle('terminate while a Blob is read', async (stage) => {
  const wss = await stage.serve();
  const { ws } = await stage.open(wss);
  const closed = oracle.event(ws, 'close');

  ws.send(new Blob(['x']), (err) => stage.log('blob', err));
  ws.send('y', (err) => stage.log('text', err));
  ws.on('close', () => stage.log('close'));
  ws.terminate();
  await closed;
  await new Promise(setImmediate);
});

oracle('the buffer of the sender is free after the call', async (stage) => {
  const wss = await stage.serve();
  const { peer, ws } = await stage.open(wss);
  const data = Buffer.from('original');

  ws.send('x');
  stage.log('buffered', ws.bufferedAmount);
  await peer.read(3);
  ws.send(data);
  stage.log(data.toString(), await peer.read(10));
});

oracle('raw bytes through the socket keep their place', async (stage) => {
  const wss = await stage.serve();
  const { peer, ws } = await stage.open(wss);

  ws.send('a');
  ws._socket.write(Buffer.from([0x81, 1, 0x62]));
  ws.send('c');
  ws._socket.write('\x81\x01d', 'latin1');
  ws._socket.write(Buffer.from([0x81, 1, 0x65]), () => stage.log('written'));
  ws.send('f');
  stage.log(parseFrames(await peer.read(18)));
});

oracle('frames made by Sender.frame', async (stage) => {
  const { Sender } = stage.WebSocket;
  const wss = await stage.serve();
  const { peer, ws } = await stage.open(wss);
  const options = { opcode: 1, fin: true, mask: false, readOnly: true };
  const done = new Promise((resolve) => {
    ws._sender.sendFrame(Sender.frame(Buffer.from('one'), options));
    ws._sender.sendFrame(Sender.frame(Buffer.alloc(0), options));
    ws._sender.sendFrame(Sender.frame(Buffer.alloc(200, 'x'), { ...options, opcode: 2 }));
    ws._sender.sendFrame(Sender.frame(Buffer.alloc(70_000, 'y'), { ...options, fin: false }));
    ws._sender.sendFrame(Sender.frame(Buffer.from('z'), { ...options, opcode: 0, mask: true }));
    ws._sender.sendFrame([Buffer.from([0x81, 5]), Buffer.from('hello')], () => resolve());
  });

  await done;
  ws.close();
  peer.write(frame(8));
  stage.log(parseFrames(await peer.readAll()));
});

oracle('sending before and after', async (stage) => {
  const wss = await stage.serve();
  const { peer, ws } = await stage.open(wss);
  const attempt = (target) => {
    for (const method of ['send', 'ping', 'pong']) {
      try {
        target[method]('data', () => stage.log('no'));
      } catch (err) {
        stage.log(method, err);
      }
    }
  };

  attempt(new stage.WebSocket(null, undefined, {}));

  const closed = oracle.event(ws, 'close');
  ws.close();
  stage.log('state', ws.readyState);
  for (const method of ['send', 'ping', 'pong']) {
    const before = ws.bufferedAmount;
    ws[method]('äb', (err) => stage.log(method, err));
    ws[method](Buffer.from('xyz'));
    ws[method](new Blob(['four']));
    ws[method](12345);
    ws[method]();
    stage.log('added', ws.bufferedAmount - before);
  }
  try {
    ws.send({});
  } catch (err) {
    stage.log(err.name, err.code);
  }
  peer.write(frame(8));
  await closed;
  const last = new Promise((resolve) => {
    ws.send('x', (err) => {
      stage.log(err);
      resolve();
    });
    stage.log('sync');
  });
  await last;
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
