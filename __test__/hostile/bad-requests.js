'use strict';

/**
 * What can arrive at an HTTP port in place of a good opening handshake. Each case: `{ name, request, options?, stricter? }`;
 * `request` are the bytes, as latin1, `options` those of the server. `stricter`: the status that the native listener
 * answers where the parser of Node is more lenient than it should be (docs/differences.md).
 */

const { KEY, REQUEST } = require('./raw.js');

/**
 * A request for an upgrade with some header fields changed.
 * @param {Record<string, string|string[]|null>} [changes] values by name: null leaves the field out, an array repeats it
 * @param {string} [line] the request line
 * @returns {string} the request
 */
const upgrade = (changes = {}, line = 'GET / HTTP/1.1') => {
  const fields = {
    Host: 'localhost',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': KEY,
    'Sec-WebSocket-Version': '13',
    ...changes
  };
  const lines = Object.entries(fields).flatMap(([name, value]) =>
    value === null ? [] : [value].flat().map((one) => `${name}: ${one}`)
  );
  return `${[line, ...lines].join('\r\n')}\r\n\r\n`;
};

/** A good request with a line of its head replaced. */
const edited = (from, to) => REQUEST.replace(from, to);

/** Cases of one header field, named by the value. */
const values = (field, list) =>
  list.map((value) => ({
    name: `${field}: ${value === null ? 'absent' : JSON.stringify(value).slice(0, 60)}`,
    request: upgrade({ [field]: value })
  }));

