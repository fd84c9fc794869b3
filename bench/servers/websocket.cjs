'use strict';

/** Echo and broadcast server on a package with the API of `websocket`: `MODULE`. Prints `READY <pid>`. */

const http = require('node:http');

const { server: WebSocketServer } = require(process.env.MODULE || 'websocket');

const LIMIT = 64 << 20;
/** What a broadcast sends to each client. */
const payload = Buffer.alloc(64, 0x61);

const front = http.createServer((request, response) => response.writeHead(404).end());
const server = new WebSocketServer({
  httpServer: front,
  autoAcceptConnections: true,
  maxReceivedFrameSize: LIMIT,
  maxReceivedMessageSize: LIMIT,
  fragmentOutgoingMessages: false
});

server.on('connect', (connection) => {
  connection.on('error', () => {});
  connection.on('message', (message) => {
    if (message.type !== 'utf8') connection.sendBytes(message.binaryData);
    else if (message.utf8Data.length === 1)
      for (const each of server.connections) each.sendBytes(payload);
    else connection.sendUTF(message.utf8Data);
  });
});
front.listen(Number(process.env.PORT), '127.0.0.1', 4096, () =>
  console.log(`READY ${process.pid}`)
);
