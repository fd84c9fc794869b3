'use strict';

/**
 * The scenario: what every client plays against every server, as plain data (it is handed as JSON to the players in
 * other languages).
 *
 * A case is one connection: `{ name, path, protocols?, needs?, steps, server }`.
 *
 * - `path`: request target; the servers of the scenario (serve.js, servers/server.py) know what to do for it.
 * - `needs`: abilities a player must have, else it does not get the case: `ping` (can send pings and see pongs),
 *   `fragments` (can send a message in parts), `frame` (can send any single frame), `any-code` (can close with codes
 *   that browsers refuse), `empty-close` (can send a close frame without a code), `terminate` (can drop the
 *   connection), and of a server: `refuse` (can refuse a handshake), `choose` (has a say in the subprotocol),
 *   `new-codes` (knows the close codes that were registered later).
 * - `steps`: `{ do, ... }` is an action; `{ see, ... }` waits for the next event and records it.
 * - `server`: the events that the server side has, in order, after its `connection`.
 *
 * A payload is `{ text }`, `{ hex }`, or `{ size, seed }`: `size` bytes, byte i being `(i * 31 + (i >> 8) + seed) & 255`,
 * or for text the letter `97 + (i * 7 + (i >> 8) + seed) % 26`.
 */

const MIB = 1 << 20;

const text = (value) => ({ kind: 'text', text: value });
const letters = (size, seed = 1) => ({ kind: 'text', size, seed });
const hex = (value) => ({ kind: 'binary', hex: value });
const bytes = (size, seed = 1) => ({ kind: 'binary', size, seed });

const send = (payload) => ({ do: 'send', payload });
const see = (payload) => ({ see: 'message', payload });
const doClose = (code, reason = '') => ({ do: 'close', code, reason });
const seeClose = (code, reason = '') => ({ see: 'close', code, reason });
const open = (protocol = '') => ({ see: 'open', protocol });

/** A connection that is opened, used, and closed by the client with 1000. */
const session = (name, steps, server, extra = {}) => ({
  name,
  path: '/echo',
  ...extra,
  steps: [open(), ...steps, doClose(1000, 'done'), seeClose(1000, 'done')],
  server: [...server, seeClose(1000, 'done')]
});

/** A session that sends messages one after the other and gets each back. */
const echo = (name, payloads, extra) =>
  session(
    name,
    payloads.flatMap((payload) => [send(payload), see(payload)]),
    payloads.map(see),
    extra
  );

/** A session that sends everything before it looks at what comes back. */
const burst = (name, payloads, extra) =>
  session(name, [...payloads.map(send), ...payloads.map(see)], payloads.map(see), extra);

/** The client closes. */
const clientCloses = (code, reason, needs) => ({
  name: `client closes with ${code === undefined ? 'nothing' : code}${reason && `, ${Buffer.byteLength(reason)} bytes of reason`}`,
  path: '/echo',
  needs,
  steps: [open(), doClose(code, reason), seeClose(code === undefined ? 1005 : code, reason)],
  server: [seeClose(code === undefined ? 1005 : code, reason)]
});

/** The server closes as soon as it has the connection. */
const serverCloses = (code, reason) => ({
  name: `server closes with ${code === undefined ? 'nothing' : code}${reason && `, ${Buffer.byteLength(reason)} bytes of reason`}`,
  path: `/close?${code === undefined ? '' : `code=${code}&`}reason=${encodeURIComponent(reason)}`,
  steps: [open(), seeClose(code === undefined ? 1005 : code, reason)],
  server: [{ ...seeClose(code === undefined ? 1005 : code, reason), answered: true }]
});

const LONG_REASON = `${'ü'.repeat(61)}!`;
const BROWSER_CODES = [1000, 3000, 4999];
const OTHER_CODES = [1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011];
const NEW_CODES = [1012, 1013, 1014];
const PARTS = {
  kind: 'binary',
  parts: [bytes(70_000, 1), bytes(1, 2), bytes(0, 3), bytes(126, 4)]
};

