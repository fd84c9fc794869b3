'use strict';

/** Routes with middleware, parameters and routers on an Express application, and a broadcast. */

const { once } = require('node:events');
const express = require('express');
const expressWs = require('express-ws');
const WebSocket = require('ws');
const { side } = require('./trace');

const say = side('client');
const sayServer = side('server');

const app = express();
const { getWss } = expressWs(app, null, { wsOptions: { maxPayload: 1000 } });
const rooms = express.Router();

app.use((req, _, next) => {
  req.mark = 'marked';
  next();
});
app.get('/plain', (_, res) => res.send('over HTTP'));
app.ws('/echo/:name', (ws, req) => {
  sayServer(req.params, req.query, req.mark, ws.protocol, req.ws === ws);
  ws.on('message', (text) => ws.send(`${req.params.name}: ${text}`));
  ws.on('error', (err) => sayServer(err.code));
  ws.on('close', (code) => sayServer('close', code));
});
rooms.ws('/all', (ws) => {
  ws.on('message', (text) => {
    for (const client of getWss().clients) client.send(String(text));
  });
});
app.use('/rooms', rooms);
app.ws('/closed', (ws) => ws.close(4000, 'closed'));

async function main() {
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `ws://127.0.0.1:${server.address().port}`;

  const a = new WebSocket(`${url}/echo/a?q=1`, ['one', 'two']);
  await once(a, 'open');
  a.send('text, ü');
  say(String(await once(a, 'message')), a.protocol);

  const b = new WebSocket(`${url}/rooms/all`);
  await once(b, 'open');
  b.send('to all');
  say((await Promise.all([once(a, 'message'), once(b, 'message')])).join());

  for (const path of ['/closed', '/nowhere', '/plain']) {
    const [code, reason] = await once(new WebSocket(url + path), 'close');
    say(path, code, String(reason));
  }
  say(await (await fetch(`${url.replace('ws', 'http')}/plain`)).text());

  a.send('x'.repeat(1001));
  say((await once(a, 'close'))[0]);
  b.close();
  await once(b, 'close');
  say(getWss().clients.size);
  server.close();
}

main();
