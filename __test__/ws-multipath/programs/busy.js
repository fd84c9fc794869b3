'use strict';

// Tells how a server (argument 1) reacts to a port in use (argument 2).

const [name, port] = process.argv.slice(2);
const MultipathServer = require(name);

process.on('uncaughtException', (err) => {
  process.send([err.code, err.syscall, err.address, err.port === Number(port)]);
  process.disconnect();
});

new MultipathServer({ port: Number(port) }).on('connection', () => {});