const cases = [
  // Opening
  session('opens without a subprotocol', [], []),
  {
    name: 'opens with the subprotocol that the server prefers',
    path: '/echo',
    protocols: ['chat.v2', 'echo.v1'],
    needs: ['choose'],
    steps: [
      open('echo.v1'),
      send(text('agreed')),
      see(text('agreed')),
      doClose(1000, 'done'),
      seeClose(1000, 'done')
    ],
    server: [see(text('agreed')), seeClose(1000, 'done')]
  },
  {
    name: 'is refused on an unknown path',
    path: '/nowhere',
    needs: ['refuse'],
    steps: [{ see: 'refused', status: 400 }],
    server: null
  },
  {
    name: 'is refused by verification',
    path: '/refuse',
    needs: ['refuse'],
    steps: [{ see: 'refused', status: 403 }],
    server: null
  },
  {
    name: 'gets what the server sent with its answer',
    path: '/hello',
    steps: [
      open(),
      see(text('welcome')),
      see(bytes(300)),
      see(letters(70_000)),
      seeClose(1000, 'bye')
    ],
    server: [{ ...seeClose(1000, 'bye'), answered: true }]
  },

  // Messages
  echo('echoes an empty text', [text('')]),
  echo('echoes text', [
    text('hello'),
    text('h\u00e9llo w\u00f6rld \u20ac \u{1f980}'),
    text('\u0000\ufeff\uffff')
  ]),
  echo('echoes an empty binary message', [hex('')]),
  echo('echoes small binary messages', [hex('00'), hex('ff00'), hex('8081828384')]),
  ...[1, 2, 125, 126, 127, 128, 65_535, 65_536, 65_537, MIB, 16 * MIB].map((size) =>
    echo(`echoes ${size} bytes`, [bytes(size)])
  ),
  ...[1, 125, 126, 65_535, 65_536, MIB, 16 * MIB].map((size) =>
    echo(`echoes ${size} letters`, [letters(size)])
  ),
  burst(
    'keeps the order of 300 messages sent at once',
    Array.from({ length: 300 }, (_, i) => (i % 3 === 0 ? letters(i * 5, i) : bytes(i * 7, i)))
  ),
  burst('keeps the order of large messages sent at once', [
    bytes(2 * MIB, 3),
    letters(3, 4),
    bytes(MIB, 5),
    letters(MIB + 1, 6)
  ]),

  // Fragments
  session(
    'sends a text in fragments',
    [
      {
        do: 'fragments',
        payload: { kind: 'text', parts: [text('one '), text(''), text('tw\u00f6 '), text('three')] }
      },
      see(text('one tw\u00f6 three'))
    ],
    [see(text('one tw\u00f6 three'))],
    { needs: ['fragments'] }
  ),
  session(
    'sends a binary message in fragments',
    [{ do: 'fragments', payload: PARTS }, see(PARTS)],
    [see(PARTS)],
    { needs: ['fragments'] }
  ),
  session(
    'sends a text that is split inside a character, with pings between the fragments',
    [
      { do: 'frame', fin: false, opcode: 1, hex: '61f09f' },
      { do: 'ping', hex: '01' },
      { do: 'frame', fin: false, opcode: 0, hex: 'a6' },
      { do: 'frame', fin: true, opcode: 0, hex: '80' },
      { see: 'pong', hex: '01' },
      see(text('a\u{1f980}'))
    ],
    [{ see: 'ping', hex: '01' }, see(text('a\u{1f980}'))],
    { needs: ['frame', 'ping'] }
  ),
  {
    name: 'gets a message that the server sent in fragments',
    path: '/fragments',
    steps: [open(), see(text('one tw\u00f6 three')), see(PARTS), seeClose(1000)],
    server: [{ ...seeClose(1000), answered: true }]
  },

  // Ping and pong
  ...['', '70696e67', 'ab'.repeat(125)].map((data) =>
    session(
      `gets a pong of ${data.length / 2} bytes`,
      [
        { do: 'ping', hex: data },
        { see: 'pong', hex: data }
      ],
      [{ see: 'ping', hex: data }],
      {
        needs: ['ping']
      }
    )
  ),
  ...['', '00ff', 'cd'.repeat(125)].map((data) => ({
    name: `answers a ping of ${data.length / 2} bytes`,
    path: `/ping?hex=${data}`,
    steps: [
      open(),
      { see: 'ping', hex: data },
      see(text(`pong ${data}`)),
      seeClose(1000, 'answered')
    ],
    server: [
      { see: 'pong', hex: data },
      { ...seeClose(1000, 'answered'), answered: true }
    ]
  })),

  // Closing
  clientCloses(undefined, '', ['empty-close']),
  ...BROWSER_CODES.map((code) => clientCloses(code, '')),
  ...OTHER_CODES.map((code) => clientCloses(code, '', ['any-code'])),
  ...NEW_CODES.map((code) => clientCloses(code, '', ['any-code', 'new-codes'])),
  clientCloses(4000, LONG_REASON),
  ...[undefined, ...BROWSER_CODES, ...OTHER_CODES].map((code) => serverCloses(code, '')),
  ...NEW_CODES.map((code) => ({ ...serverCloses(code, ''), needs: ['new-codes'] })),
  serverCloses(4000, LONG_REASON),
  {
    name: 'gets 16 MiB that the server sent just before it closed',
    path: `/last?size=${16 * MIB}`,
    steps: [open(), see(bytes(16 * MIB, 7)), seeClose(1001, 'gone')],
    server: [{ ...seeClose(1001, 'gone'), answered: true }]
  },
  {
    name: 'is dropped by the server',
    path: '/terminate',
    steps: [open(), send(text('go')), seeClose(1006)],
    server: [see(text('go')), seeClose(1006)]
  },
  {
    name: 'drops the connection',
    path: '/echo',
    needs: ['terminate'],
    steps: [open(), send(text('last')), see(text('last')), { do: 'terminate' }],
    server: [see(text('last')), seeClose(1006)]
  }
];

module.exports = { cases };
