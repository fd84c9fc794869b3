'use strict';

/** What the example tests share: a port as the READMEs write one, and waiting for what a socket says. */

const { once } = require('node:events');
const net = require('node:net');

/** @returns {Promise<number>} a port that was free a moment ago, where a README writes 8080 */
const freePort = async () => {
  const probe = net.createServer().listen(0);
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
};

/**
 * Collects messages from the moment of the call.
 * @param {object} ws a WebSocket with the API of ws
 * @returns {{next: () => Promise<string>}} `next` resolves to the text of the next message
 */
const inbox = (ws) => {
  const texts = [];
  const waiting = [];
  ws.on('message', (data) =>
    waiting.length > 0 ? waiting.shift()(data.toString()) : texts.push(data.toString())
  );
  return {
    next: () =>
      texts.length > 0
        ? Promise.resolve(texts.shift())
        : new Promise((resolve) => waiting.push(resolve))
  };
};

/** Ends a client and waits for it. */
const leave = async (ws) => {
  ws.close();
  await once(ws, 'close');
};

/**
 * Closes a server whatever its state: for a test that failed half-way.
 * @param {object} server any kind of server
 */
const abandon = (server) => {
  for (const client of server.clients || []) client.terminate();
  if (server.closeAllConnections) server.closeAllConnections();
  try {
    server.close();
  } catch {
    // Some of them close only once.
  }
};

module.exports = { abandon, freePort, inbox, leave };
