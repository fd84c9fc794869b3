'use strict';

/**
 * The ways in which a connection comes about, each a different road through the core. Servers are
 * kept between programs, by implementation, road and options.
 */

const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');

const { asDuplex } = require('../ws/oracle');
const { RawPeer } = require('../ws/raw-peer');
const { accepted } = require('../ws/raw-server');
const { Peer } = require('./peer');

const cleanups = [];
const servers = new Map();
const names = new Map();

/** @returns {string} a name for an implementation, for keys */
function nameOf(WebSocket) {
  if (!names.has(WebSocket)) names.set(WebSocket, `implementation ${names.size}`);
  return names.get(WebSocket);
}

/** @returns {Promise<{port: number, wss: object}>} a server for the road, kept */
function serverFor(WebSocket, road, options) {
  const key = JSON.stringify([nameOf(WebSocket), road, options]);
  let server = servers.get(key);
  if (server === undefined) {
    server = startServer(WebSocket, road, options);
    servers.set(key, server);
  }
  return server;
}

async function startServer({ WebSocketServer }, road, options) {
  if (road === 'port') {
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
    await once(wss, 'listening');
    cleanups.push(() => wss.close());
    return { port: wss.address().port, wss };
  }

  const server = http.createServer();
  const attached = road === 'server' ? { server } : { noServer: true };
  const wss = new WebSocketServer({ ...attached, ...options });
  if (road === 'duplex') {
    server.on('upgrade', (request, socket, head) => {
      wss.handleUpgrade(request, streamOver(socket), head, (ws) => {
        wss.emit('connection', ws, request);
      });
    });
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: server.address().port, wss };
}

/** A stream without a descriptor that takes everything at once: what is lost does not depend on ticks. */
function streamOver(socket) {
  socket.setNoDelay();
  return Object.assign(asDuplex(socket), {
    _write(chunk, encoding, callback) {
      socket.write(chunk);
      callback();
    },
    _writev(chunks, callback) {
      socket.write(Buffer.concat(chunks.map(({ chunk }) => chunk)));
      callback();
    }
  });
}

let listener = null;
/** Who waits for the connection of a client, by the path that it asks for. */
const expected = new Map();
let paths = 0;

/** @returns {Promise<net.Server>} what clients connect to */
async function rawListener() {
  if (listener !== null) return listener;
  listener = net.createServer({ allowHalfOpen: true }, async (socket) => {
    socket.setNoDelay();
    const raw = new RawPeer(socket);
    const head = await raw.readHead();
    expected.get(head.split(' ')[1])(socket, head);
  });
  listener.listen(0, '127.0.0.1');
  cleanups.push(() => listener.close());
  await once(listener, 'listening');
  return listener;
}

/** Takes the listeners of `RawPeer` away: the rest is read by `Peer`. */
function asPeer(socket, head) {
  for (const event of ['data', 'end', 'error', 'close']) socket.removeAllListeners(event);
  return new Peer(socket, head);
}

async function connectClient(WebSocket, road, options) {
  const { port } = (await rawListener()).address();
  const path = `/${++paths}`;
  const arrived = new Promise((resolve) => {
    expected.set(path, (socket, head) => resolve([socket, head]));
  });
  const ws = new WebSocket(`ws://127.0.0.1:${port}${path}`, {
    ...options,
    perMessageDeflate: false,
    ...(road === 'client-duplex' && {
      createConnection: () =>
        streamOver(net.connect({ port, host: '127.0.0.1', allowHalfOpen: true }))
    })
  });
  ws.on('error', () => {});
  const [socket, head] = await arrived;
  expected.delete(path);
  const opened = once(ws, 'open');
  socket.write(accepted(head));
  await opened;
  return { peer: asPeer(socket), ws };
}

/**
 * @param {Function} WebSocket the implementation
 * @param {string} road see `ROADS` in `generator.js`
 * @param {object} options of the WebSocket
 * @returns {Promise<{peer: Peer, ws: object}>} both ends of an open connection
 */
async function connect(WebSocket, road, options) {
  if (road.startsWith('client')) return connectClient(WebSocket, road, options);

  const { port, wss } = await serverFor(WebSocket, road, options);
  const raw = await RawPeer.connect(port, { noDelay: true });
  const connected = new Promise((resolve) => {
    // Several programs may run at the same time.
    const onConnection = (ws, request) => {
      if (request.headers['x-port'] !== String(raw.socket.localPort)) return;
      wss.removeListener('connection', onConnection);
      resolve(ws);
    };
    wss.on('connection', onConnection);
  });
  await raw.upgrade({ headers: { 'X-Port': String(raw.socket.localPort) } });
  const ws = await connected;
  ws.on('error', () => {});
  return { peer: asPeer(raw.socket, raw.bytes), ws };
}

/** Closes everything that was kept. */
function closeAll() {
  for (const cleanup of cleanups.splice(0)) cleanup();
  servers.clear();
  listener = null;
}

module.exports = { closeAll, connect };
