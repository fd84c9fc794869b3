'use strict';

/** Routes, hooks and `preClose` over a port, and the `injectWS` test helper, which needs no port at all. */

const { once } = require('node:events');
const { createWebSocketStream, WebSocket } = require('ws');
const Fastify = require('fastify');
const { side } = require('./trace');

const say = side('client');
const sayServer = side('server');

/** @returns {import('fastify').FastifyInstance} */
function build() {
  const fastify = Fastify();
  fastify.register(require('@fastify/websocket'), {
    errorHandler(err, socket, request) {
      sayServer('error', request.url, err.message);
      socket.close(1011, 'failed');
    },
    // The duplexes of `injectWS` never close by themselves.
    options: { closeTimeout: 200, maxPayload: 1_000_000 }
  });
  fastify.register(async (scope) => {
    scope.get('/echo/:name', { websocket: true }, (socket, request) => {
      sayServer('open', request.params.name, request.query, request.ws, socket._isServer);
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
      socket.on('ping', (data) => sayServer('ping', data));
      socket.on('close', (code, reason) => sayServer('close', code, String(reason)));
    });
    scope.get('/throws', { websocket: true }, async () => {
      throw new Error('thrown');
    });
    scope.route({
      method: 'GET',
      url: '/both',
      handler: (_, reply) => reply.send('over HTTP'),
      wsHandler: (socket) => socket.end?.() ?? socket.close(4000, 'over WebSocket')
    });
    scope.get(
      '/refused',
      { preValidation: (_, reply) => reply.code(401).send('no'), websocket: true },
      () => sayServer('never')
    );
  });
  return fastify;
}

/**
 * @param {WebSocket} ws open
 * @returns {Promise<void>}
 */
async function exchange(ws) {
  for (const data of ['text, ü', Buffer.from([1, 2]), 'x'.repeat(70_000), '']) {
    ws.send(data);
    const [answer, isBinary] = await once(ws, 'message');
    say(answer.length > 100 ? answer.length : String(answer), isBinary);
  }
  ws.ping('beat');
  say('pong', String((await once(ws, 'pong'))[0]));
}

async function injected() {
  const fastify = build();
  await fastify.ready();
  const early = [];
  const ws = await fastify.injectWS(
    '/echo/injected?a=b',
    { headers: { 'x-test': '1' } },
    { onInit: () => early.push('init'), onOpen: () => early.push('open') }
  );
  say(early, ws.readyState);
  await exchange(ws);
  ws.close(4001, 'done');
  say('close', (await once(ws, 'close'))[0]);
  say(await fastify.injectWS('/refused').catch((err) => err.message));
  const left = await fastify.injectWS('/echo/left');
  left.terminate();
  await fastify.close();
}

async function listening() {
  const fastify = build();
  const url = (await fastify.listen({ host: '127.0.0.1', port: 0 })).replace('http', 'ws');
  const ws = new WebSocket(`${url}/echo/port?a=b`);
  await once(ws, 'open');
  say(fastify.websocketServer.clients.size);
  await exchange(ws);

  for (const path of ['/both', '/throws']) {
    const other = new WebSocket(url + path);
    const [code, reason] = await once(other, 'close');
    say(path, code, String(reason));
  }
  for (const path of ['/refused', '/unknown']) {
    const [err] = await once(new WebSocket(url + path), 'error');
    say(path, err.message);
  }
  say(await (await fetch(`${url.replace('ws', 'http')}/both`)).text());

  const stream = createWebSocketStream(new WebSocket(`${url}/echo/stream`), { encoding: 'utf8' });
  stream.write('streamed');
  say(await once(stream, 'data'));
  stream.end();
  await once(stream, 'close');

  const closed = once(ws, 'close');
  await fastify.close();
  say('closed', (await closed)[0]);
}

injected().then(listening);
