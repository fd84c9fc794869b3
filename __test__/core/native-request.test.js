'use strict';

// The request of the native listener beside the one of Node's HTTP server.

const assert = require('node:assert');
const http = require('node:http');
const { finished, pipeline, Writable } = require('node:stream');
const { test } = require('node:test');
const { setImmediate: turn } = require('node:timers/promises');

const compare = require('./compare');

/** @param {string[]} lines Header lines; @returns {string} A request with them */
const request = (lines, start = 'GET /path?q=1 HTTP/1.1') =>
  [start, 'Connection: Upgrade', 'Upgrade: thing', ...lines, '', ''].join('\r\n');

/** Every field that Node folds in a way of its own, and a few that it does not know. */
const NAMES = [
  'Accept',
  'Accept-Encoding',
  'Age',
  'Authorization',
  'Cache-Control',
  'Content-Type',
  'Cookie',
  'Date',
  'ETag',
  'Expires',
  'From',
  'If-Match',
  'If-Modified-Since',
  'If-None-Match',
  'If-Unmodified-Since',
  'Last-Modified',
  'Location',
  'Max-Forwards',
  'Origin',
  'Proxy-Authorization',
  'Referer',
  'Retry-After',
  'Sec-WebSocket-Extensions',
  'Sec-WebSocket-Key',
  'Sec-WebSocket-Protocol',
  'Sec-WebSocket-Version',
  'Server',
  'Set-Cookie',
  'User-Agent',
  'Vary',
  'Via',
  'X-Forwarded-For',
  'X-Odd'
];

function describe(stage, message) {
  stage.log(message instanceof http.IncomingMessage);
  stage.log(message.method, message.url);
  stage.log(message.httpVersion, message.httpVersionMajor, message.httpVersionMinor);
  stage.log(message.rawHeaders);
  stage.log(Object.entries(message.headers));
  stage.log(Object.entries(message.headersDistinct));
  const { headers, headersDistinct, rawHeaders } = message;
  stage.log(message.headers === headers, message.rawHeaders === rawHeaders);
  stage.log(message.headersDistinct === headersDistinct);
  stage.log(message.trailers, message.trailersDistinct, message.rawTrailers);
  stage.log(message.complete, message.aborted, message.upgrade, message.destroyed);
  stage.log(message.statusCode, message.statusMessage, message.joinDuplicateHeaders);
  stage.log(message.socket === message.connection, message.socket === message.client);
}

compare('a plain request', async (stage) => {
  const { request: message, socket } = await stage.upgrade(request(['Host: h:1', 'X-A: b']));

  describe(stage, message);
  stage.log(message.socket === socket);
});

compare('every field once', async (stage) => {
  const { request: message } = await stage.upgrade(
    request(['Host: h', ...NAMES.map((name, i) => `${name}: value ${i}`)])
  );

  describe(stage, message);
});

compare('every field three times, in three cases', async (stage) => {
  const lines = NAMES.flatMap((name, i) => [
    `${name}: a${i}`,
    `${name.toLowerCase()}: b${i}`,
    `${name.toUpperCase()}: c${i}`
  ]);
  const { request: message } = await stage.upgrade(request(['Host: h', ...lines]));

  describe(stage, message);
});

compare('names of Object.prototype', async (stage) => {
  const lines = ['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'valueOf'].flatMap(
    (name) => [`${name}: 1`, `${name}: 2`]
  );
  const { request: message } = await stage.upgrade(request(['Host: h', ...lines]));

  describe(stage, message);
  stage.log({}.polluted, Object.getPrototypeOf(message.headers) === Object.prototype);
});

compare('white space, empty values and bytes above 127', async (stage) => {
  const { request: message } = await stage.upgrade(
    request([
      'Host: h',
      'X-Empty:',
      'X-Blank:   ',
      'X-Around: \t a b \t ',
      'X-Latin: \xe9\xff\x80',
      'Cookie: a=1',
      'Cookie:',
      'X-None:x'
    ])
  );

  describe(stage, message);
});

compare('other methods, targets and versions', async (stage) => {
  for (const start of [
    'POST /p HTTP/1.1',
    'OPTIONS * HTTP/1.1',
    'GET http://host:80/p?x#y HTTP/1.1',
    'M-SEARCH / HTTP/1.1',
    'GET /p HTTP/1.0'
  ]) {
    const { request: message } = await stage.upgrade(request(['Host: h'], start));

    describe(stage, message);
  }
});

