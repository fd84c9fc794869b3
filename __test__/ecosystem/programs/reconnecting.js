'use strict';

/** A wrapper in the manner of the DOM comes back after refusals and losses; it gets its class from `isomorphic-ws`. */

const { once } = require('node:events');
const http = require('node:http');
const WebSocket = require('isomorphic-ws');
const ReconnectingWebSocket = require('reconnecting-websocket');
const { listen, side } = require('./trace');

const say = side('client');
const sayServer = side('server');

async function main() {
  const server = http.createServer();
  const wss = new WebSocket.Server({ noServer: true });
  let attempts = 0;
  server.on('upgrade', (request, socket, head) => {
    attempts += 1;
    sayServer(attempts, request.url);
    if (attempts === 1) socket.end('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n');
    else wss.handleUpgrade(request, socket, head, (ws) => wss.emit('connection', ws, request));
  });
  wss.on('connection', (ws) => {
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
    ws.on('close', (code, reason) => sayServer('close', code, String(reason)));
    if (attempts === 2) ws.terminate();
    if (attempts === 3) ws.close(1012, 'come again');
  });
  const url = `ws://127.0.0.1:${await listen(server)}`;

  const ws = new ReconnectingWebSocket(() => `${url}/${attempts}`, ['a'], {
    maxReconnectionDelay: 10,
    minReconnectionDelay: 1,
    WebSocket
  });
  ws.binaryType = 'arraybuffer';
  for (const type of ['open', 'message', 'error', 'close']) {
    ws.addEventListener(type, (event) => {
      const { code, data, error, reason, wasClean } = event;
      say(type, code, reason, wasClean, error?.message, data);
    });
  }
  ws.onopen = () => ws.send('text, ü');
  ws.onmessage = ({ data }) => {
    if (data === 'text, ü') ws.send(new Uint8Array([1, 2]));
    else ws.close(4000, 'enough');
  };
  await new Promise((resolve) => {
    ws.addEventListener('close', ({ code }) => code === 4000 && resolve());
  });
  say(ws.readyState, ws.retryCount, attempts);
  for (const client of wss.clients) await once(client, 'close');
  wss.close();
  server.close();
}

main();
