'use strict';

const { parentPort } = require('node:worker_threads');
const { WebSocket, WebSocketServer } = require('ferrows');

let echoes = 0;

const wss = new WebSocketServer({ port: 0 }, () => {
  for (let i = 0; i < 8; i++) {
    const client = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);
    client.on('open', () => {
      for (let k = 0; k < 64; k++) client.send('x'.repeat(k * 40));
    });
    client.on('message', (data) => {
      client.send(data);
      if (++echoes === 2000) parentPort.postMessage('busy');
    });
  }
});
wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));
