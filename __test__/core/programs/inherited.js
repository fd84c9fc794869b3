'use strict';

// Listens on descriptor 3, answers one upgrade, and ends.

const { NativeServer } = require('../../../lib/core/native-server');

const server = new NativeServer();

server.on('upgrade', (request, socket) => {
  socket.end('hello');
  server.close();
});
server.listen({ fd: 3 }, () => console.log(JSON.stringify(server.address())));
