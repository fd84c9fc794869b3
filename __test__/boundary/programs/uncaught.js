'use strict';

// Without a handler the exception of a listener ends the process, as with any EventEmitter.

const { WebSocket, WebSocketServer } = require('ferrows');

const wss = new WebSocketServer({ port: 0 }, () => {
  const client = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);
  client.on('open', () => client.send('x'));
  client.on('error', () => {});
});
wss.on('connection', (ws) => {
  ws.on('message', () => {
    throw new Error('nobody catches this');
  });
});
