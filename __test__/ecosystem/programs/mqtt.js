'use strict';

/** MQTT over `createWebSocketStream` on both sides: Aedes is the broker, MQTT.js the clients. */

const { once } = require('node:events');
const http = require('node:http');
const { Aedes } = require('aedes');
const mqtt = require('mqtt');
const { createWebSocketStream, WebSocketServer } = require('ws');
const { listen, side } = require('./trace');

const sayBroker = side('broker');

async function main() {
  const broker = await Aedes.createBroker();
  broker.on('publish', ({ cmd, payload, topic }, client) => {
    if (client) sayBroker(cmd, topic, payload.length);
  });
  const sayEnd = side('broker, ends');
  broker.on('clientDisconnect', (client) => sayEnd('disconnect', client.id));
  const server = http.createServer();
  const wss = new WebSocketServer({ handleProtocols: (offered) => [...offered].at(-1), server });
  wss.on('connection', (ws, request) => {
    const stream = createWebSocketStream(ws);
    stream.on('error', (err) => sayBroker('error', err.message));
    broker.handle(stream, request);
  });
  const url = `ws://127.0.0.1:${await listen(server)}/mqtt`;

  const options = { protocolVersion: 4, reconnectPeriod: 0 };
  const a = await mqtt.connectAsync(url, { ...options, clientId: 'a' });
  const b = await mqtt.connectAsync(url, {
    ...options,
    clientId: 'b',
    will: { payload: 'b is gone', qos: 1, topic: 'wills' }
  });
  const say = side('a');
  const large = Buffer.alloc(300_000, 'large');
  const expected = 3 + 200 + 1;
  const all = new Promise((resolve) => {
    let count = 0;
    a.on('message', (topic, payload, { qos }) => {
      say(topic, qos, payload.length > 100 ? payload.equals(large) : String(payload));
      if (++count === expected) resolve();
    });
  });
  say(await a.subscribeAsync({ '#': { qos: 2 } }));
  await b.publishAsync('zero/ü', 'ü', { qos: 0 });
  await b.publishAsync('one', large, { qos: 1 });
  await b.publishAsync('two', Buffer.from([0]), { qos: 2 });
  await Promise.all(
    Array.from({ length: 200 }, (_, i) => b.publishAsync('many', String(i), { qos: 1 }))
  );
  b.stream.destroy();
  await all;
  await a.endAsync();

  await new Promise((resolve) => broker.close(resolve));
  for (const client of wss.clients) await once(client, 'close');
  wss.close();
  server.close();
}

main();
