'use strict';

/** What the application itself does wrong: options of the wrong kind, a port in use, a path registered twice. */

const assert = require('node:assert');
const { execFile } = require('node:child_process');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { promisify } = require('node:util');
const { WebSocket } = require('ws');
const { caught } = require('../scenario/caught.js');
const { ORIGINAL, SUBJECT } = require('../scenario/harness.js');

const ROOT = path.join(__dirname, '..', '..');
const run = promisify(execFile);

/** Runs something and describes how it failed, or that it did not. */
const failure = (action) => {
  try {
    const made = action();
    if (made && typeof made.close === 'function') made.close();
    return 'no error';
  } catch (err) {
    return { class: err.constructor.name, code: err.code, message: err.message };
  }
};
/** The same without the text, for errors whose text names an object. */
const kindOf = ({ class: name, code }) => `${name} ${code}`;

/** Options that WebSocketServer cannot take. */
const SERVER_OPTIONS = {
  'no options': () => [],
  'empty options': () => [{}],
  'port and server': () => [{ port: 0, server: http.createServer() }],
  'port and noServer': () => [{ port: 0, noServer: true }],
  'server and noServer': () => [{ server: http.createServer(), noServer: true }],
  'all three': () => [{ port: 0, server: http.createServer(), noServer: true }],
  'port null': () => [{ port: null }],
  'port NaN': () => [{ port: NaN }],
  'port -1': () => [{ port: -1 }],
  'port 65536': () => [{ port: 65_536 }],
  'port 1.5': () => [{ port: 1.5 }],
  'port Infinity': () => [{ port: Infinity }],
  'port "http"': () => [{ port: 'http' }],
  'port {}': () => [{ port: {} }],
  'port []': () => [{ port: [] }],
  'port true': () => [{ port: true }],
  'host of the wrong kind': () => [{ port: 0, host: 5 }],
  'server of the wrong kind': () => [{ server: {} }],
  'noServer false': () => [{ noServer: false }]
};

/** Options that MultipathServer cannot take. */
const MULTIPATH_OPTIONS = {
  'no options': () => [],
  'no port': () => [{}],
  'port as a string': () => [{ port: '0' }],
  'port null': () => [{ port: null }],
  'port NaN': () => [{ port: NaN }],
  'port -1': () => [{ port: -1 }],
  'port 65536': () => [{ port: 65_536 }],
  'options null': () => [null]
};

/** Options that createHandler cannot take, on a server with the path /taken. */
const HANDLER_OPTIONS = {
  'no options': () => [],
  'no path': () => [{}],
  'path as a number': () => [{ path: 5 }],
  'path null': () => [{ path: null }],
  'with port': () => [{ path: '/a', port: 1 }],
  'with host': () => [{ path: '/a', host: 'localhost' }],
  'with server': () => [{ path: '/a', server: http.createServer() }],
  'a path registered twice': () => [{ path: '/taken' }]
};

describe('wrong options', () => {
  for (const [name, args] of Object.entries(SERVER_OPTIONS)) {
    it(`WebSocketServer: ${name}`, () => {
      const [wanted, got] = [ORIGINAL, SUBJECT].map(({ ws }) =>
        failure(() => new (require(ws).WebSocketServer)(...args()))
      );
      assert.deepStrictEqual(got, wanted);
    });
  }

  it('WebSocketServer without new', () => {
    const [wanted, got] = [ORIGINAL, SUBJECT].map(({ ws }) =>
      failure(() => require(ws).WebSocketServer({ port: 0 }))
    );
    assert.strictEqual(kindOf(got), kindOf(wanted));
  });

  for (const [name, args] of Object.entries(MULTIPATH_OPTIONS)) {
    it(`MultipathServer: ${name}`, () => {
      const [wanted, got] = [ORIGINAL, SUBJECT].map(({ multipath }) =>
        failure(() => new (require(multipath))(...args()))
      );
      assert.strictEqual(kindOf(got), kindOf(wanted));
      if (name !== 'options null') assert.match(got.message, /options|port/);
    });
  }

  for (const [name, args] of Object.entries(HANDLER_OPTIONS)) {
    it(`createHandler: ${name}`, (t) => {
      const failures = [];
      for (const { multipath } of [ORIGINAL, SUBJECT]) {
        const { server } = caught(() => new (require(multipath))({ port: 0 }));
        t.after(() => server.close());
        server.createHandler({ path: '/taken' });
        failures.push(failure(() => server.createHandler(...args())));
      }
      assert.deepStrictEqual(failures[1], failures[0]);
      assert.notStrictEqual(failures[0], 'no error');
    });
  }

  it('createServerFrom without a server', () => {
    const [wanted, got] = [ORIGINAL, SUBJECT].map(({ wss }) =>
      failure(() => require(wss).createServerFrom())
    );
    assert.deepStrictEqual(got, wanted);
  });
});

