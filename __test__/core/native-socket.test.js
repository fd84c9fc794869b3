'use strict';

// The socket of the native listener beside that of an upgrade of Node's HTTP server.

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const { finished, pipeline, PassThrough } = require('node:stream');
const { test } = require('node:test');

const { NativeSocket } = require('../../lib/core/native-socket');
const WebSocket = require('../../lib/ws');
const { frame, RawPeer } = require('../ws/raw-peer');
const compare = require('./compare');

const { UPGRADE } = compare;

/** Logs what it is at this moment. */
function state(stage, socket) {
  stage.log(
    ...[socket.readyState, socket.readable, socket.writable, socket.destroyed, socket.closed],
    ...[socket.writableEnded, socket.writableFinished, socket.readableEnded, socket.errored]
  );
}

compare('what it is after an upgrade', async (stage) => {
  const { server, request, socket } = await stage.upgrade();

  stage.log(socket instanceof net.Socket, request.socket === socket, socket.server === server);
  state(stage, socket);
  stage.log(socket.connecting, socket.pending, socket.encrypted, socket.authorized);
  stage.log(socket.allowHalfOpen, socket.isPaused(), socket.timeout, socket.bytesRead);
  stage.log(socket.bytesWritten, socket.writableLength, socket.readableLength, socket.bufferSize);
  stage.log(socket.writableNeedDrain, socket.writableObjectMode, socket.readableObjectMode);
  stage.log(socket.writableHighWaterMark, socket.readableHighWaterMark, socket.readableFlowing);
  stage.log(socket.writableCorked, socket.readableEncoding, socket.readableAborted);
});

compare('addresses', async (stage) => {
  for (const [listen, connect] of [
    [[0], '127.0.0.1'],
    [[0], '::1'],
    [[0, '127.0.0.1'], '127.0.0.1']
  ]) {
    const server = stage.server();
    server.listen(...listen);
    await once(server, 'listening');
    const { port } = server.address();
    const upgraded = once(server, 'upgrade');
    const peer = net.connect(port, connect).end(UPGRADE);
    const [, socket] = await upgraded;

    stage.log(socket.remoteAddress, socket.remoteFamily, socket.remotePort === peer.localPort);
    stage.log(socket.localAddress, socket.localFamily, socket.localPort === port);
    const { address, family } = socket.address();
    stage.log(address, family, socket.address().port === port);
    socket.destroy();
    peer.destroy();
  }
});

compare('write() in every form', async (stage) => {
  const { peer, socket } = await stage.upgrade();

  for (const args of [
    ['ascii '],
    ['\xe4\u20ac\u{1f600} '],
    ['\xe4 ', 'latin1'],
    ['\xe4 ', 'binary'],
    ['6869', 'hex'],
    ['aGk=', 'base64'],
    ['hi', 'utf16le'],
    ['hi ', 'UTF-8'],
    [Buffer.from('buffer ')],
    [Uint8Array.of(1, 2, 3)],
    [''],
    [Buffer.alloc(0)],
    ['x', null]
  ]) {
    stage.log(socket.write(...args));
  }

  for (const args of [[null], [undefined], [5], [{}], [[]], [true], ['x', 'nonsense']]) {
    try {
      stage.log(socket.write(...args));
    } catch (err) {
      stage.log(err);
    }
  }

  socket.write('!');
  await peer.until(() => peer.bytes.includes('!'));
  stage.log(peer.bytes);
  stage.log(socket.bytesWritten, socket.destroyed);
});

compare('callbacks of write(), in order', async (stage) => {
  const { peer, socket } = await stage.upgrade();

  for (let i = 0; i < 3; i++) socket.write(`${i}`, (err) => stage.log('written', i, err ?? null));
  socket.write('3', 'latin1', (err) => stage.log('written', 3, err ?? null));
  stage.log('called');
  await new Promise((resolve) => socket.write('', resolve));
  stage.log(await peer.read(4));
});

