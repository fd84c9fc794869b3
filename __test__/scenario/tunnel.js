'use strict';

const { Duplex } = require('node:stream');

/** A stream such as a proxy or tunnel library hands out: a Duplex without a handle or a descriptor. */
class Tunnel extends Duplex {
  /** @param {import('node:net').Socket} socket what the bytes really go through */
  constructor(socket) {
    super({ allowHalfOpen: true });
    this.inner = socket;
    socket.on('data', (chunk) => this.push(chunk) || socket.pause());
    socket.on('end', () => this.push(null));
    socket.on('error', (err) => this.destroy(err));
    socket.on('close', () => this.destroy());
  }

  _read() {
    this.inner.resume();
  }

  _write(chunk, encoding, callback) {
    this.inner.write(chunk, encoding, callback);
  }

  _final(callback) {
    this.inner.end(callback);
  }

  _destroy(err, callback) {
    this.inner.destroy();
    callback(err);
  }
}

module.exports = { Tunnel };