describe('a port in use', { timeout: 30_000 }, () => {
  let occupant;
  before(async () => {
    occupant = net.createServer().listen(0, '127.0.0.1').unref();
    await once(occupant, 'listening');
  });
  after(() => occupant.close());

  /** The 'error' of a server that cannot bind. */
  const bindError = async (make) => {
    const [err] = await new Promise((resolve) => make().on('error', (...args) => resolve(args)));
    const { code, errno, syscall, address, port, message } = err;
    return { code, errno, syscall, address, port, message, class: err.constructor.name };
  };

  it('WebSocketServer', async () => {
    const options = { port: occupant.address().port, host: '127.0.0.1' };
    const make =
      ({ ws }) =>
      () =>
        new (require(ws).WebSocketServer)(options);
    const wanted = await bindError(make(ORIGINAL));
    assert.strictEqual(wanted.code, 'EADDRINUSE');
    assert.deepStrictEqual(await bindError(make(SUBJECT)), wanted);
  });

  it('wss, a port and a path', async () => {
    for (const args of [[occupant.address().port, '127.0.0.1'], ['/nowhere/at/all.sock']]) {
      const make =
        ({ wss }) =>
        () => {
          const server = require(wss).createServer();
          server.listen(...args);
          return server;
        };
      assert.deepStrictEqual(await bindError(make(SUBJECT)), await bindError(make(ORIGINAL)));
    }
  });

  it('MultipathServer: an uncaught exception, or an error event for who listens', async () => {
    // The original binds all addresses, so it needs a port that is taken there too.
    const everywhere = net.createServer().listen(0).unref();
    await once(everywhere, 'listening');
    const { port } = everywhere.address();
    const program = (name) =>
      `const M = require(${JSON.stringify(name)}); new M({ port: ${port} });`;
    for (const { multipath } of [ORIGINAL, SUBJECT]) {
      const { code, stderr } = await run(process.execPath, ['-e', program(multipath)], {
        cwd: ROOT
      }).then(
        () => ({ code: 0, stderr: '' }),
        (err) => err
      );
      assert.strictEqual(code, 1);
      assert.match(stderr, /listen EADDRINUSE: address already in use/);
    }
    if (SUBJECT !== ORIGINAL) {
      const err = await bindError(() => new (require(SUBJECT.multipath))({ port }));
      assert.strictEqual(err.code, 'EADDRINUSE');
    }
    everywhere.close();
  });

  it('leaves the occupant alone and can be tried again', async () => {
    const { WebSocketServer } = require(SUBJECT.ws);
    const { port } = occupant.address();
    const failed = new WebSocketServer({ port, host: '127.0.0.1' });
    await new Promise((resolve) => failed.on('error', resolve));
    assert.strictEqual(occupant.listening, true);
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    const client = new WebSocket(`ws://127.0.0.1:${server.address().port}`);
    await once(client, 'open');
    client.terminate();
    await new Promise((resolve) => server.close(resolve));
  });
});
