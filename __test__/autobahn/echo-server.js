'use strict';

/**
 * The echo server that the Autobahn TestSuite's fuzzing client drives.
 *
 *   node echo-server.js --subject MODULE [--road native|attached|fed] [--max-fragments N] [--deflate]
 *
 * MODULE is a package with the API of `ws`. Roads: `native` = the `port` option; `attached` = `server`, an
 * `http.Server`; `fed` = `handleUpgrade` with a Duplex that is not a socket. Prints one line of JSON, `{"port": N}`.
 */

const http = require('node:http');
const { parseArgs } = require('node:util');
const { Tunnel } = require('../scenario/tunnel.js');

const { values } = parseArgs({
  options: {
    subject: { type: 'string', default: 'ws' },
    road: { type: 'string', default: 'native' },
    'max-fragments': { type: 'string' },
    deflate: { type: 'boolean', default: false }
  }
});
const { WebSocketServer } = require(values.subject);

const limits = { maxPayload: 64 << 20, perMessageDeflate: values.deflate };
if (values['max-fragments'] !== undefined) limits.maxFragments = Number(values['max-fragments']);

const ready = (address) => process.stdout.write(`${JSON.stringify({ port: address.port })}\n`);
let server;
if (values.road === 'native') {
  server = new WebSocketServer({ ...limits, port: 0, host: '127.0.0.1' }, () =>
    ready(server.address())
  );
} else {
  const front = http.createServer();
  server = new WebSocketServer({
    ...limits,
    ...(values.road === 'fed' ? { noServer: true } : { server: front })
  });
  if (values.road === 'fed') {
    front.on('upgrade', (request, socket, head) => {
      server.handleUpgrade(request, new Tunnel(socket), head, (ws) =>
        server.emit('connection', ws, request)
      );
    });
  }
  front.listen(0, '127.0.0.1', () => ready(front.address()));
}

server.on('connection', (ws) => {
  // A case may break any rule: the error is the expected outcome, the close frame is what Autobahn judges.
  ws.on('error', () => {});
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
});
