'use strict';

// The exported Sender writes what the original's writes.

const assert = require('node:assert');
const { test } = require('node:test');

const original = require('ws');
const ours = require('../../lib/ws');

const KEY = Buffer.from([1, 2, 3, 4]);
const generateMask = (key) => key.set(KEY);

const PAYLOADS = [
  '',
  'x',
  'ü€',
  Buffer.alloc(0),
  Buffer.from('abc'),
  Buffer.alloc(125, 1),
  'y'.repeat(126)
].concat([Buffer.alloc(65535, 2), Buffer.alloc(65536, 3)]);

test('Sender.frame gives the bytes of the original and respects readOnly', () => {
  for (const payload of PAYLOADS) {
    for (const fin of [true, false]) {
      for (const mask of [true, false]) {
        for (const readOnly of [true, false]) {
          for (const rsv1 of [true, false]) {
            const frame = ({ Sender }) => {
              const data = typeof payload === 'string' ? payload : Buffer.from(payload);
              const list = Sender.frame(data, {
                fin,
                mask,
                readOnly,
                rsv1,
                opcode: 2,
                generateMask
              });

              return {
                bytes: Buffer.concat(list.map((part) => Buffer.from(part))).toString('hex'),
                pieces: list.length,
                touched: data.toString('hex') !== payload.toString('hex')
              };
            };

            assert.deepStrictEqual(frame(ours), frame(original));
          }
        }
      }
    }
  }
});

test('without generateMask the keys are random', () => {
  const keys = new Set();

  // More than one pool of random bytes.
  for (let i = 0; i < 5000; i++) {
    const [head] = ours.Sender.frame(Buffer.alloc(0), { fin: true, mask: true, opcode: 9 });
    keys.add(head.toString('hex'));
  }

  assert.ok(keys.size > 4990);
});

/** A socket that keeps what is written. */
class FakeSocket {
  written = [];
  calls = [];
  destroyed = false;

  write(chunk, cb) {
    this.calls.push('write');
    this.written.push(Buffer.from(chunk));
    if (cb) process.nextTick(cb, null);
    return true;
  }

  cork() {
    this.calls.push('cork');
  }

  uncork() {
    this.calls.push('uncork');
  }

  get bytes() {
    return Buffer.concat(this.written).toString('hex');
  }
}

/** Runs the same calls on both, and compares what reaches the socket and the callbacks. */
async function compare(action, options = {}) {
  const results = [];

  for (const { Sender } of [original, ours]) {
    const socket = new FakeSocket();
    const sender = new Sender(socket, {}, options.generateMask);
    const log = [];

    await action(sender, log, socket);
    results.push({ bytes: socket.bytes, calls: socket.calls, log });
  }

  assert.deepStrictEqual(results[1], results[0]);
  assert.notStrictEqual(results[0].bytes, '');
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('messages, fragments and control frames', () =>
  compare(async (sender, log) => {
    const cb = (label) => (err) => log.push([label, err]);

    sender.send('one', { fin: true }, cb('one'));
    sender.send(Buffer.from('two'), { binary: true, fin: true }, cb('two'));
    sender.send('a', { fin: false }, cb('a'));
    sender.ping('p', false, cb('ping'));
    sender.send(Buffer.from('b'), { binary: true, fin: false }, cb('b'));
    sender.send(new Uint16Array([1, 2]), { fin: true }, cb('c'));
    sender.pong(Buffer.alloc(0), false, cb('pong'));
    sender.send([1, 2, 3], { binary: true, fin: true }, cb('array'));
    sender.close(1000, 'reason', false, cb('close'));
    await settled();
  }));

test('masked frames leave the data of the caller alone', () =>
  compare(
    async (sender, log) => {
      const data = Buffer.from('abcdef');

      sender.send(data, { binary: true, fin: true, mask: true });
      sender.send(data.buffer.slice(data.byteOffset, data.byteOffset + 6), {
        fin: true,
        mask: true
      });
      sender.ping(data, true);
      sender.close(4000, 'x', true);
      log.push(data.toString());
      await settled();
    },
    { generateMask }
  ));

test('close payloads and errors', () =>
  compare(async (sender, log) => {
    const attempt = (...args) => {
      try {
        sender.close(...args);
        log.push('ok');
      } catch (err) {
        log.push([err.name, err.message]);
      }
    };

    for (const code of [undefined, 1000, 1004, 1005, 1006, 1014, 1015, 2999, 3000, 4999, 5000]) {
      attempt(code);
    }
    attempt('1000');
    attempt(1000, '');
    attempt(1000, 'x'.repeat(123));
    attempt(1000, 'ü'.repeat(62));
    attempt(1000, Buffer.from('buffer'));
    attempt(1000, new Uint8Array([65]));
    attempt(1000, new Uint16Array([65]));
    attempt(1000, new DataView(new ArrayBuffer(2)));
    attempt(1000, 5);
    attempt(1000, ['x']);
    attempt(1000, null);
    await settled();
  }));

test('pings and pongs that are too long', () =>
  compare(async (sender, log) => {
    for (const method of ['ping', 'pong']) {
      for (const data of ['x'.repeat(125), 'x'.repeat(126), 'ü'.repeat(63), Buffer.alloc(126)]) {
        try {
          sender[method](data, false);
          log.push('ok');
        } catch (err) {
          log.push([err.name, err.message]);
        }
      }
    }
  }));

test('everything waits behind a Blob', () =>
  compare(async (sender, log) => {
    const done = new Promise((resolve) => {
      sender.send(new Blob(['blob']), { binary: true, fin: true }, () => log.push('blob'));
      sender.send('text', { fin: true }, () => log.push('text'));
      sender.ping(new Blob(['p']), false, () => log.push('ping'));
      sender.close(1000, 'end', false, resolve);
    });

    log.push(sender._bufferedBytes);
    await done;
    await settled();
    log.push(sender._bufferedBytes);
    sender.send('after', { fin: true });
  }));

test('a Blob that cannot be read', () =>
  compare(async (sender, log) => {
    class BadBlob extends Blob {
      arrayBuffer() {
        return Promise.reject(new Error('unreadable'));
      }
    }

    sender.send('first', { fin: true });
    const failed = new Promise((resolve) => {
      sender.onerror = (err) => {
        log.push(['onerror', err.message]);
        resolve();
      };
    });
    sender.send(new BadBlob(['x']), { fin: true }, (err) => log.push(['blob', err.message]));
    sender.send('never', { fin: true }, (err) => log.push(['text', err.message]));
    await failed;
  }));

test('a socket that is destroyed while a Blob is read', () =>
  compare(async (sender, log, socket) => {
    sender.send('first', { fin: true });
    const failed = new Promise((resolve) => {
      sender.send(new Blob(['x']), { fin: true }, (err) => log.push(['blob', err.message]));
      sender.send('never', { fin: true }, (err) => {
        log.push(['text', err.message]);
        resolve();
      });
    });
    socket.destroyed = true;
    await failed;
  }));
