'use strict';

// Rows of docs/features.md that have no test elsewhere: what a handler, and a connection of one, does as with ws itself.

const { EventEmitter, once } = require('node:events');
const http = require('node:http');

const { closePayload, frame, RawPeer } = require('../ws/raw-peer');
const { Tunnel } = require('../scenario/tunnel');
const compare = require('./compare');
const rows = require('./connection-rows');

/** @returns {object} The module of WebSockets that belongs to the implementation */
const wsOf = ({ MultipathServer }) =>
  MultipathServer === require('ws-multipath') ? require('ws') : require('../../lib/ws');

/** @returns {function(object=, object=): Promise<object>} Opens a connection of a handler with these options */
const opener = (stage) => async (options, change) => {
  const handler = stage.handler(await stage.serve(), { path: '/a', ...options });
  const connected = once(handler, 'connection');
  const peer = await stage.peer();

  await peer.upgrade({ target: '/a', ...change });
  return { peer, ws: (await connected)[0] };
};

/** Declares a test of a scenario of connections. */
const row = (name, scenario) => compare(name, (stage) => scenario(stage, opener(stage)));

compare('what is significant in a path', async (stage) => {
  const server = await stage.serve();

  for (const path of ['/foo', '/Foo', '/foo%2f']) {
    stage.handler(server, { path }).on('connection', () => stage.log('handler', path));
  }
  server.on('unhandled', () => {});
  for (const target of ['/foo', '/foo?x', '/Foo', '/foo/', '//foo', '/FOO', '/foo%2f', '/foo%2F']) {
    stage.log(target, (await stage.ask({ target })).slice(0, 12));
  }
});

compare('a fragment or an absolute target on a known path', async (stage) => {
  const server = await stage.serve();

  stage.handler(server, { path: '/foo' }).on('connection', () => stage.log('connection'));
  server.on('unhandled', () => stage.log('unhandled'));
  for (const target of ['/foo#x', 'http://h/foo']) stage.log(await stage.ask({ target }));
});

compare('version 8, and the first subprotocol', async (stage) => {
  const handler = stage.handler(await stage.serve(), { path: '/a' });

  handler.on('connection', (ws) => stage.log(ws.protocol, ws.extensions));
  for (const headers of [
    { 'Sec-WebSocket-Version': '8' },
    { 'Sec-WebSocket-Protocol': 'x, y' },
    { 'Sec-WebSocket-Extensions': 'permessage-deflate' }
  ]) {
    stage.log(await stage.ask({ target: '/a', headers }));
  }
});

compare('handleProtocols', async (stage) => {
  for (const choice of ['b', false, 'other']) {
    stage.handler(await stage.serve(), {
      path: '/a',
      handleProtocols(protocols, request) {
        stage.log(protocols instanceof Set, [...protocols], request.url);
        return choice;
      }
    });
    for (const offer of [undefined, 'a, b']) {
      stage.log(await stage.ask({ target: '/a', headers: { 'Sec-WebSocket-Protocol': offer } }));
    }
  }
});

compare('verifyClient, asynchronous, with code, text and headers', async (stage) => {
  for (const [code, text, headers] of [
    [],
    [403],
    [404, 'not here'],
    [429, 'slowly', { 'Retry-After': '1' }]
  ]) {
    stage.handler(await stage.serve(), {
      path: '/a',
      verifyClient(info, cb) {
        stage.log(info.origin, info.secure, info.req.url);
        setImmediate(cb, code === undefined, code, text, headers);
      }
    });
    stage.log(await stage.ask({ target: '/a', headers: { Origin: 'http://o' } }));
  }
});

compare('a listener of headers may change them', async (stage) => {
  const handler = stage.handler(await stage.serve(), { path: '/a' });

  handler.on('headers', (lines) => lines.push('X-More: yes'));
  stage.log(await stage.ask({ target: '/a' }));
});

compare('wsClientError in place of an answer', async (stage) => {
  const handler = stage.handler(await stage.serve(), { path: '/a' });

  handler.on('wsClientError', (err, socket, request) => {
    stage.log(err, request.url, socket === request.socket);
    socket.end('HTTP/1.1 499 Mine\r\nConnection: close\r\n\r\n');
  });
  for (const change of [{ method: 'POST' }, { headers: { 'Sec-WebSocket-Key': 'short' } }]) {
    stage.log(await stage.ask({ target: '/a', ...change }));
  }
  // A path that is another's is none of these errors.
  stage.log(await stage.ask({ target: '/a#x' }));
});

compare('handleUpgrade() of a handler, twice on one socket', async (stage) => {
  const handler = stage.handler(await stage.serve(), { path: '/a' });
  const front = http.createServer().listen(0, '127.0.0.1');

  await once(front, 'listening');
  stage.after(() => front.close());
  handler.on('connection', () => stage.log('connection'));
  const upgraded = new Promise((resolve) => {
    front.on('upgrade', (request, socket, head) => {
      handler.handleUpgrade(request, socket, head, (ws, ...rest) => {
        stage.log(rest[0] === request, handler.clients.has(ws));
      });
      try {
        handler.handleUpgrade(request, socket, head, () => stage.log('again'));
      } catch (err) {
        resolve(stage.log(err));
      }
    });
  });
  const peer = await RawPeer.connect(front.address().port);
  stage.after(() => peer.socket.destroy());
  stage.log(await peer.upgrade({ target: '/a' }));
  await upgraded;
});

