'use strict';

// Rows of docs/features.md that have no test elsewhere: the server and its connections beside the original.

const assert = require('node:assert');
const { EventEmitter, once } = require('node:events');
const http = require('node:http');
const { test } = require('node:test');

const wss = require('../../lib/wss');
const { Tunnel } = require('../scenario/tunnel');
const { closePayload, frame, parseFrames, RawPeer, requestHead } = require('../ws/raw-peer');
const rows = require('../ws-multipath/connection-rows');
const compare = require('./compare');

/** Declares a test of a scenario of connections. */
const row = (name, scenario) =>
  compare(name, (stage) =>
    scenario(stage, async (options, change) => stage.open(await stage.serve(options), change))
  );

/** Declares a test in which the peer breaks a rule; the original closes when the peer has hung up. */
const violation = (name, options, ...lists) =>
  compare(name, async (stage) => {
    for (const frames of lists) {
      const { peer, ws } = await stage.open(await stage.serve(options));
      const failed = new Promise((resolve) => ws.on('error', resolve));
      const closed = compare.event(ws, 'close');

      peer.write(...frames);
      stage.log((await failed) instanceof Error);
      stage.log(await peer.read(4));
      peer.socket.end();
      stage.log((await closed)[0]);
    }
  });

compare('several of port, server and noServer', async (stage) => {
  const beneath = http.createServer();

  for (const options of [
    { port: 0, host: '127.0.0.1', server: beneath, noServer: true },
    { server: beneath, noServer: true }
  ]) {
    const server = new stage.wss(options);

    stage.end(server);
    stage.log(server._server === beneath, beneath.listenerCount('upgrade'));
    if (options.port === 0) await once(server, 'listening');
  }
});

compare('data in the packet of the request', async (stage) => {
  const { server, port } = await stage.serve();
  const closed = new Promise((resolve) => {
    server.on('connection', (ws) => {
      ws.on('message', (...args) => stage.log(args));
      ws.on('close', (...args) => resolve(stage.log(args)));
    });
  });
  const peer = await stage.peer(port);

  await peer.upgrade({}, Buffer.concat([frame(1, 'one'), frame(8, closePayload(1000, 'two'))]));
  await peer.readAll();
  peer.socket.end();
  await closed;
});

compare('shouldHandle()', async (stage) => {
  const { server, port } = await stage.serve();

  server.shouldHandle = ({ url }) => url === '/yes';
  for (const target of ['/yes', '/no']) stage.log(await stage.ask(port, { target }));
});

compare('a client that has gone before it is accepted', async (stage) => {
  const events = new EventEmitter();
  const { server, port } = await stage.serve({
    verifyClient: ({ req }, cb) => events.emit('verify', req, cb)
  });
  const verifying = once(events, 'verify');
  const peer = await stage.peer(port);

  server.on('connection', () => stage.log('connection'));
  peer.write(requestHead());
  const [request, cb] = await verifying;
  const gone = once(request.socket, 'close');
  // Nobody reads meanwhile, so the peer's end would show later in the one than in the other.
  request.socket.destroy();
  await gone;
  cb(true);
  stage.log(request.socket.destroyed, server.clients.size);
});

compare('a large message is one frame', async (stage) => {
  const { peer, ws } = await stage.open(await stage.serve());
  const text = 'x'.repeat(300_000);

  ws.send(text);
  ws.close();
  peer.write(frame(8, closePayload(1000)));
  const [large, ...rest] = parseFrames(await peer.readAll());
  stage.log(large.first, large.payload === text, rest);
});

compare('close() with a code that may not be sent', async (stage) => {
  for (const code of [999, 1004, 5000]) {
    const { ws } = await stage.open(await stage.serve());

    try {
      ws.close(code);
      stage.log('fine');
    } catch (err) {
      stage.log(err instanceof Error);
    }
  }
});

compare('a peer that is gone', async (stage) => {
  for (const end of ['end', 'resetAndDestroy']) {
    const { peer, ws } = await stage.open(await stage.serve());
    const closed = compare.event(ws, 'close');

    ws.on('error', () => {});
    peer.socket[end]();
    stage.log(await closed, ws.readyState);
  }
});