const cases = [
  { name: 'a good request', request: upgrade() },

  // Method, target, version
  ...['POST', 'HEAD', 'PUT', 'OPTIONS', 'PROPFIND'].map((method) => ({
    name: `method ${method}`,
    request: upgrade({}, `${method} / HTTP/1.1`)
  })),
  { name: 'method CONNECT', request: upgrade({}, 'CONNECT localhost:1 HTTP/1.1') },
  { name: 'an unknown method', request: upgrade({}, 'GETT / HTTP/1.1') },
  { name: 'a method in lower case', request: upgrade({}, 'get / HTTP/1.1') },
  { name: 'HTTP/1.0', request: upgrade({}, 'GET / HTTP/1.0') },
  { name: 'HTTP/0.9', request: 'GET /\r\n\r\n', stricter: 400 },
  { name: 'HTTP/2.0', request: upgrade({}, 'GET / HTTP/2.0'), stricter: 400 },
  { name: 'HTTP/1.2', request: upgrade({}, 'GET / HTTP/1.2') },
  { name: 'the preface of HTTP/2', request: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' },
  { name: 'a TLS client hello', request: '\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03' },
  { name: 'nonsense', request: 'nonsense\r\n\r\n' },
  { name: 'bytes without meaning', request: '\x00\xff\x00\xff\r\n\r\n' },
  { name: 'blank lines before the request', request: `\r\n\r\n${REQUEST}` },
  { name: 'an absolute target', request: upgrade({}, 'GET http://localhost/ HTTP/1.1') },
  { name: 'the target *', request: upgrade({}, 'OPTIONS * HTTP/1.1') },
  { name: 'a target without a slash', request: upgrade({}, 'GET echo HTTP/1.1') },
  { name: 'a target with a byte above 127', request: upgrade({}, 'GET /\xff HTTP/1.1') },
  { name: 'a target with NUL', request: upgrade({}, 'GET /\x00 HTTP/1.1') },
  { name: 'a target with %00 and %zz', request: upgrade({}, 'GET /%00%zz/..%2f HTTP/1.1') },
  { name: 'a target of 8 KiB', request: upgrade({}, `GET /${'a'.repeat(8192)} HTTP/1.1`) },
  { name: 'a target of 64 KiB', request: upgrade({}, `GET /${'a'.repeat(65_536)} HTTP/1.1`) },
  {
    name: 'another path than the one served',
    request: upgrade({}, 'GET /other HTTP/1.1'),
    options: { path: '/echo' }
  },
  {
    name: 'the path served, with a query',
    request: upgrade({}, 'GET /echo?a=b HTTP/1.1'),
    options: { path: '/echo' }
  },
  ...['/echo/', '/ECHO', '//echo', '/./echo', '/echo%2f', '/echo#x', '/ech%6f'].map((target) => ({
    name: `the path served, almost: ${target}`,
    request: upgrade({}, `GET ${target} HTTP/1.1`),
    options: { path: '/echo' }
  })),

  // The fields of the handshake
  ...values('Host', [null, '', ['a', 'b']]),
  ...values('Upgrade', [
    null,
    '',
    'WebSocket',
    'WEBSOCKET',
    'h2c',
    'websocket, h2c',
    'h2c, websocket',
    ['websocket', 'websocket'],
    'websockets'
  ]),
  ...values('Connection', [
    null,
    '',
    'upgrade',
    'keep-alive, Upgrade',
    'Upgrade, close',
    'close',
    'keep-alive',
    'upgraded',
    ['keep-alive', 'Upgrade']
  ]),
  ...values('Sec-WebSocket-Key', [
    null,
    '',
    'short==',
    `${KEY}=`,
    KEY.replace('==', ''),
    ' '.repeat(24),
    `${'!'.repeat(22)}==`,
    [KEY, KEY],
    `${'A'.repeat(21)}B==`,
    'A'.repeat(5000)
  ]),
  ...values('Sec-WebSocket-Version', [
    null,
    '',
    '0',
    '7',
    '8',
    '12',
    '14',
    '13 ',
    '013',
    '13.0',
    '13, 8',
    ['13', '13'],
    '-13',
    'x',
    '0xd'
  ]),
  ...values('Sec-WebSocket-Protocol', [
    '',
    'chat',
    'chat, superchat',
    'chat,chat',
    'chat,',
    ',chat',
    'a b',
    'chat, ',
    ['a', 'b'],
    ['a', 'a'],
    'a\x7f',
    'a\x80',
    '\xff\xfe',
    'a;b',
    '"a"'
  ]),
  ...values('Sec-WebSocket-Extensions', [
    '',
    'foo',
    'permessage-deflate',
    'permessage-deflate; foo',
    '"',
    '\xff\xfe',
    '__proto__',
    'constructor; toString',
    'a; b="c',
    ',',
    ';'
  ]),
  ...values('Origin', ['http://evil.example', 'null', '\xff', ['a', 'b']]),
  ...values('Cookie', ['a=b; c=d', '\xff\xfe', ['a=b', 'c=d']]),
  ...values('Content-Length', [
    '0',
    '5',
    'x',
    '-1',
    ['5', '5'],
    ['5', '6'],
    '99999999999999999999'
  ]),
  ...values('Transfer-Encoding', ['chunked', 'gzip', 'chunked, gzip', 'x']),
  {
    name: 'Content-Length and Transfer-Encoding',
    request: upgrade({ 'Content-Length': '5', 'Transfer-Encoding': 'chunked' })
  },
  ...values('Expect', ['100-continue', 'something']),
  ...values('Keep-Alive', ['timeout=1']),

  // The form of the head
  { name: 'bare line feeds', request: REQUEST.replaceAll('\r\n', '\n') },
  { name: 'one bare line feed', request: edited('Upgrade: websocket\r\n', 'Upgrade: websocket\n') },
  {
    name: 'a bare carriage return',
    request: edited('Upgrade: websocket\r\n', 'Upgrade: websocket\r')
  },
  { name: 'a folded line', request: edited('Upgrade: websocket', 'Upgrade:\r\n websocket') },
  { name: 'a space before the colon', request: edited('Upgrade:', 'Upgrade :') },
  { name: 'a space before the name', request: edited('Upgrade:', ' Upgrade:') },
  { name: 'no space after the colon', request: edited('Upgrade: ', 'Upgrade:') },
  { name: 'tabs around a value', request: edited('Upgrade: websocket', 'Upgrade:\twebsocket\t') },
  { name: 'a field without a colon', request: edited('Upgrade:', 'Nonsense\r\nUpgrade:') },
  { name: 'a field without a name', request: edited('Upgrade:', ': value\r\nUpgrade:') },
  {
    name: 'a field name with a byte above 127',
    request: edited('Upgrade:', 'X\xff: y\r\nUpgrade:')
  },
  { name: 'a field name with a control byte', request: edited('Upgrade:', 'X\x01: y\r\nUpgrade:') },
  { name: 'NUL in a value', request: edited('Upgrade:', 'X: a\x00b\r\nUpgrade:') },
  { name: 'a control byte in a value', request: edited('Upgrade:', 'X: a\x01b\r\nUpgrade:') },
  {
    name: 'names of Object.prototype',
    request: edited('Upgrade:', '__proto__: x\r\nconstructor: y\r\nUpgrade:')
  },
  { name: 'two spaces in the request line', request: edited('GET / ', 'GET  / ') },
  { name: 'a tab in the request line', request: edited('GET / ', 'GET\t/ ') },
  {
    name: 'a trailing space in the request line',
    request: edited('HTTP/1.1\r\n', 'HTTP/1.1 \r\n')
  },

  // Sizes
  { name: 'a field of 12 KiB', request: upgrade({ 'X-Large': 'a'.repeat(12 * 1024) }) },
  { name: 'a field of 20 KiB', request: upgrade({ 'X-Large': 'a'.repeat(20 * 1024) }) },
  { name: 'a field of 1 MiB', request: upgrade({ 'X-Large': 'a'.repeat(1 << 20) }) },
  { name: '1,900 fields', request: `${REQUEST.slice(0, -2)}${'a:b\r\n'.repeat(1900)}\r\n` },
  {
    name: '2,001 fields, the handshake first',
    request: `${REQUEST.slice(0, -2)}${'a:b\r\n'.repeat(2001)}\r\n`,
    stricter: 431
  },
  {
    name: '2,001 fields, the handshake last',
    request: REQUEST.replace('Host', `${'a:b\r\n'.repeat(2001)}Host`),
    stricter: 431
  },

  // Plain HTTP
  {
    name: 'a plain request',
    request: 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
  },
  {
    name: 'a plain request that would go on',
    request: 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'
  },
  { name: 'a plain request of HTTP/1.0', request: 'GET / HTTP/1.0\r\n\r\n' },
  {
    name: 'a plain HEAD',
    request: 'HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
  },
  {
    name: 'a plain POST with a body',
    request:
      'POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello'
  },
  {
    name: 'two plain requests at once',
    request:
      'GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
  },

  // After a refusal nothing counts as another request
  {
    name: 'a refused request and another one',
    request: upgrade({ 'Sec-WebSocket-Key': null }) + REQUEST
  },
  {
    name: 'a refused request with a body and another one',
    request: `${upgrade({ 'Sec-WebSocket-Version': '1', 'Content-Length': '5' })}hello${REQUEST}`
  }
];

module.exports = { cases, upgrade };
