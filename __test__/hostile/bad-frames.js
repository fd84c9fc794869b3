'use strict';

/**
 * What a peer can send that breaks a rule of RFC 6455, and some that only look like it. Each case:
 * `{ name, frames(masked), code?, status?, options? }`; `frames` builds the bytes for the role of the sender, `code` is
 * the error's `code` without `WS_ERR_` and `status` the close code on the wire; neither means that nothing is wrong
 * with it. `options` go to the receiving side. `slow` cases are too long to be sent byte by byte.
 */

const { closing, frame } = require('./frame.js');

const KIB = 1024;
const text = (payload) => (masked) => frame({ payload, masked });
const one = (parts) => (masked) => frame({ masked, ...parts });
const several =
  (...list) =>
  (masked) =>
    Buffer.concat(list.map((parts) => frame({ masked, ...parts })));

/** Invalid UTF-8 (RFC 3629, 3 and 4). */
const BAD_TEXT = {
  'a lone continuation byte': '80',
  'an overlong slash': 'c0af',
  'an overlong zero of three bytes': 'e08080',
  'an overlong sequence of four bytes': 'f0808080',
  'a surrogate': 'eda080',
  'a surrogate pair': 'eda080edb080',
  'a code point above U+10FFFF': 'f4908080',
  'a byte that never occurs': 'ff',
  'a sequence that ends early': 'e282',
  'a sequence that is broken off': 'e28241'
};

const BAD_CODES = [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];
const GOOD_CODES = [1000, 1001, 1003, 1007, 1012, 1014, 3000, 4999];

