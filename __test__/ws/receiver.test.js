'use strict';

// The exported Receiver emits what the original's emits, however the bytes are cut.

const assert = require('node:assert');
const { test } = require('node:test');

const original = require('ws');
const ours = require('../../lib/ws');
const { closePayload, frame } = require('./raw-peer');

const INPUTS = {
  text: frame(1, 'Hello'),
  'text of two bytes a character': frame(1, 'ü€😀'),
  'empty text and binary': Buffer.concat([frame(1), frame(2)]),
  binary: frame(2, Buffer.from([0, 1, 2, 255])),
  'medium and large': Buffer.concat([frame(2, Buffer.alloc(300, 7)), frame(1, 'x'.repeat(70_000))]),
  'longer length forms than needed': Buffer.concat([
    frame(1, 'a', { lengthForm: 16 }),
    frame(1, 'b', { lengthForm: 64 })
  ]),
  'fragments with a ping between': Buffer.concat([
    frame(1, 'a', { fin: false }),
    frame(9, 'ping'),
    frame(0, '', { fin: false }),
    frame(0, 'b'),
    frame(10, 'pong')
  ]),
  'binary fragments': Buffer.concat([
    frame(2, 'a', { fin: false }),
    frame(0, '', { fin: false }),
    frame(0, 'bc', { fin: false }),
    frame(0, 'd')
  ]),
  'a character across fragments': Buffer.concat([
    frame(1, Buffer.from([0xe2, 0x82]), { fin: false }),
    frame(0, Buffer.from([0xac]))
  ]),
  'close without payload, then more': Buffer.concat([frame(8), frame(1, 'ignored')]),
  'close with reason': frame(8, closePayload(1000, 'bye')),
  'close 4999': frame(8, closePayload(4999)),
  'close 1005': Buffer.concat([frame(1, 'x'), frame(8, closePayload(1005))]),
  'close 999': frame(8, closePayload(999)),
  'close with bad reason': frame(8, Buffer.from([3, 232, 0xff])),
  'close of one byte': frame(8, 'x'),
  'bad text': frame(1, Buffer.from([0xc0, 0x80])),
  'text cut in a character': frame(1, Buffer.from([0xe2, 0x82])),
  RSV1: frame(1, 'x', { rsv: 4 }),
  RSV2: frame(1, 'x', { rsv: 2 }),
  RSV3: frame(1, 'x', { rsv: 1 }),
  'RSV1 on a ping': frame(9, '', { rsv: 4 }),
  'continuation first': frame(0, 'x'),
  'text inside text': Buffer.concat([frame(1, 'x', { fin: false }), frame(1, 'y')]),
  'binary inside text': Buffer.concat([frame(1, 'x', { fin: false }), frame(2, 'y')]),
  'op code 3': frame(3),
  'op code 11': frame(11),
  'ping without FIN': frame(9, '', { fin: false }),
  'ping of 126': frame(9, Buffer.alloc(126)),
  'ping of 70000': frame(9, Buffer.alloc(70_000)),
  'ping of 125': frame(9, Buffer.alloc(125, 1)),
  'wrong masking': frame(1, 'x', { mask: 'wrong' }),
  'length beyond 2^53 - 1': frame(2, '', { announce: 2n ** 53n, lengthForm: 64 }),
  'length 2^53 - 1': frame(2, '', { announce: 2n ** 53n - 1n, lengthForm: 64 }),
  'over maxPayload': Buffer.concat([
    frame(1, 'x'.repeat(60_000), { fin: false }),
    frame(0, 'x'.repeat(60_000))
  ]),
  'too many fragments': Buffer.concat([
    frame(1, 'a', { fin: false }),
    ...Array.from({ length: 8 }, () => frame(0, '', { fin: false }))
  ])
};

