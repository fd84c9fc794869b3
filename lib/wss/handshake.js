'use strict';

const { STATUS_CODES } = require('node:http');
const url = require('node:url');

/**
 * The opening handshake as `ws` 2.x checks and refuses it: one status for every fault, keys and
 * subprotocol lists taken as they are.
 *
 * @module lib/wss/handshake
 */

const VERSIONS = [8, 13];

/**
 * @param {import('node:http').IncomingMessage} request
 * @returns {boolean} Whether it asks for a WebSocket; the path is not looked at
 */
function isHandshake({ method, headers }) {
  return (
    method === 'GET' &&
    headers.upgrade !== undefined &&
    headers.upgrade.toLowerCase() === 'websocket' &&
    Boolean(headers['sec-websocket-key']) &&
    VERSIONS.includes(versionOf({ headers }))
  );
}

/**
 * @param {import('node:http').IncomingMessage} request
 * @returns {number} The protocol version, NaN if there is none
 */
function versionOf({ headers }) {
  return Number(headers['sec-websocket-version']);
}

/**
 * @param {import('node:http').IncomingMessage} request
 * @returns {string[]} The subprotocols offered; one empty string if there are none
 */
function offeredProtocols({ headers }) {
  return (headers['sec-websocket-protocol'] || '').split(/, */);
}

/**
 * @param {import('node:http').IncomingMessage} request
 * @returns {string|null} Its path as Node's legacy URL parser sees it
 */
function pathnameOf(request) {
  return url.parse(request.url).pathname;
}

/**
 * Refuses a request.
 *
 * @param {import('node:stream').Duplex} socket Destroyed when the answer was written
 * @param {number} status
 * @param {string} [message] The body; the status text without it
 */
function refuse(socket, status, message) {
  const text = STATUS_CODES[status];
  const body = message || text;

  if (!socket.writable) {
    socket.destroy();
    return;
  }

  socket.once('finish', socket.destroy);
  socket.end(
    `HTTP/1.1 ${status} ${text}\r\n` +
      'Connection: close\r\n' +
      'Content-type: text/html\r\n' +
      `Content-Length: ${Buffer.byteLength(body)}\r\n` +
      '\r\n' +
      body
  );
}

module.exports = { isHandshake, offeredProtocols, pathnameOf, refuse, versionOf };
