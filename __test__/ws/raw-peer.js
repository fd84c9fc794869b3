'use strict';

/**
 * A peer made of a bare TCP socket: what it sends is exactly what the test says, and what it gets
 * is kept byte by byte.
 */

const { once } = require('node:events');
const net = require('node:net');

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/** The request of RFC 6455, 1.2. */
const REQUEST = {
  method: 'GET',
  target: '/',
  version: 'HTTP/1.1',
  headers: {
    Host: 'localhost',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': KEY,
    'Sec-WebSocket-Version': '13'
  }
};

/**
 * @param {object} [change] parts of `REQUEST` to replace; a header `undefined` is left out
 * @returns {string} the head of a request
 */
function requestHead(change = {}) {
  const { method, target, version, headers } = {
    ...REQUEST,
    ...change,
    headers: { ...REQUEST.headers, ...change.headers }
  };
  const lines = Object.entries(headers)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}\r\n`);

  return `${method} ${target} ${version}\r\n${lines.join('')}\r\n`;
}

/**
 * @param {number} opcode op code
 * @param {Buffer | string} [payload] payload
 * @param {object} [options]
 * @param {boolean} [options.fin=true] FIN bit
 * @param {number} [options.rsv=0] RSV bits, 0 to 7
 * @param {boolean} [options.mask=true] whether to mask (key 01 02 03 04)
 * @param {number} [options.announce] payload length to write in the header instead of the real one
 * @param {number} [options.lengthForm] 7, 16 or 64 bits for the length; minimal without it
 * @returns {Buffer} the frame
 */
function frame(opcode, payload = '', options = {}) {
  const { fin = true, rsv = 0, mask = true } = options;
  const body = Buffer.from(payload);
  const length = options.announce ?? body.length;
  const form = options.lengthForm ?? (length > 65535 ? 64 : length > 125 ? 16 : 7);
  const maskBit = mask ? 0x80 : 0;
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  const head = [Buffer.from([first, maskBit | (form === 7 ? length : form === 16 ? 126 : 127)])];

  if (form === 16) {
    const extended = Buffer.alloc(2);
    extended.writeUInt16BE(length);
    head.push(extended);
  } else if (form === 64) {
    const extended = Buffer.alloc(8);
    extended.writeBigUInt64BE(BigInt(length));
    head.push(extended);
  }

  if (mask) {
    head.push(Buffer.from([1, 2, 3, 4]));
    for (let i = 0; i < body.length; i++) body[i] ^= (i & 3) + 1;
  }

  return Buffer.concat([...head, body]);
}

/** @param {number} code @param {string} [reason] @returns {Buffer} payload of a close frame */
function closePayload(code, reason = '') {
  return Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]);
}

/** Splits unmasked or masked frames, as a server or client under test sends them. */
function parseFrames(bytes) {
  const frames = [];

  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at];
    const masked = (bytes[at + 1] & 0x80) !== 0;
    let length = bytes[at + 1] & 0x7f;
    at += 2;

    if (length === 126) {
      length = bytes.readUInt16BE(at);
      at += 2;
    } else if (length === 127) {
      length = Number(bytes.readBigUInt64BE(at));
      at += 8;
    }

    const key = masked ? bytes.subarray(at, at + 4) : Buffer.alloc(4);
    if (masked) at += 4;

    const payload = Buffer.from(bytes.subarray(at, at + length));
    for (let i = 0; i < payload.length; i++) payload[i] ^= key[i & 3];
    at += length;

    frames.push({ first, masked, payload: payload.toString('latin1'), length });
  }

  return frames;
}

class RawPeer {
  #waiting = [];

  /** @param {net.Socket} socket connected */
  constructor(socket) {
    this.socket = socket;
    this.bytes = Buffer.alloc(0);
    this.ended = false;
    /** Whether to keep our side open after the peer's FIN. */
    this.holdOpen = false;
    this.closed = once(socket, 'close');
    socket.on('data', (chunk) => {
      this.bytes = Buffer.concat([this.bytes, chunk]);
      this.#check();
    });
    socket.on('end', () => {
      this.ended = true;
      if (!this.holdOpen) socket.end();
      this.#check();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.ended = true;
      this.#check();
    });
  }

  /** @param {number | string} port @param {object} [options] of net.connect */
  static async connect(port, options = {}) {
    const target = typeof port === 'string' ? { path: port } : { port, host: '127.0.0.1' };
    const socket = net.connect({ ...target, allowHalfOpen: true, ...options });

    await once(socket, 'connect');
    return new RawPeer(socket);
  }

  #check() {
    this.#waiting = this.#waiting.filter(({ ready, done }) => {
      if (!ready()) return true;
      done();
      return false;
    });
  }

  /** @param {() => boolean} ready looked at whenever something came in */
  until(ready) {
    return new Promise((done) => {
      this.#waiting.push({ ready, done });
      this.#check();
    });
  }

  /** @returns {Promise<Buffer>} exactly so many bytes, or what came before the end */
  async read(count) {
    await this.until(() => this.bytes.length >= count || this.ended);
    return this.#cut(count);
  }

  /** @returns {Promise<string>} a response head with its empty line */
  async readHead() {
    const end = () => this.bytes.indexOf('\r\n\r\n');
    await this.until(() => end() !== -1 || this.ended);
    return this.#cut(end() === -1 ? this.bytes.length : end() + 4).toString('latin1');
  }

  /** @returns {Promise<Buffer>} everything up to the end */
  async readAll() {
    await this.until(() => this.ended);
    return this.#cut(this.bytes.length);
  }

  #cut(count) {
    const cut = this.bytes.subarray(0, count);
    this.bytes = this.bytes.subarray(count);
    return cut;
  }

  /** Sends a request and reads the head of the answer. */
  async upgrade(change, early = '') {
    this.socket.write(Buffer.concat([Buffer.from(requestHead(change)), Buffer.from(early)]));
    return this.readHead();
  }

  write(...parts) {
    this.socket.write(Buffer.concat(parts.map((part) => Buffer.from(part))));
  }
}

module.exports = { closePayload, frame, KEY, parseFrames, RawPeer, requestHead };
