'use strict';

/** Sockets that speak bytes: a client that is not a WebSocket client, and a server that is not one either. */

const { createHash } = require('node:crypto');
const net = require('node:net');
const { describe: describeBytes } = require('../scenario/tap.js');

/** A fixed key (RFC 6455, 1.3), so that answers are the same every time. */
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
/** A good request for `/`, up to its end. */
const REQUEST = `GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n`;

/** After so long without a byte in either direction a connection counts as hanging; in milliseconds. */
const PATIENCE = 10_000;

/** Writes byte by byte, each in a segment of its own as far as the kernel lets it. */
const drip = async (socket, bytes) => {
  socket.setNoDelay(true);
  for (let i = 0; i < bytes.length && socket.writable; i++) {
    socket.write(bytes.subarray(i, i + 1));
    await new Promise(setImmediate);
  }
};

/** Whether the bytes end with a complete close frame of a server; the head is skipped. */
const hasCloseFrame = (bytes) => {
  let at = bytes.indexOf('\r\n\r\n') + 4;
  while (at + 2 <= bytes.length) {
    const short = bytes[at + 1] & 0x7f;
    const length =
      short < 126
        ? short
        : short === 126
          ? bytes.readUInt16BE(at + 2)
          : Number(bytes.readBigUInt64BE(at + 2));
    const next = at + (short < 126 ? 2 : short === 126 ? 4 : 10) + length;
    if ((bytes[at] & 0x0f) === 8 && next <= bytes.length) return true;
    at = next;
  }
  return false;
};

/**
 * Opens a connection, sends bytes, and keeps what comes back until the other side ends it.
 * @param {number} port on 127.0.0.1
 * @param {Buffer[]} pieces written one after the other, each when the one before was answered by something or `pace`
 * @param {object} [options]
 * @param {boolean} [options.slowly] byte by byte
 * @param {(bytes: Buffer) => boolean} [options.enough] when to send FIN; default: a close frame came
 * @returns {Promise<{lines: string[], ended: string}>} the answer as in scenario/tap.js, and FIN or the error's code
 */
const talk = (port, pieces, { slowly = false, enough = hasCloseFrame } = {}) =>
  new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.setTimeout(PATIENCE, () =>
      socket.destroy(Object.assign(new Error('silence'), { code: 'silence' }))
    );
    let bytes = Buffer.alloc(0);
    let ended = 'nothing';
    let finished = false;
    const finish = () => {
      if (!finished) socket.end();
      finished = true;
    };
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (enough(bytes)) finish();
    });
    socket.on('end', () => {
      ended = 'FIN';
      finish();
    });
    socket.on('error', (err) => (ended = err.code));
    socket.on('close', () =>
      resolve({ lines: bytes.length > 0 ? describeBytes(bytes) : [], bytes, ended })
    );
    socket.on('connect', async () => {
      for (const piece of pieces) {
        if (slowly) await drip(socket, piece);
        else socket.write(piece);
      }
    });
  });

/**
 * A server that answers any request with a good 101 and then sends the given bytes, once.
 * @param {Buffer} bytes what follows the head
 * @param {object} [options] `slowly`: byte by byte; `end`: FIN after the bytes
 * It takes one connection and no other.
 * @returns {Promise<object>} `{ url, heard }`; `heard` resolves to the client's frames and how it ended
 */
const misbehavingServer = (bytes, { slowly = false, end = false } = {}) =>
  new Promise((resolve) => {
    let hear;
    const heard = new Promise((done) => (hear = done));
    const server = net.createServer({ allowHalfOpen: true }, (socket) => {
      socket.setTimeout(PATIENCE, () =>
        socket.destroy(Object.assign(new Error('silence'), { code: 'silence' }))
      );
      let received = Buffer.alloc(0);
      let upgraded = false;
      let ended = 'nothing';
      socket.on('data', async (chunk) => {
        received = Buffer.concat([received, chunk]);
        if (upgraded || !received.includes('\r\n\r\n')) return;
        upgraded = true;
        const key = /sec-websocket-key: (.*)\r\n/i.exec(received.toString('latin1'))[1];
        const accept = createHash('sha1')
          .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
          .digest('base64');
        const head = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
        if (slowly) {
          socket.write(head);
          await drip(socket, bytes);
        } else {
          socket.write(Buffer.concat([Buffer.from(head), bytes]));
        }
        if (end) socket.end();
      });
      socket.on('end', () => {
        ended = 'FIN';
        socket.end();
      });
      socket.on('error', (err) => (ended = err.code));
      server.close();
      socket.on('close', () => hear({ lines: describeBytes(received).slice(1), ended }));
    });
    server.listen(0, '127.0.0.1', () => {
      resolve({ url: `ws://127.0.0.1:${server.address().port}`, heard });
    });
  });

module.exports = { KEY, REQUEST, hasCloseFrame, misbehavingServer, talk };