compare('a megabyte between small writes', async (stage) => {
  const { peer, socket } = await stage.upgrade();

  socket.write('<');
  socket.write('x'.repeat(1 << 20));
  socket.write(Buffer.alloc(1 << 20, 'y'));
  socket.end('>');
  const bytes = await peer.readAll();
  stage.log(bytes.length, bytes.indexOf('y'), bytes.lastIndexOf('x'), bytes[0], bytes.at(-1));
});

compare('end() and what follows', async (stage) => {
  const { peer, socket } = await stage.upgrade();

  stage.watch(socket, 'socket', ['finish', 'close', 'error']);
  stage.log(socket.end('bye', 'latin1', () => stage.log('ended')) === socket);
  state(stage, socket);
  if (!socket.writableFinished) await compare.event(socket, 'finish');
  state(stage, socket);
  stage.log(await peer.readAll());
  socket.destroy();
  state(stage, socket);
  await compare.event(socket, 'close');
  state(stage, socket);
});

compare('end() in its other forms', async (stage) => {
  for (const args of [[], ['a'], [Buffer.from('b')], [() => {}], ['c', () => {}], [null], ['']]) {
    const { peer, socket } = await stage.upgrade();

    socket.end(...args);
    stage.log(await peer.readAll());
  }
});

compare('end() twice', async (stage) => {
  const { peer, socket } = await stage.upgrade();

  socket.on('error', () => {});
  socket.end('x');
  await compare.event(socket, 'finish');
  await new Promise((resolve) => {
    socket.end((err) => {
      stage.log(err?.code);
      resolve();
    });
  });
  stage.log(await peer.readAll());
});

compare('write() after end()', async (stage) => {
  const { socket } = await stage.upgrade();
  const closed = compare.event(socket, 'close');

  stage.watch(socket, 'socket', ['error']);
  socket.end('x');
  stage.log(socket.write('y', (err) => stage.log('callback', err)));
  stage.log(await closed);
});

compare('write() after destroy()', async (stage) => {
  const { socket } = await stage.upgrade();
  const closed = compare.event(socket, 'close');

  stage.watch(socket, 'socket', ['error']);
  stage.log(socket.destroy() === socket, socket.destroy() === socket);
  stage.log(socket.write('y', (err) => stage.log('callback', err)));
  stage.log(await closed);
});

compare('destroy(err)', async (stage) => {
  const { peer, socket } = await stage.upgrade();

  const closed = compare.event(socket, 'close');

  stage.watch(socket, 'socket', ['error', 'close', 'end', 'finish']);
  socket.write('x');
  socket.destroy(new Error('mine'));
  state(stage, socket);
  const sent = await peer.readAll();
  await closed;
  stage.log(sent);
  state(stage, socket);
});

compare('destroySoon()', async (stage) => {
  const { peer, socket } = await stage.upgrade();

  socket.write('x');
  socket.destroySoon();
  stage.log(await peer.readAll());
  if (!socket.closed) await compare.event(socket, 'close');
  state(stage, socket);
});

// What the peer sees of it is a matter of the core's DESTROY command.
compare('resetAndDestroy()', async (stage) => {
  const { peer, socket } = await stage.upgrade();
  const failed = compare.event(peer.socket, 'close');

  stage.log(socket.resetAndDestroy() === socket, socket.destroyed);
  await failed;
});

compare('members that do nothing visible return what they should', async (stage) => {
  const { peer, socket } = await stage.upgrade();

  stage.log(
    socket.setNoDelay() === socket,
    socket.setNoDelay(false) === socket,
    socket.setKeepAlive(true, 1000) === socket,
    socket.unref() === socket,
    socket.ref() === socket,
    socket.pause() === socket,
    socket.isPaused(),
    socket.resume() === socket,
    socket.isPaused(),
    socket.cork(),
    socket.write('corked'),
    socket.uncork(),
    socket.unpipe() === socket
  );
  stage.log(await peer.read(6));
});