const cases = [
  // RSV bits
  ...[1, 2, 3].map((rsv) => ({
    name: `RSV bits ${rsv}`,
    frames: one({ rsv, payload: 'a' }),
    code: 'UNEXPECTED_RSV_2_3',
    status: 1002
  })),
  {
    name: 'RSV1 on a text',
    frames: one({ rsv: 4, payload: 'a' }),
    code: 'UNEXPECTED_RSV_1',
    status: 1002
  },
  {
    name: 'all RSV bits',
    frames: one({ rsv: 7, payload: 'a' }),
    code: 'UNEXPECTED_RSV_2_3',
    status: 1002
  },
  {
    name: 'RSV1 on a continuation',
    frames: several({ fin: false, payload: 'a' }, { opcode: 0, rsv: 4, payload: 'b' }),
    code: 'UNEXPECTED_RSV_1',
    status: 1002
  },
  ...[8, 9, 10].map((opcode) => ({
    name: `RSV1 on opcode ${opcode}`,
    frames: one({ opcode, rsv: 4 }),
    code: 'UNEXPECTED_RSV_1',
    status: 1002
  })),

  // Op codes
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => ({
    name: `opcode ${opcode}`,
    frames: one({ opcode, payload: 'a' }),
    code: 'INVALID_OPCODE',
    status: 1002
  })),
  {
    name: 'a continuation first',
    frames: one({ opcode: 0, payload: 'a' }),
    code: 'INVALID_OPCODE',
    status: 1002
  },
  {
    name: 'an unfinished continuation first',
    frames: one({ opcode: 0, fin: false, payload: 'a' }),
    code: 'INVALID_OPCODE',
    status: 1002
  },
  {
    name: 'a continuation after the end',
    frames: several(
      { fin: false, payload: 'a' },
      { opcode: 0, payload: 'b' },
      { opcode: 0, payload: 'c' }
    ),
    code: 'INVALID_OPCODE',
    status: 1002
  },
  ...[1, 2].map((opcode) => ({
    name: `opcode ${opcode} inside a fragmented message`,
    frames: several({ fin: false, payload: 'a' }, { opcode, payload: 'b' }),
    code: 'INVALID_OPCODE',
    status: 1002
  })),

  // Control frames
  ...[8, 9, 10].map((opcode) => ({
    name: `opcode ${opcode} in fragments`,
    frames: one({ opcode, fin: false }),
    code: 'EXPECTED_FIN',
    status: 1002
  })),
  ...[8, 9, 10].map((opcode) => ({
    name: `opcode ${opcode} of 126 bytes`,
    frames: one({ opcode, payload: Buffer.alloc(126, 97) }),
    code: 'INVALID_CONTROL_PAYLOAD_LENGTH',
    status: 1002
  })),
  {
    name: 'a ping of 64 KiB',
    frames: one({ opcode: 9, payload: Buffer.alloc(64 * KIB, 97) }),
    code: 'INVALID_CONTROL_PAYLOAD_LENGTH',
    status: 1002,
    slow: true
  },
  {
    name: 'control frames between fragments',
    frames: several(
      { fin: false, payload: 'a' },
      { opcode: 9, payload: 'p' },
      { opcode: 10, payload: 'q' },
      { opcode: 0, payload: 'b' }
    )
  },
  { name: 'a pong nobody asked for', frames: one({ opcode: 10, payload: 'unasked' }) },

  // Lengths
  ...[126n, 65_536n, 2n ** 53n - 1n].map((length) => ({
    name: `a length of ${length} over the limit`,
    frames: one({ opcode: 2, length }),
    options: { maxPayload: 125 },
    code: 'UNSUPPORTED_MESSAGE_LENGTH',
    status: 1009
  })),
  ...[2n ** 53n, 2n ** 62n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n].map((length) => ({
    name: `a length of ${length}`,
    frames: one({ opcode: 2, length }),
    code: 'UNSUPPORTED_DATA_PAYLOAD_LENGTH',
    status: 1009
  })),
  {
    name: 'a length of 2^53 without a limit',
    frames: one({ opcode: 2, length: 2n ** 53n }),
    options: { maxPayload: 0 },
    code: 'UNSUPPORTED_DATA_PAYLOAD_LENGTH',
    status: 1009
  },
  {
    name: '100 MiB and one byte by default',
    frames: one({ length: 104_857_601n }),
    code: 'UNSUPPORTED_MESSAGE_LENGTH',
    status: 1009
  },
  {
    name: 'fragments that exceed the limit together',
    frames: several(
      { fin: false, payload: 'a'.repeat(100) },
      { opcode: 0, payload: 'a'.repeat(26) }
    ),
    options: { maxPayload: 125 },
    code: 'UNSUPPORTED_MESSAGE_LENGTH',
    status: 1009
  },
  {
    name: 'a message of exactly the limit',
    frames: several(
      { fin: false, payload: 'a'.repeat(100) },
      { opcode: 0, payload: 'a'.repeat(25) }
    ),
    options: { maxPayload: 125 }
  },
  { name: 'a length of 5 written in 16 bits', frames: one({ payload: 'hello', bits: 16 }) },
  { name: 'a length of 5 written in 64 bits', frames: one({ payload: 'hello', bits: 64 }) },
  {
    name: 'a ping whose length is written in 16 bits',
    frames: one({ opcode: 9, payload: 'hello', bits: 16 }),
    code: 'INVALID_CONTROL_PAYLOAD_LENGTH',
    status: 1002
  },

  // Numbers of fragments
  {
    name: 'more fragments than allowed',
    frames: (masked) =>
      Buffer.concat([
        frame({ fin: false, payload: 'a', masked }),
        ...Array(8).fill(frame({ opcode: 0, fin: false, payload: 'a', masked }))
      ]),
    options: { maxFragments: 8 },
    code: 'TOO_MANY_BUFFERED_PARTS',
    status: 1008
  },
  {
    name: 'empty fragments without end',
    frames: (masked) =>
      Buffer.concat([
        frame({ fin: false, masked }),
        ...Array(20_000).fill(frame({ opcode: 0, fin: false, masked }))
      ]),
    code: 'TOO_MANY_BUFFERED_PARTS',
    status: 1008,
    slow: true
  },
  {
    name: 'as many fragments as allowed',
    frames: (masked) =>
      Buffer.concat([
        frame({ fin: false, payload: 'a', masked }),
        ...Array(6).fill(frame({ opcode: 0, fin: false, payload: 'b', masked })),
        frame({ opcode: 0, payload: 'c', masked })
      ]),
    options: { maxFragments: 8 }
  },

  // Text
  ...Object.entries(BAD_TEXT).flatMap(([what, hex]) => {
    const bytes = Buffer.from(hex, 'hex');
    const middle = bytes.length >> 1;
    return [
      {
        name: `text with ${what}`,
        frames: text(Buffer.concat([Buffer.from('abc'), bytes])),
        code: 'INVALID_UTF8',
        status: 1007
      },
      {
        name: `text with ${what}, in two fragments`,
        frames: several(
          { fin: false, payload: Buffer.concat([Buffer.from('abc'), bytes.subarray(0, middle)]) },
          { opcode: 0, payload: bytes.subarray(middle) }
        ),
        code: 'INVALID_UTF8',
        status: 1007
      }
    ];
  }),
  {
    name: 'invalid text where it is not checked',
    frames: text(Buffer.from('61ff62', 'hex')),
    options: { skipUTF8Validation: true }
  },
  {
    name: 'invalid bytes in a binary message',
    frames: one({ opcode: 2, payload: Buffer.from('61ff62', 'hex') })
  },

  // Close frames
  {
    name: 'a close frame of one byte',
    frames: one({ opcode: 8, payload: 'a' }),
    code: 'INVALID_CONTROL_PAYLOAD_LENGTH',
    status: 1002
  },
  ...BAD_CODES.map((status) => ({
    name: `close code ${status}`,
    frames: one({ opcode: 8, payload: closing(status) }),
    code: 'INVALID_CLOSE_CODE',
    status: 1002
  })),
  ...GOOD_CODES.map((status) => ({
    name: `close code ${status}`,
    frames: one({ opcode: 8, payload: closing(status, 'because') })
  })),
  { name: 'an empty close frame', frames: one({ opcode: 8 }) },
  {
    name: 'a close frame with a reason of 123 bytes',
    frames: one({ opcode: 8, payload: closing(1000, 'r'.repeat(123)) })
  },
  {
    name: 'a close reason that is not UTF-8',
    frames: one({ opcode: 8, payload: closing(1000, Buffer.from('ff', 'hex')) }),
    code: 'INVALID_UTF8',
    status: 1007
  },
  {
    name: 'frames after a close frame',
    frames: several(
      { payload: 'before' },
      { opcode: 8, payload: closing(1000) },
      { payload: 'after' },
      { opcode: 15 }
    )
  },

  // What came before an error is delivered
  {
    name: 'messages, then a wrong frame, then a message',
    frames: several(
      { payload: 'one' },
      { opcode: 9, payload: 'ping' },
      { opcode: 2, payload: 'two' },
      { opcode: 5 },
      { payload: 'three' }
    ),
    code: 'INVALID_OPCODE',
    status: 1002
  }
];

/** Frames with the wrong mask for the role of the sender. */
const wrongMask = {
  server: {
    name: 'a frame without a mask',
    frames: () => frame({ payload: 'secret', masked: false }),
    code: 'EXPECTED_MASK',
    status: 1002
  },
  client: {
    name: 'a frame with a mask',
    frames: () => frame({ payload: 'secret', masked: true }),
    code: 'UNEXPECTED_MASK',
    status: 1002
  }
};

module.exports = { cases, wrongMask };
