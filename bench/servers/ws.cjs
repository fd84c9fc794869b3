'use strict';

/**
 * Echo and broadcast server on a package with the API of `ws`: `MODULE`, a name or a path. `ATTACHED=1` puts it on
 * Node's own `http.Server`. Prints `READY <pid>`.
 */

const http = require('node:http');

const mod = require(process.env.MODULE || 'ws');
const { WebSocketServer, WebSocket = mod } = mod;

const port = Number(process.env.PORT);
const BACKLOG = 4096;
/** What a broadcast sends to each client. */
const payload = Buffer.alloc(64, 0x61);

const front = process.env.ATTACHED ? http.createServer() : null;
const server = new WebSocketServer({
  ...(front ? { server: front } : { port, host: '127.0.0.1', backlog: BACKLOG }),
  maxPayload: 64 << 20,
  perMessageDeflate: process.env.DEFLATE ? { threshold: 0 } : false
});

server.on('connection', (ws) => {
  ws.on('error', () => {});
  ws.on('message', (data, isBinary) => {
    // A text of one letter is the trigger of a broadcast.
    if (!isBinary && data.length === 1) {
      for (const client of server.clients)
        if (client.readyState === WebSocket.OPEN) client.send(payload);
      return;
    }
    ws.send(data, { binary: isBinary });
  });
});
server.on('listening', () => console.log(`READY ${process.pid}`));
if (front) front.listen(port, '127.0.0.1', BACKLOG);