compare('listeners', async (stage) => {
  const { socket } = await stage.upgrade();
  const listener = (...args) => stage.log('heard', args);

  for (const add of ['on', 'addListener', 'once', 'prependListener']) {
    stage.log(socket[add]('x', listener) === socket, socket.listenerCount('x'));
  }

  stage.log(socket.emit('x', 1, 2), socket.listenerCount('x'));
  stage.log(socket.off('x', listener) === socket, socket.listenerCount('x'));
  stage.log(socket.removeListener('x', listener) === socket, socket.listenerCount('x'));
  stage.log(socket.removeAllListeners('x') === socket, socket.listenerCount('x'));
  stage.log(socket.emit('x'));
});

compare('setTimeout()', async (stage) => {
  const { socket } = await stage.upgrade();

  for (const args of [['1'], [-1], [Number.NaN], [1, 1]]) {
    try {
      socket.setTimeout(...args);
    } catch (err) {
      stage.log(err);
    }
  }

  stage.log(socket.setTimeout(20, () => stage.log('callback')) === socket, socket.timeout);
  stage.log(await compare.event(socket, 'timeout'));
  stage.log(socket.destroyed, socket.setTimeout(0) === socket, socket.timeout);
});

for (const early of ['', 'early ']) {
  compare(
    `read as a stream before anything else${early && ', with early bytes'}`,
    async (stage) => {
      const { peer, socket, head } = await stage.upgrade(UPGRADE, early);
      let text = head.toString('latin1');

      const ended = compare.event(socket, 'end');
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1');
        if (text.endsWith('ping')) socket.write('pong');
      });
      peer.write('ping');
      stage.log(await peer.read(4));
      peer.socket.end('last');
      await ended;
      stage.log(text);
      state(stage, socket);
      const closed = compare.event(socket, 'close');
      socket.end('bye');
      stage.log(await peer.readAll());
      stage.log(await closed);
      state(stage, socket);
    }
  );
}

compare('piped to and from', async (stage) => {
  const { peer, socket } = await stage.upgrade();
  const closed = compare.event(socket, 'close');

  socket.pipe(new PassThrough()).pipe(socket);
  peer.write('over ');
  stage.log(await peer.read(5));
  peer.socket.end('and out');
  stage.log(await peer.readAll());
  stage.log(await closed);
});

compare('read by for await, destroyed by leaving the loop', async (stage) => {
  const { peer, socket } = await stage.upgrade();
  const closed = compare.event(socket, 'close');

  peer.write('one');
  for await (const chunk of socket) {
    stage.log(chunk);
    break;
  }
  stage.log(await closed, socket.destroyed);
});

compare('pipeline() through it', async (stage) => {
  const { peer, socket } = await stage.upgrade();
  const done = new Promise((resolve) => pipeline(socket, new PassThrough(), socket, resolve));

  peer.socket.end('echo');
  stage.log(await peer.readAll());
  stage.log(await done);
});

compare('finished() of a socket that is destroyed', async (stage) => {
  const { socket } = await stage.upgrade();
  const done = new Promise((resolve) => finished(socket, (err) => resolve(err?.code)));

  socket.destroy();
  stage.log(await done);
});

compare('destroyed in the stream state', async (stage) => {
  const { peer, socket } = await stage.upgrade();
  const closed = compare.event(socket, 'close');

  stage.watch(socket, 'socket', ['error']);
  socket.on('data', () => {});
  socket.write('x', () => socket.destroy(new Error('mine')));
  stage.log(await peer.readAll());
  stage.log(await closed);
  state(stage, socket);
});