compare('the limit of the closing handshake', async (stage) => {
  const { peer, ws } = await stage.open(await stage.serve());

  ws.close();
  await peer.read(4);
  // The original begins to wait when the frame is written.
  await new Promise(setImmediate);
  stage.log(ws._closeTimer._idleTimeout);
});

compare('an array-like and an ArrayBuffer', async (stage) => {
  const { peer, ws } = await stage.open(await stage.serve());

  ws.send([65, 66]);
  ws.send(Uint8Array.of(67, 68).buffer);
  ws.send('without compression', { compress: false });
  ws.close();
  peer.write(frame(8, closePayload(1000)));
  stage.log(parseFrames(await peer.readAll()));
});

violation('reserved bits', {}, [frame(1, 'a', { rsv: 4 })], [frame(1, 'a', { rsv: 2 })]);
violation('unknown and misplaced op codes', {}, [frame(11, '')], [frame(0, 'a')]);
violation('control frames that are too long', {}, [frame(9, Buffer.alloc(126))]);
violation(
  'maxPayload',
  { maxPayload: 5 },
  [frame(1, '123456')],
  [frame(2, '123', { fin: false }), frame(0, '456')]
);

row('the messages of one packet in one run', rows.oneRun);
row('bufferedAmount', rows.bufferedAmount);
row('what was sent before close()', async (stage, open) => {
  const { peer, ws } = await open();
  const size = 4 * 1024 * 1024;

  ws.send(Buffer.alloc(size, 'x'));
  ws.send('last');
  ws.close();
  peer.write(frame(8, closePayload(1000)));
  const [large, ...rest] = parseFrames(await peer.readAll());
  stage.log(large.payload === 'x'.repeat(size), rest);
});
row('removeEventListener()', async (stage, open) => {
  const { peer, ws } = await open();
  const seen = [];
  const kept = ({ data }) => seen.push(data);
  const gone = () => seen.push('gone');

  for (const listener of [kept, gone]) ws.addEventListener('message', listener);
  ws.removeEventListener('message', gone);
  const got = once(ws, 'pong');
  peer.write(frame(1, 'a'), frame(10, ''));
  await got;
  stage.log(seen, ws.listenerCount('message'));
});

test('maxPayload is 100 MiB', async (t) => {
  const server = wss.createServer((ws) => ws.on('error', () => {})).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const peer = await RawPeer.connect(server.address().port);

  await peer.upgrade({}, frame(2, '', { announce: 100 * 1024 * 1024 + 1 }));
  assert.deepStrictEqual(parseFrames(await peer.readAll()).at(0).payload, '\x03\xf1');
});

test('text that is not UTF-8, which the original finds with utf-8-validate only', async (t) => {
  const server = wss.createServer((ws) => ws.on('error', () => {})).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const peer = await RawPeer.connect(server.address().port);

  await peer.upgrade({}, frame(1, Buffer.from([0x61, 0xff])));
  assert.deepStrictEqual(parseFrames(await peer.readAll()).at(0).payload, '\x03\xef');
});

test('handleUpgrade() with a Duplex, which the original cannot do', async (t) => {
  const front = http.createServer().listen(0, '127.0.0.1');
  const server = new wss({ noServer: true });

  await once(front, 'listening');
  t.after(() => front.close());
  front.on('upgrade', (request, socket, head) => {
    server.handleUpgrade(request, new Tunnel(socket), head, (ws) => {
      ws.on('message', (data) => ws.send(data));
    });
  });
  const peer = await RawPeer.connect(front.address().port);
  assert.match(await peer.upgrade(), /^HTTP\/1\.1 101 /);
  peer.write(frame(1, 'echo'), frame(8, closePayload(1000)));
  const payloads = parseFrames(await peer.readAll()).map(({ payload }) => payload);
  assert.deepStrictEqual(payloads, ['echo', '\x03\xe8']);
});
