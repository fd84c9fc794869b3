'use strict';

// Redirects of the client: where they lead, and what is told to whom.

const http = require('node:http');
const https = require('node:https');
const { once } = require('node:events');

const certificate = require('./certificate');
const oracle = require('./oracle');
const { acceptFor } = require('./raw-server');

/** An HTTP server that answers upgrade requests with what `answer` returns. */
async function httpServer(stage, answer, secure) {
  const server = secure ? https.createServer(certificate) : http.createServer();

  server.on('upgrade', (request, socket) => {
    const { authorization, cookie, host, 'x-user': user } = request.headers;
    const ports = (text) => text?.replace(/:\d{4,5}/, ':PORT');

    stage.log(secure ? 'wss' : 'ws', request.url, {
      authorization,
      cookie,
      host: ports(host),
      user
    });
    socket.on('error', () => {});
    const location = answer(request);
    if (location === null) {
      const accept = acceptFor(`sec-websocket-key: ${request.headers['sec-websocket-key']}\r\n`);
      socket.write(
        `HTTP/1.1 101 -\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
      );
    } else {
      socket.end(`HTTP/1.1 302 Found\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`);
    }
    stage.after(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stage.after(() => server.close());
  return server.address().port;
}

const SECRETS = {
  followRedirects: true,
  rejectUnauthorized: false,
  headers: { Authorization: 'Bearer x', Cookie: 'a=b', Host: 'mine.test', 'X-User': 'u' }
};

oracle.once('to another path', async (stage) => {
  stage.port = await httpServer(stage, ({ url }) => (url === '/' ? '/next' : null));
  const ws = stage.client('/', { ...SECRETS });

  await oracle.event(ws, 'open');
  stage.log(ws.url.replace(stage.port, 'PORT'), ws._redirects);
});

oracle.once('not followed unless asked for', async (stage) => {
  stage.port = await httpServer(stage, () => '/next');
  stage.log(await oracle.event(stage.client('/'), 'error'));
});

oracle.once('in circles', async (stage) => {
  stage.port = await httpServer(stage, () => '/');
  const ws = stage.watch(stage.client('/', { followRedirects: true, maxRedirects: 2 }));

  await oracle.event(ws, 'close');
  stage.log(ws._redirects);
});

for (const location of ['http://', 'ftp://localhost/', '/#fragment', 'ws+unix:', 'file:///x']) {
  oracle.once(`to an address that cannot be used: ${location}`, async (stage) => {
    stage.port = await httpServer(stage, () => location);
    await oracle.event(stage.watch(stage.client('/', { followRedirects: true })), 'close');
  });
}

for (const [name, options] of Object.entries({
  'secrets in headers': SECRETS,
  'secrets in auth': { followRedirects: true, auth: 'user:pass', rejectUnauthorized: false }
})) {
  oracle.once(`to another host: ${name}`, async (stage) => {
    const target = await httpServer(stage, () => null);
    stage.port = await httpServer(stage, () => `ws://127.0.0.1:${target}/other`);
    await oracle.event(stage.client('/', structuredClone(options)), 'open');
  });

  oracle.once(`to the same host and on: ${name}`, async (stage) => {
    stage.port = await httpServer(stage, ({ url }) =>
      url === '/'
        ? '/second'
        : url === '/second'
          ? `http://user:other@127.0.0.1:${stage.port}/3`
          : null
    );
    await oracle.event(stage.client('/', structuredClone(options)), 'open');
  });

  oracle.once(`to another host and back: ${name}`, async (stage) => {
    const target = await httpServer(stage, () => `ws://127.0.0.1:${stage.port}/back`);
    stage.port = await httpServer(stage, ({ url }) =>
      url === '/back' ? null : `ws://127.0.0.1:${target}/other`
    );
    await oracle.event(stage.client('/', structuredClone(options)), 'open');
  });

  oracle.once(`from TLS to plain text: ${name}`, async (stage) => {
    const target = await httpServer(stage, () => null);
    const port = await httpServer(stage, () => `ws://127.0.0.1:${target}/other`, true);
    const ws = stage.client(`wss://127.0.0.1:${port}/`, structuredClone(options));
    await oracle.event(ws, 'open');
  });

  oracle.once(`with a redirect listener nothing is dropped: ${name}`, async (stage) => {
    const target = await httpServer(stage, () => null);
    stage.port = await httpServer(stage, () => `ws://127.0.0.1:${target}/other`);
    const ws = stage.client('/', structuredClone(options));

    ws.on('redirect', (url, request) => {
      stage.log('redirect', url.replace(target, 'PORT'), request instanceof http.ClientRequest);
      stage.log(request.getHeader('cookie'), ws.readyState);
      request.setHeader('x-user', 'from the listener');
    });
    await oracle.event(ws, 'open');
  });
}

for (const method of ['close', 'terminate']) {
  oracle.once(`${method}() in the redirect event`, async (stage) => {
    stage.port = await httpServer(stage, ({ url }) => (url === '/' ? '/next' : null));
    const ws = stage.watch(stage.client('/', { followRedirects: true }));

    ws.on('redirect', () => ws[method]());
    await oracle.event(ws, 'close');
  });
}

oracle.once('a request that is destroyed in the redirect event', async (stage) => {
  stage.port = await httpServer(stage, ({ url }) => (url === '/' ? '/next' : null));
  const ws = stage.watch(stage.client('/', { followRedirects: true }));

  ws.on('redirect', (url, request) => request.destroy(new Error('mine')));
  await oracle.event(ws, 'close');
});

oracle.once('the options of the user are not changed', async (stage) => {
  stage.port = await httpServer(stage, ({ url }) => (url === '/' ? '/next' : null));
  const options = { followRedirects: true, perMessageDeflate: false, headers: { 'X-User': 'u' } };

  await oracle.event(stage.client('/', options), 'open');
  stage.log(options);
});
