'use strict';

/**
 * The server's half of the opening handshake (RFC 6455, 4.2): what a request must look like and
 * the bytes of every answer. Pure functions over a request object and a socket, so that a native
 * socket, a socket of Node and any Duplex get the same treatment.
 *
 * @module lib/core/handshake
 */

const crypto = require('node:crypto');
const { STATUS_CODES } = require('node:http');

/** RFC 6455, 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** The base64 form of 16 bytes. */
const KEY = /^[+/0-9A-Za-z]{22}==$/;

const VERSION_HEADER = Object.freeze({ 'Sec-WebSocket-Version': '13, 8' });

/**
 * A reason to refuse a request.
 *
 * @typedef {object} Refusal
 * @property {number} status HTTP status
 * @property {string} message the body, and the message of the `'wsClientError'` error
 * @property {object} [headers] header lines after the three default ones
 */

const METHOD = refusalOf(405, 'Invalid HTTP method');
const UPGRADE = refusalOf(400, 'Invalid Upgrade header');
const BAD_KEY = refusalOf(400, 'Missing or invalid Sec-WebSocket-Key header');
const BAD_VERSION = refusalOf(
  400,
  'Missing or invalid Sec-WebSocket-Version header',
  VERSION_HEADER
);

/** The subprotocol header is no list of distinct tokens (RFC 6455, 11.3.4). */
const BAD_SUBPROTOCOL = refusalOf(400, 'Invalid Sec-WebSocket-Protocol header');

/** The extension header does not parse, or no offer in it can be accepted. */
const BAD_EXTENSIONS = refusalOf(400, 'Invalid or unacceptable Sec-WebSocket-Extensions header');

/**
 * Checks what every server checks first, in the order of `ws`: method, Upgrade, key, version.
 *
 * @param {{method: string, headers: object}} request an `http.IncomingMessage` or its like
 * @returns {Refusal | null} the first failure, `null` if there is none
 */
function checkRequest(request) {
  const { headers } = request;

  if (request.method !== 'GET') return METHOD;

  const { upgrade } = headers;
  if (upgrade === undefined || upgrade.toLowerCase() !== 'websocket') return UPGRADE;

  const key = headers['sec-websocket-key'];
  if (key === undefined || !KEY.test(key)) return BAD_KEY;

  const version = requestVersion(request);
  if (version !== 13 && version !== 8) return BAD_VERSION;

  return null;
}

/**
 * @param {{headers: object}} request the request
 * @returns {number} the protocol version, read as a number as `ws` does ("13.0" is 13);
 *     `NaN` if it is none
 */
function requestVersion(request) {
  return +request.headers['sec-websocket-version'];
}

/**
 * The answer to a key (RFC 6455, 4.2.2, step 5.4).
 *
 * @param {string} key the value of Sec-WebSocket-Key
 * @returns {string} the value of Sec-WebSocket-Accept
 */
const acceptKey =
  typeof crypto.hash === 'function'
    ? (key) => crypto.hash('sha1', key + GUID, 'base64')
    : (key) =>
        crypto
          .createHash('sha1')
          .update(key + GUID)
          .digest('base64');

/**
 * The first lines of the answer to an accepted request; the caller adds its own.
 *
 * @param {string} key the value of Sec-WebSocket-Key
 * @returns {string[]} lines without line ends, for the `'headers'` event
 */
function switchingProtocols(key) {
  return [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptKey(key)}`
  ];
}

/**
 * @param {string[]} lines the lines of a response head
 * @returns {string} the head as it goes on the wire
 */
function joinHead(lines) {
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/**
 * Composes the answer to a refused request.
 *
 * @param {number} status HTTP status
 * @param {string} [message] the body; the status text if empty
 * @param {object} [headers] more headers; they replace default ones of the same spelling
 * @returns {string} the whole response
 * @throws {TypeError} if the status is unknown and there is no message
 */
function refusal(status, message, headers) {
  const body = message || STATUS_CODES[status];
  const fields = {
    Connection: 'close',
    'Content-Type': 'text/html',
    'Content-Length': Buffer.byteLength(body),
    ...headers
  };
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`];

  for (const name of Object.keys(fields)) lines.push(`${name}: ${fields[name]}`);

  return joinHead(lines) + body;
}

/**
 * Refuses a request: answers, ends the socket, and destroys it once the answer was written.
 *
 * @param {import('node:stream').Duplex} socket the socket of the request
 * @param {number} status HTTP status
 * @param {string} [message] the body; the status text if empty
 * @param {object} [headers] more headers
 * @throws {TypeError} as {@link refusal}
 */
function refuse(socket, status, message, headers) {
  const response = refusal(status, message, headers);

  socket.once('finish', socket.destroy);
  socket.end(response);
}

/**
 * @param {number} status HTTP status
 * @param {string} message body
 * @param {object} [headers] more headers
 * @returns {Refusal} the value, shared and frozen
 */
function refusalOf(status, message, headers) {
  return Object.freeze({ status, message, headers });
}

module.exports = {
  BAD_EXTENSIONS,
  BAD_SUBPROTOCOL,
  GUID,
  acceptKey,
  checkRequest,
  joinHead,
  refusal,
  refuse,
  requestVersion,
  switchingProtocols
};
