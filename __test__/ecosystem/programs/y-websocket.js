'use strict';

/** Two documents that are kept the same through the server of y-websocket, and what each knows of the other. */

const { once } = require('node:events');
const http = require('node:http');
const WebSocket = require('ws');
const { WebsocketProvider } = require('y-websocket');
const { docs, setupWSConnection } = require('y-websocket/bin/utils');
const Y = require('yjs');
const { listen, side } = require('./trace');

const say = side('documents');

/** @param {{ on: Function }} source; @param {string} event; @param {() => boolean} holds; @returns {Promise<void>} */
const until = (source, event, holds) =>
  new Promise((resolve) => {
    const check = () => holds() && resolve();
    source.on(event, check);
    check();
  });

async function main() {
  const server = http.createServer();
  const wss = new WebSocket.Server({ noServer: true });
  wss.on('connection', (ws, request) => setupWSConnection(ws, request, { gc: true }));
  server.on('upgrade', (request, socket, head) => {
    wss.handleUpgrade(request, socket, head, (ws) => wss.emit('connection', ws, request));
  });
  const url = `ws://127.0.0.1:${await listen(server)}`;

  const peers = ['a', 'b'].map((name) => {
    const doc = new Y.Doc();
    const options = { disableBc: true, params: { name }, WebSocketPolyfill: WebSocket };
    return { doc, name, provider: new WebsocketProvider(url, 'room', doc, options) };
  });
  const [a, b] = peers;
  await Promise.all(peers.map(({ provider }) => until(provider, 'sync', () => provider.synced)));
  say(peers.map(({ provider }) => provider.wsconnected));

  a.doc.getText('text').insert(0, 'from a, ü');
  a.doc.getMap('map').set('large', 'x'.repeat(200_000));
  await until(b.doc, 'update', () => b.doc.getMap('map').get('large')?.length === 200_000);
  b.doc.getText('text').insert(0, 'from b; ');
  await until(a.doc, 'update', () => String(a.doc.getText('text')).startsWith('from b'));
  say(peers.map(({ doc }) => String(doc.getText('text'))));

  a.provider.awareness.setLocalStateField('user', 'a');
  const { awareness } = b.provider;
  await until(awareness, 'change', () => awareness.getStates().get(a.doc.clientID)?.user === 'a');
  a.provider.destroy();
  await until(awareness, 'change', () => !awareness.getStates().has(a.doc.clientID));
  say('a is gone', wss.clients.size);

  const [client] = wss.clients;
  const closed = once(client, 'close');
  b.provider.destroy();
  say((await closed)[0]);
  for (const doc of [...docs.values(), ...peers.map((peer) => peer.doc)]) doc.destroy();
  wss.close();
  server.close();
}

main();