compare('the server waits for it, however it ends', async (stage) => {
  for (const end of [
    (socket) => socket.destroy(),
    (socket) => socket.end(() => socket.destroy()),
    (socket) =>
      socket
        .resume()
        .on('data', () => {})
        .destroy(),
    (socket, peer) => {
      socket.on('data', () => {}).on('end', () => socket.end());
      peer.socket.end();
    }
  ]) {
    const { server, socket, peer } = await stage.upgrade();

    server.close(() => stage.log('closed', socket.destroyed));
    server.getConnections((err, count) => stage.log(err, count));
    await new Promise((resolve) => setImmediate(resolve));
    stage.log('not yet');
    end(socket, peer);
    await compare.event(server, 'close');
  }
});

test('a peer that resets does not bring the process down', async () => {
  const wss = new WebSocket.Server({ port: 0 });
  const connected = once(wss, 'connection');
  const peer = await RawPeer.connect(wss.address().port);
  await peer.upgrade();
  const [ws] = await connected;
  const events = [];

  peer.closed.catch(() => {});
  ws._socket.on('close', (hadError) => events.push(['socket', hadError]));
  ws.on('close', (code) => events.push(['ws', code]));
  assert.strictEqual(ws._socket.listenerCount('error'), 0);
  const closed = compare.event(ws._socket, 'close');
  peer.socket.resetAndDestroy();
  await closed;
  if (ws.readyState !== WebSocket.CLOSED) await compare.event(ws, 'close');
  assert.deepStrictEqual(events, [
    ['socket', true],
    ['ws', 1006]
  ]);
  await new Promise((resolve) => wss.close(resolve));
});

test('a socket that carries frames', async (t) => {
  const wss = new WebSocket.Server({ port: 0 });
  t.after(() => new Promise((resolve) => wss.close(resolve)));
  const peer = await RawPeer.connect(wss.address().port);
  const connected = once(wss, 'connection');
  await peer.upgrade();
  const [ws] = await connected;
  const socket = ws._socket;

  await t.test('is the same object as the request has, and not readable as bytes', () => {
    assert.ok(socket instanceof NativeSocket);
    for (const use of [
      () => socket.on('data', () => {}),
      () => socket.once('readable', () => {}),
      () => socket.pipe(new PassThrough()),
      () => socket.read(),
      () => socket[Symbol.asyncIterator](),
      () => socket.setEncoding('utf8')
    ]) {
      assert.throws(use, /carries WebSocket frames/);
    }
    assert.throws(() => socket.connect(80), /cannot connect/);
  });

  await t.test('takes raw bytes in order with frames', async () => {
    ws.send('a');
    socket.write('raw');
    ws.send('b');
    socket.write(Buffer.from('RAW'));
    ws.send('c');
    assert.strictEqual(
      (await peer.read(15)).toString('latin1'),
      '\x81\x01araw\x81\x01bRAW\x81\x01c'
    );
  });

  await t.test('has a look at the state of streams for those who need one', () => {
    assert.strictEqual(socket._readableState.endEmitted, false);
    assert.strictEqual(socket._writableState.length, 0);
    assert.strictEqual(socket._handle, null);
  });

  await t.test('does not time out under traffic', async () => {
    let timeouts = 0;

    socket.setTimeout(60, () => timeouts++);
    for (let i = 0; i < 10; i++) {
      const got = once(ws, 'message');
      setTimeout(() => peer.write(frame(1, 'x')), 15);
      await got;
    }
    assert.strictEqual(timeouts, 0);
    await once(socket, 'timeout');
    socket.setTimeout(0);
  });

  await t.test('reports its end once', async () => {
    const events = [];

    for (const event of ['end', 'finish', 'error', 'close']) {
      socket.on(event, (...args) => events.push([event, ...args]));
    }
    const closed = Promise.all([compare.event(socket, 'close'), compare.event(ws, 'close')]);
    peer.write(frame(8, Buffer.from([0x03, 0xe8])));
    await peer.readAll();
    peer.socket.end();
    const [, [code]] = await closed;
    assert.strictEqual(code, 1000);
    assert.deepStrictEqual(events, [['finish'], ['end'], ['close', false]]);
    assert.strictEqual(socket.destroyed, true);
    assert.strictEqual(socket.closed, true);
  });
});
