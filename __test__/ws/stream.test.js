'use strict';

// createWebSocketStream.

const { EventEmitter, once } = require('node:events');
const { Duplex } = require('node:stream');

const oracle = require('./oracle');
const { closePayload, frame, parseFrames } = require('./raw-peer');
const { accepted, rawServer } = require('./raw-server');

/** Logs the events of a stream. */
function watch(stage, duplex, label = 'stream') {
  for (const event of ['data', 'end', 'finish', 'close', 'error']) {
    duplex.on(event, (...args) => stage.log(label, event, ...args));
  }
}

/** A stream over a server's side of a connection. */
async function open(stage, options) {
  const wss = await stage.serve();
  const { peer, ws } = await stage.open(wss);
  const duplex = stage.WebSocket.createWebSocketStream(ws, options);

  return { duplex, peer, ws };
}

oracle('is a Duplex with the given options', async (stage) => {
  const { duplex } = await open(stage, {
    readableObjectMode: true,
    writableObjectMode: true,
    objectMode: true,
    highWaterMark: 10,
    autoDestroy: true,
    emitClose: true
  });

  stage.log(duplex instanceof Duplex, duplex.readableObjectMode, duplex.writableObjectMode);
  stage.log(duplex.readableHighWaterMark, duplex.writableHighWaterMark);
});

oracle('every write is a message', async (stage) => {
  const { duplex, peer } = await open(stage);

  duplex.write('text');
  duplex.write(Buffer.from('binary'));
  await new Promise((resolve) => duplex.write('latin', 'latin1', resolve));
  stage.log(parseFrames(await peer.read(6 + 8 + 7)));
});

oracle('every message is a chunk', async (stage) => {
  const { duplex, peer } = await open(stage);

  watch(stage, duplex);
  const last = new Promise((resolve) => {
    duplex.on('data', (data) => {
      if (data.toString() === 'last') resolve();
    });
  });
  peer.write(frame(1, 'text'), frame(2, 'binary'), frame(1, 'last'));
  await last;
});

oracle('text is a string in object mode', async (stage) => {
  const { duplex, peer } = await open(stage, { readableObjectMode: true });

  watch(stage, duplex);
  const second = new Promise((resolve) => {
    duplex.on('data', (data) => {
      if (typeof data !== 'string') resolve();
    });
  });
  peer.write(frame(1, 'text'), frame(2, 'binary'));
  await second;
});

oracle('end() closes the connection', async (stage) => {
  const { duplex, peer, ws } = await open(stage);

  watch(stage, duplex);
  ws.on('close', (...args) => stage.log('ws close', ...args));
  const closed = once(duplex, 'close');
  duplex.end('last words');
  await peer.until(() => peer.bytes.length >= 14);
  peer.write(frame(8, ''));
  const bytes = await peer.readAll();
  await closed;
  stage.log(duplex.destroyed, parseFrames(bytes));
});

oracle('the peer closes', async (stage) => {
  const { duplex, peer } = await open(stage);

  watch(stage, duplex);
  const ended = once(duplex, 'end');
  peer.write(frame(1, 'x'), frame(8, closePayload(1000)));
  await ended;
  const closed = once(duplex, 'close');
  duplex.end();
  await closed;
  stage.log(duplex.destroyed);
});

oracle('destroy() terminates', async (stage) => {
  const { duplex, peer, ws } = await open(stage);

  watch(stage, duplex);
  ws.on('close', (...args) => stage.log('ws close', ...args));
  const closed = once(duplex, 'close');
  duplex.destroy();
  stage.log(ws.readyState);
  await closed;
  await peer.readAll();
});

oracle('destroy() with an error', async (stage) => {
  const { duplex } = await open(stage);

  watch(stage, duplex);
  const closed = new Promise((resolve) => duplex.on('close', resolve));
  duplex.destroy(new Error('mine'));
  await closed;
});

oracle('an error of the WebSocket', async (stage) => {
  const { duplex, peer } = await open(stage);

  watch(stage, duplex);
  const closed = new Promise((resolve) => duplex.on('close', resolve));
  peer.write(frame(3));
  stage.log(parseFrames(await peer.readAll()));
  peer.socket.end();
  await closed;
});

oracle('a reader that stops reading pauses the WebSocket', async (stage) => {
  const { duplex, peer, ws } = await open(stage, { readableHighWaterMark: 1000 });
  const paused = new Promise((resolve) => {
    ws.on('message', () => {
      if (ws.isPaused) resolve();
    });
  });

  for (let i = 0; i < 3; i++) peer.write(frame(2, Buffer.alloc(600, `${i}`)));
  await paused;
  stage.log(ws.isPaused);
  const chunks = [];
  const all = new Promise((resolve) => {
    duplex.on('data', (chunk) => {
      chunks.push(chunk);
      if (Buffer.concat(chunks).length === 1800) resolve();
    });
  });
  await all;
  await new Promise(setImmediate);
  stage.log(Buffer.concat(chunks), ws.isPaused);
});

oracle.once('writes wait for open', async (stage) => {
  let arrive;
  const arrived = new Promise((resolve) => {
    arrive = resolve;
  });
  await rawServer(stage, (peer, head) => arrive([peer, head]));
  const ws = stage.client('/');
  const duplex = stage.WebSocket.createWebSocketStream(ws);

  watch(stage, duplex);
  duplex.write('early');
  duplex.end();
  const closed = once(duplex, 'close');
  const [peer, head] = await arrived;
  peer.write(accepted(head));
  stage.log(parseFrames(await peer.read(11 + 6)));
  peer.write(frame(8, '', { mask: false }));
  await closed;
});

oracle.once('a handshake that fails', async (stage) => {
  await rawServer(stage, (peer) => peer.socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  const duplex = stage.WebSocket.createWebSocketStream(stage.client('/'));

  watch(stage, duplex);
  const closed = new Promise((resolve) => duplex.on('close', resolve));
  duplex.end('never sent');
  await closed;
});

oracle('data flows both ways through pipes', async (stage) => {
  const { duplex, peer } = await open(stage);

  duplex.pipe(duplex);
  const payload = Buffer.alloc(200_000, 'abc');
  peer.write(frame(2, payload), frame(2, payload));
  const bytes = await peer.read(2 * (10 + payload.length));
  stage.log(bytes.subarray(10, 10 + payload.length).equals(payload), bytes.length);
});

oracle.once('a bare EventEmitter as WebSocket', async (stage) => {
  const ws = new EventEmitter();
  const duplex = stage.WebSocket.createWebSocketStream(ws);

  watch(stage, duplex);
  ws.emit('message', Buffer.from('x'), true);
  ws.emit('message', Buffer.from('y'), false);
  await once(duplex, 'data');
  ws.emit('close');
  await once(duplex, 'end');
});
