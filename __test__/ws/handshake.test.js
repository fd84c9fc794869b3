'use strict';

// The opening handshake of the server: what is refused with which bytes, what is accepted.

const { once } = require('node:events');
const oracle = require('./oracle');
const { KEY, requestHead } = require('./raw-peer');

/** Sends a request and logs the whole answer without its date. */
async function ask(stage, change, raw) {
  const peer = await stage.raw();

  peer.socket.write(raw ?? requestHead(change));
  const head = await peer.readHead();
  const [, length] = /content-length: (\d+)/i.exec(head) ?? [];
  const body = length === undefined ? '' : (await peer.read(Number(length))).toString();

  stage.log(head.replace(/Date: [^\r]+/, 'Date: -'), body);
  return peer;
}

/** Requests that are answered alike in every mode, as changes of the one in RFC 6455. */
const REQUESTS = {
  plain: {},
  'version 8': { headers: { 'Sec-WebSocket-Version': '8' } },
  'version 13.0': { headers: { 'Sec-WebSocket-Version': '13.0' } },
  'version 12': { headers: { 'Sec-WebSocket-Version': '12' } },
  'version x': { headers: { 'Sec-WebSocket-Version': 'x' } },
  'no version': { headers: { 'Sec-WebSocket-Version': undefined } },
  'no key': { headers: { 'Sec-WebSocket-Key': undefined } },
  'short key': { headers: { 'Sec-WebSocket-Key': 'abc==' } },
  'key with a bad character': { headers: { 'Sec-WebSocket-Key': KEY.replace('G', '!') } },
  'key without padding': { headers: { 'Sec-WebSocket-Key': KEY.replace('==', '') } },
  POST: { method: 'POST' },
  'POST and wrong upgrade': { method: 'POST', headers: { Upgrade: 'foo' } },
  'upgrade to something else': { headers: { Upgrade: 'foo' } },
  'upgrade list': { headers: { Upgrade: 'websocket, foo' } },
  'upgrade in capitals': { headers: { Upgrade: 'WebSocket' } },
  'connection list': { headers: { Connection: 'keep-alive, Upgrade' } },
  'HTTP/1.0': { version: 'HTTP/1.0', headers: { Connection: 'Upgrade' } },
  'no host': { version: 'HTTP/1.0', headers: { Host: undefined } },
  'path with query': { target: '/a/b?c=d' },
  'one subprotocol': { headers: { 'Sec-WebSocket-Protocol': 'chat' } },
  'two subprotocols': { headers: { 'Sec-WebSocket-Protocol': 'chat, superchat' } },
  'empty subprotocol': { headers: { 'Sec-WebSocket-Protocol': 'chat,,x' } },
  'subprotocol twice': { headers: { 'Sec-WebSocket-Protocol': 'chat,chat' } },
  'deflate, which is off': {
    headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' }
  },
  'extension header that does not parse, deflate off': {
    headers: { 'Sec-WebSocket-Extensions': ';;' }
  },
  'lower-case names': {
    headers: {
      Upgrade: undefined,
      upgrade: 'websocket',
      'Sec-WebSocket-Key': undefined,
      'sec-websocket-key': KEY
    }
  }
};

for (const [name, change] of Object.entries(REQUESTS)) {
  oracle(`request: ${name}`, async (stage) => {
    const wss = await stage.serve();

    wss.on('connection', (ws, request) => {
      stage.log('connection', ws.readyState, ws.protocol, ws.extensions, request.url, ws.url);
      stage.log(request.method, request.httpVersion, request.headers, request.rawHeaders);
    });
    await ask(stage, change);
  });
}

oracle('answers are closed by the server', async (stage) => {
  await stage.serve();
  const peer = await ask(stage, { method: 'PUT' });
  stage.log('rest', await peer.readAll());
});

oracle('the path is compared up to the question mark', async (stage) => {
  const wss = await stage.serve({ path: '/foo' });

  stage.log(
    [{ url: '/foo' }, { url: '/foo?bar' }, { url: '/bar' }].map((r) => wss.shouldHandle(r))
  );
  for (const target of ['/foo', '/foo?x', '/foo/', '/Foo', '/', '/foo%20', '//foo', '*']) {
    await ask(stage, { target });
  }
});

