'use strict';

// The opening handshake of the client: what it sends, what it accepts, how it fails.

const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { once } = require('node:events');

const certificate = require('./certificate');
const oracle = require('./oracle');
const { frame } = require('./raw-peer');
const { accepted, rawServer } = require('./raw-server');

/** A request without what differs from run to run. */
function stable(head, port) {
  return head
    .replace(/(sec-websocket-key): .{24}\r\n/i, '$1: KEY\r\n')
    .replaceAll(`:${port}`, ':PORT')
    .split('\r\n');
}

oracle.once('arguments that are refused', async (stage) => {
  for (const args of [
    [],
    [null],
    [undefined],
    [''],
    ['foo'],
    ['/path'],
    ['ftp://localhost'],
    ['ws+unix:'],
    ['ws://localhost/#fragment'],
    ['http://localhost/#'],
    ['ws://localhost:99999'],
    ['ws://localhost', 'a b'],
    ['ws://localhost', ''],
    ['ws://localhost', null],
    ['ws://localhost', ['a', 'a']],
    ['ws://localhost', ['a', 5]],
    ['ws://localhost', [], { protocolVersion: 12 }],
    ['ws://localhost', { protocolVersion: '13' }],
    ['ws://localhost', { protocols: ['ü'] }],
    ['ws://localhost', undefined, { protocols: 'a,b' }]
  ]) {
    try {
      const ws = new stage.WebSocket(...args);
      ws.on('error', () => {});
      ws.terminate();
      stage.log('accepted', args);
    } catch (err) {
      stage.log(err.name, err.message);
    }
  }
});

const REQUESTS = {
  plain: ['/'],
  'path and query': ['/a/b?c=d&e'],
  subprotocols: ['/', ['chat', 'x-y']],
  'one subprotocol': ['/', 'chat'],
  'subprotocols in the options': ['/', { protocols: ['chat', 'two'] }],
  'the argument wins over the option': ['/', 'chat', { protocols: 'other' }],
  'an empty list wins over the option': ['/', [], { protocols: 'other' }],
  origin: ['/', { origin: 'http://origin' }],
  'version 8': ['/', { protocolVersion: 8, origin: 'http://origin' }],
  headers: [
    '/',
    { headers: { 'X-A': 'b', Cookie: 'c=d', Upgrade: 'mine', 'sec-websocket-key': 'mine' } }
  ],
  auth: ['/', { auth: 'user:pass' }],
  'fixed options': [
    '/x',
    { path: '/y', host: 'nowhere', port: 1, method: 'POST', protocol: 'foo:' }
  ]
};

for (const [name, [target, ...args]] of Object.entries(REQUESTS)) {
  oracle.once(`request: ${name}`, async (stage) => {
    await rawServer(stage, (peer, head) => {
      stage.log(stable(head, stage.port));
      peer.write('HTTP/1.1 400 Bad Request\r\n\r\n');
      peer.socket.end();
    });
    const copies = args.map((arg) => (typeof arg === 'string' ? arg : structuredClone(arg)));
    const ws = stage.client(target, ...copies);
    stage.log(ws.readyState, ws.url.replace(stage.port, 'PORT'), ws.protocol, ws.extensions);
    await oracle.event(ws, 'error');
  });
}

oracle.once('credentials in the address', async (stage) => {
  await rawServer(stage, (peer, head) => {
    stage.log(stable(head, stage.port));
    peer.socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
  });
  for (const credentials of ['user:pass', 'user', ':pass', 'u%40s%3Aer:p%ss', 'a%zz:b']) {
    const ws = stage.client(`ws://${credentials}@127.0.0.1:${stage.port}/`, { auth: 'other' });
    await oracle.event(ws, 'error');
  }
});

oracle.once('http, https and URL objects as addresses', async (stage) => {
  await rawServer(stage, (peer, head) => {
    stage.log(stable(head, stage.port));
    peer.socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
  });
  const address = new URL(`http://127.0.0.1:${stage.port}/x?y`);
  const ws = new stage.WebSocket(address, { perMessageDeflate: false });

  stage.log(ws.url.replace(stage.port, 'PORT'), address.href.replace(stage.port, 'PORT'));
  await oracle.event(ws, 'error');
  const secure = new stage.WebSocket('https://127.0.0.1:1/');
  stage.log(secure.url);
  await oracle.event(secure, 'error');
});

oracle.once('default ports are left out of Host', async (stage) => {
  await rawServer(stage, (peer, head) => {
    stage.log(stable(head, stage.port));
    peer.socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
  });
  for (const address of ['ws://example.test/', 'ws://example.test:80/', 'ws://[::1]/']) {
    const ws = stage.client(address, {
      createConnection(options) {
        stage.log(options.host, options.port, options.path, options.timeout);
        return net.connect(stage.port, '127.0.0.1');
      }
    });
    await oracle.event(ws, 'error');
  }
});

