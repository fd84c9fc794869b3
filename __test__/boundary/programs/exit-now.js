'use strict';

// What was sent before process.exit() goes out.

const { WebSocketServer } = require('ferrows');

const wss = new WebSocketServer({ port: 0 }, () => process.send(wss.address().port));
wss.on('connection', (ws) => {
  for (let i = 0; i < 1000; i++) ws.send(`message ${i}`);
  process.exit(3);
});
