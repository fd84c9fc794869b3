'use strict';

// Ends by itself when nothing is open any more. argv[2]: what was opened before.

const http = require('node:http');
const { MultipathServer, WebSocket, WebSocketServer, createServer } = require('ferrows');

const scenarios = {
  'nothing but the package': () => {},

  'a closed server'() {
    const wss = new WebSocketServer({ port: 0 }, () => wss.close());
  },

  'a server and a closed connection'() {
    const wss = new WebSocketServer({ port: 0 }, () => connect(wss.address().port, wss));
    wss.on('connection', (ws) => ws.close());
  },

  'an attached server and a closed connection'() {
    const server = http.createServer();
    const wss = new WebSocketServer({ server });
    wss.on('connection', (ws) => ws.close());
    server.listen(0, () =>
      connect(server.address().port, { close: () => wss.close(() => server.close()) })
    );
  },

  'a multipath server'() {
    const server = new MultipathServer({ port: 0 });
    server.createHandler({ path: '/a' }).on('connection', (ws) => ws.close());
    connect(server.address().port, server, '/a');
  },

  'a wss server'() {
    const server = createServer((ws) => ws.close());
    server.listen(0, function () {
      connect(this.address().port, server);
    });
  },

  'unreferenced sockets'() {
    const wss = new WebSocketServer({ port: 0 }, () => {
      const client = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);
      client.on('open', () => client._socket.unref());
    });
    wss.on('connection', (ws) => {
      ws._socket.unref();
      wss.close();
    });
  }
};

function connect(port, server, path = '/') {
  const client = new WebSocket(`ws://127.0.0.1:${port}${path}`);
  client.on('close', () => server.close());
}

scenarios[process.argv[2]]();
process.on('exit', () => console.log('ended'));
