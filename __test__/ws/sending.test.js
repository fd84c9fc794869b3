'use strict';

// What goes out on an open connection: kinds of data, fragments, callbacks, Blobs, raw bytes.

const oracle = require('./oracle');
const { frame, parseFrames } = require('./raw-peer');

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
  stage.log(
    parseFrames(await peer.read(13 * 3 + 9)).map(({ first, masked, payload }) => [
      first,
      masked,
      payload
    ])
  );
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
