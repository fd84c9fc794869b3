'use strict';

/** Rooms, namespaces, acknowledgements, broadcasts (frames built once by `Sender.frame`) and attachments. */

const { once } = require('node:events');
const http = require('node:http');
const { Server } = require('socket.io');
const { io } = require('socket.io-client');
const { listen, side } = require('./trace');

const server = http.createServer();
const hub = new Server(server, { transports: ['websocket'], serveClient: false });
const sayServer = side('server');

hub.on('connection', (socket) => {
  const { name } = socket.handshake.auth;
  const { request } = socket;
  sayServer('connection', name, request.headers.upgrade, socket.conn.transport.name);
  socket.join('room');
  socket.on('shout', (text) => hub.to('room').emit('shouted', name, text));
  socket.on('tell others', (text, done) => {
    socket.broadcast.emit('told', name, text);
    done('told');
  });
  socket.on('file', (bytes, info, done) => {
    sayServer('file', Buffer.isBuffer(bytes), bytes.length, info);
    done(Buffer.from(bytes).reverse(), { nested: [new Uint8Array([1])] });
  });
  socket.on('disconnect', (reason) => sayServer('disconnect', name, reason));
});

hub.of('/inner').use((socket, next) => {
  next(socket.handshake.auth.name === 'a' ? undefined : new Error('not you'));
});
hub.of('/inner').on('connection', (socket) => {
  socket.on('count', (n, done) => done(n + 1));
});

/** @param {string} url; @param {string} name; @returns {import('socket.io-client').Socket} connecting */
const connect = (url, name) =>
  io(url, { auth: { name }, forceNew: true, reconnection: false, transports: ['websocket'] });

async function main() {
  const url = `http://127.0.0.1:${await listen(server)}`;
  const a = connect(url, 'a');
  await once(a, 'connect');
  const b = connect(url, 'b');
  await once(b, 'connect');
  for (const [name, socket] of [
    ['a', a],
    ['b', b]
  ]) {
    const say = side(name);
    socket.onAny((...args) => say(...args));
    socket.on('disconnect', (reason) => say('disconnect', reason));
  }
  const say = side('both');

  a.emit('shout', 'to all, ü');
  await Promise.all([once(a, 'shouted'), once(b, 'shouted')]);
  const told = once(b, 'told');
  say(await a.emitWithAck('tell others', 'z'.repeat(200)));
  await told;
  hub.emit('wide', 'w'.repeat(70_000).length, 'w'.repeat(70_000));
  await Promise.all([once(a, 'wide'), once(b, 'wide')]);
  const bytes = new Uint8Array(1000).map((_, i) => i);
  say(
    await new Promise((resolve) => {
      b.emit('file', bytes, { name: 'n' }, (...args) => resolve(args));
    })
  );
  say((await hub.fetchSockets()).length);

  const inner = connect(`${url}/inner`, 'a');
  say('inner', await inner.emitWithAck('count', 1));
  const [err] = await once(connect(`${url}/inner`, 'c'), 'connect_error');
  say('inner', err.message);

  const left = once(b, 'disconnect');
  a.disconnect();
  inner.disconnect();
  const closed = hub.close();
  await Promise.all([left, closed]);
}

main();
