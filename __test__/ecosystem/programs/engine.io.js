'use strict';

/** Two sockets, one by WebSocket from the start and one that is upgraded from polling. */

const { once } = require('node:events');
const http = require('node:http');
const { Server } = require('engine.io');
const { Socket } = require('engine.io-client');
const { listen, side } = require('./trace');

const server = http.createServer();
const engine = new Server({ maxHttpBufferSize: 1e6, pingInterval: 50 });
engine.attach(server);
engine.on('headers', (headers, request) => {
  // An upgrade has a list of lines, a polling response an object.
  if (Array.isArray(headers)) headers.push('X-Seen: yes');
  else headers['X-Seen'] = request.headers['x-sent'] ?? 'no';
});

engine.on('connection', (socket) => {
  const { name } = socket.transport;
  const say = side(`server, ${name}`);
  const sayBeat = side(`server, ${name}, heart`);
  socket.on('upgrade', (transport) => say('upgrade', transport.name));
  socket.on('message', (data) => {
    say('message', data.length > 100 ? data.length : data);
    socket.send(data);
  });
  socket.once('heartbeat', () => sayBeat('heartbeat', socket.transport.name));
  socket.once('close', (reason) => say('close', reason));
  socket.send('first');
});

/**
 * @param {number} port
 * @param {string[]} transports
 * @returns {Promise<void>} when the socket is closed
 */
async function play(port, transports) {
  const say = side(`client, ${transports}`);
  const socket = new Socket(`ws://127.0.0.1:${port}`, {
    transports,
    extraHeaders: { 'X-Sent': transports.join('-') }
  });
  socket.binaryType = 'arraybuffer';
  const ready = transports.length > 1 ? once(socket, 'upgrade') : once(socket, 'open');
  const received = [];
  let enough;
  const all = new Promise((resolve) => {
    enough = resolve;
  });
  socket.on('message', (data) => {
    received.push(data);
    if (received.length === 104) enough();
  });
  socket.once('close', (reason, description) => {
    say('close', reason, description?.context?.code, description?.context?.constructor.name);
  });
  await ready;
  say('ready', socket.transport.name, socket.transport.ws.constructor.name);
  socket.send('text, ü');
  socket.send(new Uint8Array([1, 2, 3]));
  socket.send('x'.repeat(70_000));
  for (let i = 0; i < 100; i++) socket.send(`number ${i}`);
  await all;
  await once(socket, 'ping');
  say(received.slice(0, 3), received[3].length, received.slice(4).join());
  return socket;
}

async function main() {
  const port = await listen(server);
  const alone = await play(port, ['websocket']);
  const upgraded = await play(port, ['polling', 'websocket']);
  const [first] = Object.values(engine.clients);
  alone.close();
  await once(first, 'close');
  await once(upgraded.send('y'.repeat(2e6)), 'close');
  engine.close();
  server.close();
}

main();
