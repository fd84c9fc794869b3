'use strict';

/**
 * The main job: three WebSocket paths and a web page on one port.
 *
 *   node examples/main.js          (PORT chooses the port, default 8080; HOST the address, default all)
 *
 *   /echo   sends every message back
 *   /chat   sends every message to everybody on the path
 *   /time   sends the time once a second
 *   /       with a browser: a page that opens any of them, or a path that does not exist
 */

const fs = require('node:fs');
const path = require('node:path');
const MultipathServer = require('ferrows/ws-multipath');
const { OPEN } = require('ferrows/ws');

const page = fs.readFileSync(path.join(__dirname, 'page.html'));

/**
 * Answers plain HTTP, on the same port.
 *
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
function requestListener(request, response) {
  if (request.url !== '/') {
    response.writeHead(404, { 'Content-Type': 'text/plain' }).end('Not found\n');
    return;
  }
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(page);
}

const wanted = process.env.PORT ?? '8080';
const port = Number(wanted);
if (wanted === '' || !Number.isInteger(port) || port < 0 || port > 65535) {
  console.error(`PORT must be a number from 0 to 65535, not "${wanted}".`);
  process.exit(1);
}

const server = new MultipathServer({ port, host: process.env.HOST, requestListener });
const echo = server.createHandler({ path: '/echo' });
const chat = server.createHandler({ path: '/chat' });
const time = server.createHandler({ path: '/time' });
const handlers = { '/echo': echo, '/chat': chat, '/time': time };

echo.on('connection', (ws) => {
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
});

chat.on('connection', (ws) => {
  ws.on('message', (data, isBinary) => {
    for (const client of chat.clients) {
      if (client.readyState === OPEN) client.send(data, { binary: isBinary });
    }
  });
});

time.on('connection', (ws) => ws.send(new Date().toISOString()));
const tick = setInterval(() => {
  const now = new Date().toISOString();
  for (const client of time.clients) if (client.readyState === OPEN) client.send(now);
}, 1000);

// Without a listener a broken frame of one client would end the process, as with `ws`.
server.on('connection', (ws, request, pathname) => {
  console.log(`${pathname}: open`);
  ws.on('error', (err) => console.log(`${pathname}: ${err.message}`));
  ws.on('close', (code) => console.log(`${pathname}: closed (${code})`));
});

server.on('unhandled', (socket, request) => console.log(`${request.url}: refused, no such path`));

server.on('listening', () => {
  const { port: bound } = server.address();
  console.log(`Page:   http://localhost:${bound}/`);
  for (const name of Object.keys(handlers)) console.log(`Socket: ws://localhost:${bound}${name}`);
  console.log('Stop with Ctrl-C.');
});

server.on('error', (err) => {
  if (err.code === 'EADDRINUSE') {
    console.error(`Port ${port} is in use. Choose another: PORT=8081 npm start (0: any free one).`);
  } else if (err.code === 'EACCES') {
    console.error(`Port ${port} is not for this user. Choose one from 1024: PORT=8081 npm start.`);
  } else {
    console.error(err);
  }
  process.exit(1);
});

/** Says goodbye to everybody and lets the process end by itself; a second signal ends it at once. */
function stop() {
  console.log('\nClosing ...');
  clearInterval(tick);
  server.close();
  for (const handler of Object.values(handlers)) {
    for (const client of handler.clients) client.close(1001, 'The server stops');
  }
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
}

process.once('SIGINT', stop);
process.once('SIGTERM', stop);