const OPTIONS = {
  defaults: {},
  limits: { maxPayload: 100_000, maxFragments: 8 },
  'one event at a time': { allowSynchronousEvents: false },
  'no UTF-8 check': { skipUTF8Validation: true },
  arraybuffer: { binaryType: 'arraybuffer' },
  fragments: { binaryType: 'fragments' },
  'few chunks': { maxBufferedChunks: 3 }
};

/** Rewrites the masking of a whole input for a receiver of a client. */
function inputFor(name, isServer) {
  // The inputs are built for a server; a client is tested with the unmasked originals.
  return isServer ? Buffer.from(INPUTS[name]) : unmasked(INPUTS[name]);
}

function unmasked(bytes) {
  const parts = [];

  for (let at = 0; at < bytes.length; ) {
    let headEnd = at + 2;
    let length = BigInt(bytes[at + 1] & 0x7f);

    if (length === 126n) {
      length = BigInt(bytes.readUInt16BE(at + 2));
      headEnd += 2;
    } else if (length === 127n) {
      length = bytes.readBigUInt64BE(at + 2);
      headEnd += 8;
    }

    const head = Buffer.from(bytes.subarray(at, headEnd));
    head[1] &= 0x7f;
    const rest = bytes.subarray(headEnd + 4);
    const payload = Buffer.from(rest.subarray(0, Number(length)));
    for (let i = 0; i < payload.length; i++) payload[i] ^= (i & 3) + 1;
    parts.push(head, payload);
    at = headEnd + 4 + payload.length;
  }

  return Buffer.concat(parts);
}

/** Feeds a receiver and writes down what it emits. */
async function trace({ Receiver }, input, chunkSize, options) {
  const receiver = new Receiver(options);
  const seen = [];
  const plain = (value) => {
    if (Buffer.isBuffer(value)) return `Buffer:${value.toString('latin1')}`;
    if (value instanceof ArrayBuffer) return `ArrayBuffer:${Buffer.from(value).toString('latin1')}`;
    if (Array.isArray(value)) return value.map(plain);
    return value;
  };

  for (const event of ['message', 'ping', 'pong', 'conclude']) {
    receiver.on(event, (...args) => {
      seen.push([event, ...args.map(plain)]);
      process.nextTick(() => seen.push('tick'));
    });
  }

  const done = new Promise((resolve) => {
    receiver.on('error', (err) => {
      seen.push(['error', err.constructor.name, err.code, err.message]);
      resolve();
    });
    receiver.on('finish', () => {
      seen.push('finish');
      resolve();
    });
  });

  for (let at = 0; at < input.length; at += chunkSize) {
    receiver.write(Buffer.from(input.subarray(at, at + chunkSize)));
  }
  receiver.end();
  await done;
  await new Promise(setImmediate);
  return seen;
}

for (const [label, options] of Object.entries(OPTIONS)) {
  for (const isServer of [true, false]) {
    test(`as ${isServer ? 'server' : 'client'}, ${label}`, async () => {
      for (const name of Object.keys(INPUTS)) {
        const input =
          name === 'wrong masking' ? frame(1, 'x', { mask: !isServer }) : inputFor(name, isServer);
        const sizes = input.length > 1000 ? [input.length, 1000] : [input.length, 1, 3];

        for (const size of sizes) {
          const settings = { ...options, isServer };
          const expected = await trace(original, input, size, settings);

          assert.deepStrictEqual(
            await trace(ours, input, size, settings),
            expected,
            `${name} in chunks of ${size}`
          );
          assert.notStrictEqual(expected.length, 0);
        }
      }
    });
  }
}

test('a Blob is made if binaryType says so', async () => {
  const receiver = new ours.Receiver({ binaryType: 'blob', isServer: true });
  const message = new Promise((resolve) => receiver.once('message', resolve));

  receiver.write(Buffer.concat([frame(2, 'ab', { fin: false }), frame(0, 'cd')]));
  const blob = await message;
  assert.ok(blob instanceof Blob);
  assert.strictEqual(await blob.text(), 'abcd');
});
