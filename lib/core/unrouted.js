'use strict';

/** What a client gets whose path nobody has registered: the bytes of ws-multipath. */
const UNROUTED =
  'HTTP/1.0 400 Bad Request\r\n' +
  'Connection: close\r\n' +
  'Content-Type: text/html\r\n' +
  'Content-Length: 11\r\n' +
  '\r\n' +
  'Bad Request';

/**
 * Refuses an upgrade request that the core could not refuse itself.
 *
 * @param {import('node:stream').Duplex} socket Destroyed when this returns
 */
function refuseUnrouted(socket) {
  if (socket.writable) socket.write(UNROUTED);
  socket.destroy();
}

module.exports = { refuseUnrouted };