oracle('an unknown path is never a wsClientError', async (stage) => {
  const wss = await stage.serve({ path: '/foo' });

  wss.on('wsClientError', () => stage.log('wsClientError'));
  await ask(stage, { target: '/bar' });
});

oracle('shouldHandle can be overridden', async (stage) => {
  const wss = await stage.serve();

  wss.shouldHandle = (request) => {
    stage.log('shouldHandle', request.url, request.headers.host);
    return request.url === '/yes';
  };
  await ask(stage, { target: '/yes' });
  await ask(stage, { target: '/no' });
});

oracle('wsClientError takes the place of the answer', async (stage) => {
  const wss = await stage.serve({ perMessageDeflate: true });

  wss.on('wsClientError', function onError(err, socket, request) {
    stage.log(this === wss, err, request.url, socket.writable, socket.destroyed);
    stage.log(socket === request.socket || stage.mode === 'duplex');
    socket.end(`HTTP/1.1 418 ${err.message.length}\r\n\r\n`);
  });

  for (const change of [
    { method: 'POST' },
    { headers: { Upgrade: 'foo' } },
    { headers: { 'Sec-WebSocket-Key': 'x' } },
    { headers: { 'Sec-WebSocket-Version': '7' } },
    { headers: { 'Sec-WebSocket-Protocol': ',' } },
    { headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; foo' } }
  ]) {
    await ask(stage, change);
  }
});

oracle('with deflate on, unacceptable offers are refused', async (stage) => {
  await stage.serve({ perMessageDeflate: { serverNoContextTakeover: false } });

  for (const value of [
    ';',
    'permessage-deflate; foo',
    'permessage-deflate; server_max_window_bits=20',
    'permessage-deflate; server_no_context_takeover',
    'x-other'
  ]) {
    await ask(stage, { headers: { 'Sec-WebSocket-Extensions': value } });
  }
});

oracle('handleProtocols chooses', async (stage) => {
  const results = ['superchat', 'other', '', false, undefined];
  const wss = await stage.serve({
    handleProtocols(protocols, request) {
      stage.log('handleProtocols', protocols, request.url, this === wss.options);
      return results.shift();
    }
  });

  wss.on('connection', (ws) => stage.log('protocol', ws.protocol));
  await ask(stage, {});
  for (let i = 0; i < 5; i++) {
    await ask(stage, { headers: { 'Sec-WebSocket-Protocol': 'chat,superchat' } });
  }
});

oracle('the headers event may change the answer', async (stage) => {
  const wss = await stage.serve();

  wss.on('headers', function onHeaders(lines, request) {
    stage.log(this === wss, [...lines], request.url, wss.clients.size);
    lines.push('X-Added: 1', 'Set-Cookie: a=b');
    lines[0] = 'HTTP/1.1 101 Changed';
  });
  wss.on('connection', () => stage.log('connection'));
  await ask(stage, { headers: { 'Sec-WebSocket-Protocol': 'chat' } });
});

oracle('verifyClient, synchronous', async (stage) => {
  const results = [true, false, 'yes', 0];
  const wss = await stage.serve({
    verifyClient(info) {
      stage.log(Object.keys(info), info.origin, info.secure, info.req.url, this === wss.options);
      return results.shift();
    }
  });

  wss.on('wsClientError', () => stage.log('never'));
  for (const version of ['13', '8', '13', '8']) {
    await ask(stage, {
      headers: {
        Origin: 'http://origin',
        'Sec-WebSocket-Origin': 'http://old-origin',
        'Sec-WebSocket-Version': version
      }
    });
  }
});

oracle('verifyClient, asynchronous', async (stage) => {
  const results = [
    [true],
    [false],
    [false, 404],
    [false, 403, 'No way'],
    [false, 407, '', { 'Proxy-Authenticate': 'Basic', 'Content-Type': 'text/plain' }],
    [false, 499, 'odd']
  ];

  await stage.serve({
    verifyClient(info, done) {
      const result = results.shift();
      setImmediate(() => done(...result));
    }
  });

  while (results.length !== 0) await ask(stage, {});
});

oracle('an unknown status without a message throws', async (stage) => {
  await stage.serve({
    verifyClient(info, done) {
      try {
        done(false, 999);
      } catch (err) {
        stage.log(err);
        done(false, 400);
      }
    }
  });
  await ask(stage, {});
});

oracle('bytes that come while the client is verified are kept', async (stage) => {
  const { frame } = require('./raw-peer');
  let verified;
  const asked = new Promise((resolve) => {
    verified = resolve;
  });
  const wss = await stage.serve({ verifyClient: (info, done) => verified(done) });
  const connected = once(wss, 'connection');
  const peer = await stage.raw();

  peer.write(requestHead(), frame(1, 'with the request'));
  const done = await asked;
  peer.write(frame(1, 'while waiting'));
  await new Promise((resolve) => setTimeout(resolve, 30));
  done(true);

  const [ws] = await connected;
  await new Promise((resolve) => {
    ws.on('message', (data) => {
      stage.log('message', data);
      if (data.toString() === 'while waiting') resolve();
    });
  });
});

oracle('a client that goes while it is verified', async (stage) => {
  let verified;
  const asked = new Promise((resolve) => {
    verified = resolve;
  });
  const wss = await stage.serve({
    verifyClient: (info, done) => verified([info.req.socket, done])
  });

  wss.on('connection', () => stage.log('connection'));
  const peer = await stage.raw();
  peer.write(requestHead());
  const [socket, done] = await asked;
  socket.destroy();
  await peer.closed;
  done(true);
  stage.log('answer', peer.bytes.length);
});

oracle('early data is delivered after the connection event', async (stage) => {
  const { frame } = require('./raw-peer');
  const wss = await stage.serve();
  const got = new Promise((resolve) => {
    wss.on('connection', (ws, request) => {
      stage.log('connection');
      ws.on('message', (data, isBinary) => {
        stage.log('message', data, isBinary);
        if (data.length === 1) resolve();
      });
      stage.log('end of connection', request.socket === ws._socket || stage.mode === 'duplex');
    });
  });
  const peer = await stage.raw();

  peer.write(requestHead(), frame(1, 'early'), frame(2, 'x'));
  await got;
});

oracle('the order of a successful handshake', async (stage) => {
  class Mine extends stage.WebSocket {
    constructor(...args) {
      super(...args);
      stage.log('constructor', args.length, args[0], args[1], this.readyState);
    }

    emit(name, ...args) {
      if (name === 'open') stage.log('open', this.readyState, wss.clients.size, args.length);
      return super.emit(name, ...args);
    }
  }

  const wss = await stage.serve({
    WebSocket: Mine,
    verifyClient: () => {
      stage.log('verifyClient');
      return true;
    },
    handleProtocols: () => {
      stage.log('handleProtocols');
      return 'x';
    }
  });
  const connected = new Promise((resolve) => {
    wss.on('headers', (lines) => stage.log('headers', lines.length));
    wss.on('connection', function onConnection(...args) {
      const [ws] = args;

      stage.log('connection', this === wss, args.length, ws.readyState, wss.clients.has(ws));
      stage.log(ws instanceof Mine, ws.protocol, ws.isPaused, ws.bufferedAmount, ws.binaryType);
      resolve();
    });
  });

  await ask(stage, { headers: { 'Sec-WebSocket-Protocol': 'x' } });
  await connected;
});

oracle(
  'requests that are no upgrades',
  async (stage) => {
    await stage.serve();
    await ask(stage, { headers: { Upgrade: undefined, Connection: undefined } });
    await ask(stage, { headers: { Upgrade: undefined, Connection: 'close' } });
    await ask(stage, { headers: { Connection: 'keep-alive' } });
    await ask(stage, {
      version: 'HTTP/1.0',
      headers: { Upgrade: undefined, Connection: undefined }
    });
  },
  { modes: ['port'] }
);

oracle(
  'the same socket twice',
  async (stage) => {
    const wss = await stage.serve();
    const seen = new Promise((resolve) => {
      stage.httpServer.on('upgrade', (request, socket, head) => {
        try {
          wss.handleUpgrade(request, socket, head, () => stage.log('second callback'));
        } catch (err) {
          stage.log(err);
          resolve();
        }
      });
    });

    await ask(stage, {});
    await seen;
  },
  { modes: ['server', 'noServer'] }
);

oracle('a closing server answers 503', async (stage) => {
  let verified;
  const asked = new Promise((resolve) => {
    verified = resolve;
  });
  const wss = await stage.serve({ verifyClient: (info, done) => verified(done) });
  const peer = await stage.raw();

  peer.write(requestHead());
  const done = await asked;
  wss.close();
  done(true);
  stage.log((await peer.readAll()).toString());
});
