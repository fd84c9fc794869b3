'use strict';

/**
 * A server with permessage-deflate in a process of its own, so that its memory can be measured.
 *
 *   node inflating-server.js ROAD MAX_PAYLOAD
 *
 * Sends its port to the parent; answers each message of the parent with the peak of its memory in bytes, the lengths of the messages and
 * the close codes it sent.
 */

const http = require('node:http');
const { WebSocketServer } = require('../../../lib/ws');
const { asDuplex } = require('../../ws/oracle');

const [road, maxPayload] = process.argv.slice(2);
const messages = [];
const codes = [];

const wss = new WebSocketServer({
  ...(road === 'port' ? { port: 0, host: '127.0.0.1' } : { noServer: true }),
  maxPayload: Number(maxPayload),
  perMessageDeflate: true
});

wss.on('connection', (ws) => {
  ws.on('message', (data) => messages.push(data.length));
  ws.on('error', (err) =>
    codes.push(err.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' ? 1009 : err.code)
  );
});

if (road === 'port') {
  wss.on('listening', () => process.send(wss.address().port));
} else {
  const front = http.createServer();

  front.on('upgrade', (request, socket, head) => {
    wss.handleUpgrade(request, asDuplex(socket), head, (ws) => wss.emit('connection', ws));
  });
  front.listen(0, '127.0.0.1', () => process.send(front.address().port));
}

process.on('message', () => {
  // Kilobytes everywhere (libuv).
  process.send({ peak: process.resourceUsage().maxRSS * 1024, messages, codes });
});
process.on('disconnect', () => process.exit());
