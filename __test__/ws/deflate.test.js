'use strict';

// What compression changes for a program: order, callbacks, bufferedAmount, limits, errors.

const assert = require('node:assert');
const { test } = require('node:test');
const zlib = require('node:zlib');

const ours = require('../../lib/ws');
const oracle = require('./oracle');
const { closePayload, frame, parseFrames } = require('./raw-peer');

const NAME = 'permessage-deflate';
const RSV1 = 4;
const OFFER = { headers: { 'Sec-WebSocket-Extensions': NAME } };

/** @returns {Buffer} the payload of a compressed message, with an empty window before and behind it */
function deflated(data) {
  const bytes = zlib.deflateRawSync(data, { finishFlush: zlib.constants.Z_SYNC_FLUSH });

  return bytes.subarray(0, -4);
}

/** @returns {string} the contents of a compressed message */
function inflated(payload) {
  const bytes = Buffer.concat([Buffer.from(payload, 'latin1'), Buffer.from([0, 0, 0xff, 0xff])]);

  return zlib
    .inflateRawSync(bytes, { finishFlush: zlib.constants.Z_SYNC_FLUSH })
    .toString('latin1');
}

/** Opens a connection with compression. */
async function open(stage, options = {}) {
  const wss = await stage.serve({ perMessageDeflate: true, ...options });

  return { wss, ...(await stage.open(wss, OFFER)) };
}

oracle('compressed messages come in, whole and in fragments', async (stage) => {
  const { peer, ws } = await open(stage);
  const closed = oracle.event(ws, 'close');

  stage.watch(ws);
  ws.binaryType = 'fragments';
  const bytes = deflated('one compressed message in three fragments');
  peer.write(
    frame(1, deflated('text ü'), { rsv: RSV1 }),
    frame(2, deflated('binary'), { rsv: RSV1 }),
    frame(1, 'plain'),
    frame(2, bytes.subarray(0, 5), { rsv: RSV1, fin: false }),
    frame(9, 'ping'),
    frame(0, '', { fin: false }),
    frame(0, bytes.subarray(5)),
    frame(1, '', { rsv: RSV1 }),
    frame(1, '\0', { rsv: RSV1 }),
    frame(2, zlib.deflateRawSync('a stream that ends'), { rsv: RSV1 }),
    frame(2, zlib.deflateRawSync('and another one'), { rsv: RSV1 }),
    frame(8, closePayload(1000))
  );
  await closed;
});

/** What a peer can do wrong: name, options of the server, frames. */
const WRONG = {
  'invalid block type': [{}, frame(1, '\x07', { rsv: RSV1 })],
  'stored block with a wrong length': [{}, frame(2, '\0\x05\0\0\0Hello', { rsv: RSV1 })],
  'distance too far back': [{}, frame(2, Buffer.from('f20011000000', 'hex'), { rsv: RSV1 })],
  'damage after a good message': [
    {},
    frame(1, deflated('good'), { rsv: RSV1 }),
    frame(1, Buffer.from('ffffff', 'hex'), { rsv: RSV1 }),
    frame(1, deflated('never seen'), { rsv: RSV1 })
  ],
  'invalid UTF-8': [{}, frame(1, deflated(Buffer.from([0xff])), { rsv: RSV1 })],
  'one byte too much': [{ maxPayload: 100 }, frame(2, deflated('x'.repeat(101)), { rsv: RSV1 })],
  'too much in fragments': [
    { maxPayload: 100 },
    frame(2, deflated('x'.repeat(60)), { rsv: RSV1, fin: false }),
    frame(0, deflated('x'.repeat(60)), { fin: false })
  ],
  'a thousandfold bomb': [
    { maxPayload: 1 << 20 },
    frame(2, deflated(Buffer.alloc(16 << 20)), { rsv: RSV1 })
  ],
  'RSV1 on a continuation': [
    {},
    frame(1, 'x', { rsv: RSV1, fin: false }),
    frame(0, 'x', { rsv: RSV1 })
  ],
  'RSV1 on a ping': [{}, frame(9, deflated('x'), { rsv: RSV1 })],
  'RSV1 on a close frame': [{}, frame(8, closePayload(1000), { rsv: RSV1 })]
};

for (const [name, [options, ...frames]] of Object.entries(WRONG)) {
  oracle(`violation: ${name}`, async (stage) => {
    const { peer, ws } = await open(stage, options);
    const closed = oracle.event(ws, 'close');

    stage.watch(ws);
    ws.on('error', (err) => stage.log(err.errno, Object.keys(err)));
    peer.write(...frames);
    stage.log(parseFrames(await peer.readAll()));
    await closed;
  });
}

oracle('after a broken connection the next one is served', async (stage) => {
  const { wss, peer, ws } = await open(stage);

  ws.on('error', (err) => stage.log(err));
  peer.write(frame(2, Buffer.from('f20011000000', 'hex'), { rsv: RSV1 }));
  await peer.readAll();

  const next = await stage.open(wss, OFFER);
  const message = oracle.event(next.ws, 'message');
  next.peer.write(frame(1, deflated('clean'), { rsv: RSV1 }));
  stage.log(...(await message));
});