compare('handleUpgrade() of a handler with a Duplex', async (stage) => {
  const handler = stage.handler(await stage.serve(), { path: '/a' });
  const front = http.createServer().listen(0, '127.0.0.1');

  await once(front, 'listening');
  stage.after(() => front.close());
  front.on('upgrade', (request, socket, head) => {
    handler.handleUpgrade(request, new Tunnel(socket), head, (ws) => {
      ws.on('message', (data, binary) => ws.send(data, { binary }));
    });
  });
  const peer = await RawPeer.connect(front.address().port);
  stage.after(() => peer.socket.destroy());
  stage.log(await peer.upgrade({ target: '/a' }));
  peer.write(frame(1, 'echo'), frame(8, closePayload(1000)));
  stage.log(await peer.readAll());
});

compare('shouldHandle() of a handler', async (stage) => {
  const handler = stage.handler(await stage.serve(), { path: '/a' });

  handler.shouldHandle = (request) => request.url.endsWith('yes');
  for (const target of ['/a?yes', '/a?no']) stage.log(await stage.ask({ target }));
});

compare('a client that has gone before it is accepted', async (stage) => {
  const events = new EventEmitter();
  const handler = stage.handler(await stage.serve(), {
    path: '/a',
    verifyClient: ({ req }, cb) => events.emit('verify', req, cb)
  });
  const verifying = once(events, 'verify');
  const peer = await stage.peer();

  handler.on('connection', () => stage.log('connection'));
  peer.write('GET /a HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n');
  peer.write('Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n');
  const [request, cb] = await verifying;
  const { socket } = request;
  const gone = new Promise((resolve) => socket.once('close', resolve));
  peer.socket.destroy();
  // Node notices a peer's end while it waits only if somebody reads; the end of our side shows in both.
  socket.destroy();
  await gone;
  cb(true);
  stage.log(socket.destroyed, handler.clients.size);
});

compare('send() before it is open', async (stage) => {
  const { WebSocket } = wsOf(stage);
  class Eager extends WebSocket {
    constructor(...args) {
      super(...args);
      for (const method of ['send', 'ping', 'pong']) {
        try {
          this[method]('early', () => stage.log('callback'));
        } catch (err) {
          stage.log(method, err);
        }
      }
    }
  }
  const { ws } = await opener(stage)({ WebSocket: Eager });
  stage.log(ws instanceof Eager, ws.readyState);
});

compare('createWebSocketStream()', async (stage) => {
  const { peer, ws } = await opener(stage)();
  const stream = wsOf(stage).createWebSocketStream(ws, { encoding: 'utf8' });
  const closed = once(stream, 'close');

  stream.write('hello');
  stage.log(await peer.read(7));
  peer.write(frame(1, 'one '), frame(1, 'two'), frame(8, closePayload(1000)));
  let text = '';
  for await (const chunk of stream) text += chunk;
  stage.log(text);
  stream.end();
  await closed;
  stage.log(stream.destroyed, ws.readyState);
});

row('the types of binary messages', rows.binaryTypes);
row('fragments are put together', rows.fragments);
row('the messages of one packet in one run', rows.oneRun);
row('allowSynchronousEvents: false', rows.serial);
row('pings, pongs and the automatic answer', rows.pings);
row('autoPong: false', rows.noAutoPong);
row('an empty text message', rows.emptyText);
row('a frame without a mask', rows.unmasked);
row('reserved bits', rows.reservedBits);
row('unknown and misplaced op codes', rows.opcodes);
row('control frames that are fragmented or too long', rows.controlFrames);
row('text and reasons that are not UTF-8', rows.invalidText);
row('close codes that may not be sent', rows.closeCodes);
row('maxPayload', rows.payloadLimit);
row('maxFragments', rows.fragmentLimit);
row('maxBufferedChunks', rows.chunkLimit);
row('pause() and resume()', rows.pausing);
row('forms of data', rows.forms);
row('unusual forms of data', rows.otherForms);
row('options of send()', rows.sendOptions);
row('send() that comes too late', rows.tooLate);
row('callbacks of send()', rows.callbacks);
row('pings and pongs of more than 125 bytes', rows.controlSizes);
row('a large message is one frame', rows.oneFrame);
row('bufferedAmount', rows.bufferedAmount);
row('the order of everything that is sent', rows.order);
row('close() and its frame', rows.closing);
row('close() with wrong arguments', rows.badCloses);
row('the peer closes', rows.peerCloses);
row('the peer is gone', rows.lost);
row('closeTimeout', rows.timeLimit);
row('what was sent before close()', rows.flushed);
row('terminate()', rows.terminated);
row('addEventListener()', rows.listeners);
row('removeEventListener()', rows.removal);
row('event objects', rows.events);
