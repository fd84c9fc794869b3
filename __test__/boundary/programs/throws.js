'use strict';

// A listener throws in the middle of a batch: an uncaught exception, and the rest is delivered.

const net = require('node:net');
const { WebSocketServer } = require('ferrows');

const seen = [];
process.on('uncaughtException', (err) => seen.push(`uncaught ${err.message}`));

const wss = new WebSocketServer({ port: 0 }, () => {
  const frames = ['0', '1', '2', '3'].map((text) =>
    Buffer.from([0x81, 0x81, 0, 0, 0, 0, text.charCodeAt(0)])
  );
  const request =
    'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';
  const peer = net.connect(wss.address().port);
  peer.once('data', () => peer.write(Buffer.concat(frames)));
  peer.write(request);
  wss.on('connection', (ws) => {
    ws.on('message', (data) => {
      seen.push(`${data}`);
      if (`${data}` === '1') throw new Error('thrown');
      if (`${data}` === '3') {
        ws.terminate();
        wss.close(() => console.log(JSON.stringify(seen)));
      }
    });
  });
});