oracle.once('the order of a successful handshake', async (stage) => {
  await rawServer(stage, (peer, head) => {
    peer.write(accepted(head), frame(1, 'with the answer', { mask: false }));
  });
  const ws = stage.client('/');

  ws.on('upgrade', (response) => {
    stage.log('upgrade', ws.readyState, response.statusCode, response.headers.upgrade);
  });
  ws.on('open', (...args) => {
    stage.log('open', ws.readyState, args.length, ws._req, ws._redirects, ws.bufferedAmount);
    stage.log('end of open');
  });
  const message = oracle.event(ws, 'message');
  ws.on('message', (data) => stage.log('message', data));
  await message;
});

oracle.once('closing as the first thing', async (stage) => {
  await rawServer(stage, async (peer, head) => {
    peer.write(accepted(head));
    stage.log((await peer.read(6)).subarray(0, 2));
    peer.write(Buffer.from([0x88, 0]));
    peer.socket.end();
  });
  const ws = stage.client('/');

  ws.on('open', ws.close);
  stage.log(await oracle.event(ws, 'close'));
});

oracle.once('a subprotocol is chosen', async (stage) => {
  await rawServer(stage, (peer, head) => {
    peer.write(accepted(head, { 'Sec-WebSocket-Protocol': 'two' }));
  });
  const ws = stage.client('/', ['one', 'two']);

  stage.log(ws.protocol);
  await oracle.event(ws, 'open');
  stage.log(ws.protocol, ws.extensions);
});

const ANSWERS = {
  'status 200': () => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi',
  'status 401': () => 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n',
  'redirect, not followed': () => 'HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n',
  'no upgrade header': (head) => accepted(head, { Upgrade: undefined }),
  'wrong upgrade header': (head) => accepted(head, { Upgrade: 'foo' }),
  'upgrade in capitals': (head) =>
    accepted(head, { Upgrade: 'WEBSOCKET', 'Sec-WebSocket-Accept': 'x' }),
  'no accept header': (head) => accepted(head, { 'Sec-WebSocket-Accept': undefined }),
  'wrong accept header': (head) => accepted(head, { 'Sec-WebSocket-Accept': 'foo' }),
  'a subprotocol that was not asked for': (head) =>
    accepted(head, { 'Sec-WebSocket-Protocol': 'x' }),
  'an extension that was not asked for': (head) =>
    accepted(head, { 'Sec-WebSocket-Extensions': 'permessage-deflate' }),
  garbage: () => 'garbage\r\n\r\n',
  nothing: () => ''
};

for (const [name, answer] of Object.entries(ANSWERS)) {
  oracle.once(`answer: ${name}`, async (stage) => {
    await rawServer(stage, (peer, head) => {
      peer.write(answer(head));
      if (answer(head) === '') peer.socket.end();
    });
    const ws = stage.watch(stage.client('/'));

    await oracle.event(ws, 'close');
    stage.log(ws.readyState, ws._socket, ws.bufferedAmount);
  });
}

for (const [name, headers] of Object.entries({
  'no subprotocol': {},
  'another subprotocol': { 'Sec-WebSocket-Protocol': 'three' },
  'an empty subprotocol': { 'Sec-WebSocket-Protocol': '' }
})) {
  oracle.once(`answer with ${name}`, async (stage) => {
    await rawServer(stage, (peer, head) => peer.write(accepted(head, headers)));
    const ws = stage.watch(stage.client('/', ['one', 'two']));
    await oracle.event(ws, 'close');
  });
}

oracle.once('nobody listens', async (stage) => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');

  const ws = stage.client(`ws://127.0.0.1:${port}`);
  ws.on('error', (err) => stage.log(err.code, err.syscall, ws.readyState));
  ws.on('close', (...args) => stage.log('close', ws.readyState, ...args));
  stage.log('sync', ws.readyState);
  await oracle.event(ws, 'close');
});

oracle.once('unexpected-response', async (stage) => {
  await rawServer(stage, (peer) => {
    peer.write('HTTP/1.1 404 Not Found\r\nX-Y: z\r\nContent-Length: 4\r\n\r\nbody');
  });
  const ws = stage.watch(stage.client('/'));
  const body = await new Promise((resolve) => {
    ws.on('unexpected-response', (request, response) => {
      stage.log(ws.readyState, response.statusCode, response.headers, request.path);
      response.on('data', (data) => resolve(data));
    });
  });
  stage.log(body, ws.readyState);
  const closed = oracle.event(ws, 'close');
  ws.terminate();
  stage.log(ws.readyState);
  await closed;
});

oracle.once('handshakeTimeout', async (stage) => {
  await rawServer(stage, () => {});
  const ws = stage.watch(stage.client('/', { handshakeTimeout: 30 }));
  await oracle.event(ws, 'close');
});