/** Options of a server and which of its messages are compressed. */
const SENDING = {
  'with context': { perMessageDeflate: true },
  'with context, threshold': { perMessageDeflate: { threshold: 10 } },
  'without context': { perMessageDeflate: { serverNoContextTakeover: true } },
  'without context, threshold 10': {
    perMessageDeflate: { serverNoContextTakeover: true, threshold: 10 }
  },
  'without context, threshold 0': {
    perMessageDeflate: { serverNoContextTakeover: true, threshold: 0 }
  },
  'not negotiated': {}
};

for (const [name, options] of Object.entries(SENDING)) {
  oracle(`what is compressed: ${name}`, async (stage) => {
    const { peer, ws } = await open(stage, { perMessageDeflate: false, ...options });

    ws.send('');
    ws.send('short');
    ws.send('ten or more');
    ws.send('x'.repeat(1024));
    ws.send(Buffer.alloc(1023));
    ws.send('not', { compress: false });
    ws.send('x'.repeat(2000), { compress: false });
    ws.send('x'.repeat(2000), { compress: true });
    ws.send('frag', { fin: false });
    ws.ping('ping');
    ws.send('x'.repeat(2000), { fin: false });
    ws.send('');
    ws.send('x'.repeat(2000), { fin: false });
    ws.send('x', { compress: false });
    ws.send('x'.repeat(2000), { fin: false, compress: false });
    ws.send('x'.repeat(2000), { compress: true });
    ws.send(new Blob(['blob of '.repeat(200)]));
    ws.send('after the blob');
    ws.send(17);
    ws.close(1000, 'end');
    await peer.until(() => peer.bytes.includes('end') || peer.ended);

    let compressed = false;

    for (const { first, masked, payload, length } of parseFrames(peer.bytes)) {
      // Continuations follow the first frame of their message; control frames stand for themselves.
      if ((first & 0x0f) === 1 || (first & 0x0f) === 2) compressed = (first & 0x40) !== 0;

      stage.log(first, masked, compressed && (first & 8) === 0 ? length > 0 : payload);
    }
    peer.write(frame(8, closePayload(1000)));
  });
}

test('what goes out is what Node inflates', async (t) => {
  const stage = { after: (cleanup) => t.after(cleanup) };
  const wss = new ours.Server({ port: 0, host: '127.0.0.1', perMessageDeflate: { threshold: 0 } });

  t.after(() => wss.close());
  await oracle.event(wss, 'listening');
  const { RawPeer } = require('./raw-peer');
  const peer = await RawPeer.connect(wss.address().port);
  stage.after(() => peer.socket.destroy());
  const connected = oracle.event(wss, 'connection');
  await peer.upgrade({
    headers: { 'Sec-WebSocket-Extensions': `${NAME}; server_no_context_takeover` }
  });
  const [ws] = await connected;
  const sent = ['', 'a', 'text of some length '.repeat(100), 'x'.repeat(100_000)];

  for (const data of sent) ws.send(data);
  ws.send('end', { compress: false });
  await peer.until(() => peer.bytes.includes('end'));

  const frames = parseFrames(peer.bytes).slice(0, -1);
  assert.deepStrictEqual(
    frames.map(({ first }) => first),
    sent.map(() => 0xc1)
  );
  assert.deepStrictEqual(
    frames.map(({ payload }) => inflated(payload)),
    sent
  );
});

oracle('bufferedAmount while compressing', async (stage) => {
  const { peer, ws } = await open(stage);
  let called = 0;
  const done = new Promise((resolve) => {
    const callback = (err) => {
      stage.log('callback', err);
      if (++called === 2) resolve();
    };

    ws.send('foo', callback);
    stage.log(ws.bufferedAmount);
    ws.send(Buffer.from('bars'), callback);
    stage.log(ws.bufferedAmount);
  });

  await done;
  stage.log(ws.bufferedAmount);
  peer.socket.destroy();
});

oracle('terminate() while compressing: callbacks fail in order, before close', async (stage) => {
  const { peer, ws } = await open(stage);
  const closed = oracle.event(ws, 'close');

  ws.on('close', (code) => stage.log('close', code));
  ws.send('first', (err) => stage.log('first', err));
  ws.ping('', false, (err) => stage.log('ping', err));
  ws.send('second', { compress: false }, (err) => stage.log('second', err));
  ws.terminate();
  await closed;
  await peer.readAll().then((bytes) => stage.log(bytes));
});

oracle('a close frame keeps its place behind compressed messages', async (stage) => {
  const { peer, ws } = await open(stage);

  for (let i = 0; i < 20; i++) ws.send(`message ${i} `.repeat(50));
  ws.close(1001, 'bye');
  await peer.until(() => peer.bytes.includes('bye') || peer.ended);
  stage.log(parseFrames(peer.bytes).map(({ first }) => first));
  peer.write(frame(8, closePayload(1001)));
  stage.log(await oracle.event(ws, 'close'));
});

oracle('frames made by Sender.frame go out as they are', async (stage) => {
  const { peer, ws } = await open(stage);
  const data = deflated('made by hand');
  const list = stage.WebSocket.Sender.frame(data, {
    fin: true,
    rsv1: true,
    opcode: 1,
    mask: false,
    readOnly: true
  });

  await new Promise((resolve) => ws._sender.sendFrame(list, resolve));
  ws.close(1000, 'end');
  await peer.until(() => peer.bytes.includes('end') || peer.ended);
  const [first] = parseFrames(peer.bytes);
  stage.log(first.first, inflated(first.payload));
});
