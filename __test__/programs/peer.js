'use strict';

/** The bare peer of a program: takes frames apart as they come and tells who waits for one. */

const { createHash } = require('node:crypto');

/** A payload as it is compared: short ones as they are. */
function digest(payload) {
  if (payload.length <= 130) return payload.toString('latin1');
  return `${payload.length}:${createHash('sha1').update(payload).digest('base64')}`;
}

class Peer {
  #bytes = Buffer.alloc(0);
  #waiting = new Set();

  /** What the other side has sent: `[first byte, masked, payload]` each, then how it ended. */
  frames = [];
  /** Payloads of the pings that were seen; they are markers of the runner. */
  pings = new Set();
  closeSeen = false;
  /** FIN or worse was seen, or we have destroyed it. */
  gone = false;

  /**
   * @param {import('node:net').Socket} socket connected, the opening handshake done
   * @param {Buffer} [head] what came behind the handshake
   */
  constructor(socket, head = Buffer.alloc(0)) {
    this.socket = socket;
    /** Whether to keep our side open behind the other side's FIN. */
    this.hold = false;
    let error = null;

    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('end', () => {
      this.frames.push(['end']);
      this.gone = true;
      if (!this.hold) socket.end();
      this.#tell();
    });
    socket.on('error', (err) => {
      error = err;
    });
    socket.on('close', () => {
      if (error !== null && !this.gone) this.frames.push([error.code]);
      this.gone = true;
      this.#tell();
    });
    if (head.length > 0) this.#take(head);
  }

  #take(chunk) {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    for (;;) {
      const length = this.#cut();
      if (length === 0) break;
      this.#bytes = this.#bytes.subarray(length);
    }
    this.#tell();
  }

  /** @returns {number} bytes of the frame that was taken, 0 if there is no whole one */
  #cut() {
    const bytes = this.#bytes;
    if (bytes.length < 2) return 0;

    const masked = (bytes[1] & 0x80) !== 0;
    const form = bytes[1] & 0x7f;
    let start = 2 + (form === 126 ? 2 : form === 127 ? 8 : 0) + (masked ? 4 : 0);
    if (bytes.length < start) return 0;

    const size =
      form === 126 ? bytes.readUInt16BE(2) : form === 127 ? Number(bytes.readBigUInt64BE(2)) : form;
    if (bytes.length < start + size) return 0;

    const payload = Buffer.from(bytes.subarray(start, start + size));
    if (masked) {
      start -= 4;
      for (let i = 0; i < size; i++) payload[i] ^= bytes[start + (i & 3)];
      start += 4;
    }
    if (bytes[0] === 0x89) this.pings.add(payload.toString('latin1'));
    if ((bytes[0] & 15) === 8) this.closeSeen = true;
    // The form of the length is compared, too.
    this.frames.push([bytes[0].toString(16), masked, form, digest(payload)]);
    return start + size;
  }

  #tell() {
    for (const look of this.#waiting) look();
  }

  /** @param {() => boolean} ready looked at whenever something came in */
  until(ready) {
    return new Promise((resolve) => {
      const look = () => {
        if (!ready()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** @param {Buffer[]} parts sent in one write, unless the other side has gone */
  send(parts) {
    if (!this.gone && this.socket.writable) this.socket.write(Buffer.concat(parts));
  }
}

module.exports = { digest, Peer };