for (const method of ['close', 'terminate']) {
  oracle.once(`${method}() while connecting`, async (stage) => {
    await rawServer(stage, () => {});
    const ws = stage.watch(stage.client('/'));

    ws[method]();
    stage.log('state', ws.readyState);
    process.nextTick(() => stage.log('tick'));
    await oracle.event(ws, 'close');
    ws[method]();
    stage.log('after', ws.readyState);
  });

  oracle.once(`${method}() in the upgrade event`, async (stage) => {
    await rawServer(stage, (peer, head) => peer.write(accepted(head)));
    const ws = stage.watch(stage.client('/'));

    ws.on('upgrade', () => ws[method]());
    await oracle.event(ws, 'close');
  });

  oracle.once(`${method}() after the request reached the server`, async (stage) => {
    await rawServer(stage, (peer) => {
      ws[method]();
      stage.log('state', ws.readyState);
    });
    const ws = stage.watch(stage.client('/'));
    await oracle.event(ws, 'close');
  });
}

oracle.once('methods while connecting', async (stage) => {
  await rawServer(stage, () => {});
  const ws = stage.client('/');

  for (const method of ['send', 'ping', 'pong', 'pause', 'resume']) {
    try {
      stage.log(
        method,
        ws[method]('x', () => stage.log('never'))
      );
    } catch (err) {
      stage.log(method, err);
    }
  }
  stage.log(ws.isPaused, ws.bufferedAmount, ws.binaryType, ws._socket);
});

oracle.once('finishRequest', async (stage) => {
  await rawServer(stage, (peer, head) => {
    stage.log(/x-late: .*/i.exec(head)[0]);
    peer.write(accepted(head));
  });
  const ws = stage.client('/', {
    finishRequest(request, websocket) {
      stage.log('finishRequest', websocket.readyState, request instanceof http.ClientRequest);
      setImmediate(() => {
        request.setHeader('X-Late', 'yes');
        request.end();
      });
    }
  });
  await oracle.event(ws, 'open');
});

oracle.once('an agent of the user', async (stage) => {
  await rawServer(stage, (peer, head) => {
    stage.log(stable(head, stage.port));
    peer.write(accepted(head));
  });
  const agent = new http.Agent();
  const create = agent.createConnection;
  agent.createConnection = (...args) => {
    stage.log('createConnection', args[0].host, typeof args[0].createConnection);
    return create.apply(agent, args);
  };
  const ws = stage.client('/', { agent });
  await oracle.event(ws, 'open');
  stage.log(ws._socket instanceof net.Socket);
});

oracle.once('a lookup that fails', async (stage) => {
  const ws = stage.client('ws://nowhere.test/', {
    lookup(host, options, callback) {
      stage.log('lookup', host);
      callback(Object.assign(new Error('no such host'), { code: 'ENOTFOUND' }));
    }
  });
  stage.watch(ws);
  await oracle.event(ws, 'close');
});

oracle.once('Unix sockets', async (stage) => {
  const file = path.join(
    os.tmpdir(),
    `ferrows-${process.pid}-${Math.random().toString(36).slice(2)}`
  );

  await rawServer(
    stage,
    (peer, head) => {
      stage.log(stable(head, '-'));
      peer.write(accepted(head), frame(1, 'hello', { mask: false }));
    },
    { path: file }
  );

  for (const suffix of [':/path?query', '', ':/a:b']) {
    const ws = stage.client(`ws+unix:${file}${suffix}`, {});
    stage.log(ws.url.replace(file, 'FILE'));
    stage.log((await oracle.event(ws, 'message'))[0]);
    ws.terminate();
    await oracle.event(ws, 'close');
  }
});

oracle.once('TLS', async (stage) => {
  await rawServer(
    stage,
    (peer, head) => {
      stage.log(stable(head, stage.port), peer.socket.servername);
      peer.write(accepted(head), frame(1, 'hello', { mask: false }));
    },
    { secure: certificate }
  );

  for (const [host, options] of [
    ['127.0.0.1', {}],
    ['127.0.0.1', { servername: 'given.test' }],
    ['127.0.0.1', { servername: '' }]
  ]) {
    const ws = stage.client(`wss://${host}:${stage.port}`, {
      rejectUnauthorized: false,
      ...options
    });
    stage.log((await oracle.event(ws, 'message'))[0], ws._socket.encrypted);
    ws.terminate();
    await oracle.event(ws, 'close');
  }

  const ws = stage.client(`wss://127.0.0.1:${stage.port}`, {});
  const [err] = await oracle.event(ws, 'error');
  stage.log(err.code);
});

oracle.once('setSocket on a Duplex without a descriptor', async (stage) => {
  const { duplexPair } = require('./duplex-pair');
  const [near, far] = duplexPair();
  const ws = new stage.WebSocket(null, undefined, { isServer: false });

  ws._isServer = false;
  stage.watch(ws);
  ws.setSocket(near, Buffer.alloc(0), { maxPayload: 0 });
  stage.log(ws.readyState, ws._socket === near);
  const sent = once(far, 'data');
  ws.send('hi');
  stage.log((await sent)[0].subarray(0, 2));
  const got = oracle.event(ws, 'message');
  far.write(frame(2, 'payload', { mask: false }));
  await got;
  const closed = oracle.event(ws, 'close');
  far.write(frame(8, '', { mask: false }));
  far.end();
  far.resume();
  await closed;
});
