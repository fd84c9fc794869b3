'use strict';

// An open connection, or a listening server, keeps the process: the parent ends it by a message on standard input.

const { WebSocket, WebSocketServer } = require('ferrows');

process.stdin.unref?.();

const wss = new WebSocketServer({ port: 0 }, () => {
  if (process.argv[2] === 'server') return ready();
  const client = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);
  client.on('open', ready);
  client.on('close', () => console.log('closed'));
  // Only the client is left; its server's socket and the listener hold nothing.
  wss.once('connection', (ws) => {
    ws._socket.unref();
    wss._server?.unref?.();
  });
});

function ready() {
  // As many turns as it likes: nothing ends before the timer of the parent's patience.
  const timer = setTimeout(() => {
    console.log('held');
    process.exit(0);
  }, 300);
  timer.unref();
}