compare('many headers', async (stage) => {
  const lines = Array.from({ length: 500 }, (_, i) => `X-${i % 250}: ${i}`);
  const { request: message } = await stage.upgrade(request(['Host: h', ...lines]));

  describe(stage, message);
});

compare('members can be assigned', async (stage) => {
  const { request: message } = await stage.upgrade();

  for (const name of [
    'method',
    'url',
    'headers',
    'headersDistinct',
    'rawHeaders',
    'httpVersion',
    'httpVersionMinor',
    'rawTrailers',
    'client',
    'complete',
    'aborted',
    'upgrade',
    'statusCode'
  ]) {
    try {
      message[name] = 'mine';
      stage.log(name, message[name]);
    } catch (err) {
      stage.log(name, err.constructor.name);
    }
  }
});

for (const [name, use] of [
  ["on('data')", (message, log) => message.on('data', log)],
  ["on('readable')", (message, log) => message.on('readable', () => log(message.read()))],
  ['resume()', (message) => message.resume()],
  ['pipe()', (message, log) => message.pipe(new Writable({ write: log }))],
  ['read()', (message, log) => log(message.read())],
  ['setEncoding()', (message, log) => log(message.setEncoding('utf8') === message)],
  ['pause()', (message, log) => log(message.pause().isPaused())],
  ['unshift()', (message, log) => log(message.unshift(Buffer.from('x')))],
  ['finished()', (message, log) => finished(message.resume(), log)],
  [
    'pipeline()',
    (message, log) => pipeline(message, new Writable({ write() {} }), (err) => log(err))
  ],
  [
    'for await',
    async (message, log) => {
      for await (const chunk of message) log(chunk);
      log('end of iteration');
    }
  ],
  ['destroy()', (message, log) => log(message.destroy() === message, message.destroyed)],
  ['destroy(err)', (message) => message.destroy(new Error('mine'))],
  ['resume(), then destroy()', (message) => message.resume().on('end', () => message.destroy())],
  ['setTimeout()', (message, log) => log(message.setTimeout(0) === message)],
  [
    'listeners',
    (message, log) => {
      const listener = () => log('heard');

      message.once('x', listener).on('x', listener).off('x', listener);
      log(message.emit('x'), message.emit('x'), message.eventNames().includes('x'));
      message.removeAllListeners('x');
      log(message.emit('x'), message.listenerCount('x'), message.getMaxListeners());
    }
  ],
  ['_dump()', (message) => message._dump()]
]) {
  compare(`used as a stream: ${name}`, async (stage) => {
    const { request: message, socket } = await stage.upgrade();
    const error = [];

    // The order against the socket's own events is that of two objects.
    stage.watch(message, 'request', ['end', 'close', 'aborted', 'error']);
    socket.on('error', (err) => error.push(err.message));
    await use(message, (...args) => stage.log(name, ...args));
    for (let i = 0; i < 5; i++) await turn();
    stage.log(message.readable, message.readableEnded, message.destroyed, message.aborted);
    stage.log(socket.destroyed, error);
  });
}

test('the bytes are decoded once and let go', async () => {
  const { RequestRecord } = require('../../lib/core/request-record');
  const head = Buffer.from('GET /x HTTP/1.1\r\nHost: h\r\n\r\n', 'latin1');
  const remote = '10.0.0.1';
  const local = '::1';
  const words = Int32Array.of(
    ...[7, -1, 1, 1234, 80, remote.length, local.length, head.length, 3, 4, 6, 1],
    ...[17, 21, 23, 24]
  );
  const bytes = Buffer.concat([
    Buffer.from(words.buffer),
    Buffer.from(remote + local, 'latin1'),
    head
  ]);
  const slab = Buffer.from(new ArrayBuffer(256));
  bytes.copy(slab, 8);
  const record = new RequestRecord({ bytes: slab.subarray(8, 8 + bytes.length), offset: 0 });

  assert.strictEqual(record.route, -1);
  assert.strictEqual(record.method, 'GET');
  // From here on the slab may be anybody's.
  slab.fill(0);
  assert.strictEqual(record.target, '/x');
  assert.strictEqual(record.minor, 1);
  assert.deepStrictEqual(record.rawHeaders, ['Host', 'h']);
  assert.strictEqual(record.remoteAddress, remote);
  assert.strictEqual(record.remotePort, 1234);
  assert.strictEqual(record.localAddress, local);
  assert.strictEqual(record.localPort, 80);
  assert.strictEqual(record.headLength, head.length);
});
