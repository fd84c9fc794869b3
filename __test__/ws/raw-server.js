'use strict';

/** A server made of a bare TCP listener, for what a client sends and what it may be told. */

const { createHash } = require('node:crypto');
const { once } = require('node:events');
const net = require('node:net');
const tls = require('node:tls');

const { RawPeer } = require('./raw-peer');

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/**
 * @param {string} head a request
 * @returns {string} what Sec-WebSocket-Accept must be
 */
function acceptFor(head) {
  const [, key] = /sec-websocket-key: (.+)\r\n/i.exec(head);
  return createHash('sha1')
    .update(key + GUID)
    .digest('base64');
}

/**
 * @param {string} head a request
 * @param {object} [headers] to add, to replace or (undefined) to leave out
 * @returns {string} the head of a 101
 */
function accepted(head, headers = {}) {
  const all = {
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Accept': acceptFor(head),
    ...headers
  };
  const lines = Object.entries(all)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}\r\n`);

  return `HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`;
}

/**
 * Listens, and hands each connection with its request to a function.
 *
 * @param {import('./oracle').Stage} stage `stage.port` becomes the port
 * @param {(peer: RawPeer, head: string) => any} onRequest called for each connection
 * @param {object} [options] `path`: a Unix socket; `secure`: options of a TLS server
 * @returns {Promise<net.Server>} listening
 */
async function rawServer(stage, onRequest, { path, secure } = {}) {
  const sockets = new Set();
  const onSocket = async (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    const peer = new RawPeer(socket);
    onRequest(peer, await peer.readHead());
  };
  const server = secure
    ? tls.createServer({ allowHalfOpen: true, ...secure }, onSocket)
    : net.createServer({ allowHalfOpen: true }, onSocket);

  if (path) server.listen(path);
  else server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stage.port = path ?? server.address().port;
  stage.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return server;
}

module.exports = { accepted, acceptFor, rawServer };
