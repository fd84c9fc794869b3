'use strict';

/** The WebSocket of a window: text, both kinds of binary, cookies, subprotocol, and the three ways to end. */

const { once } = require('node:events');
const { JSDOM } = require('jsdom');
const { WebSocketServer } = require('ws');
const { side } = require('./trace');

const say = side('window');
const sayServer = side('server');

async function main() {
  const wss = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    verifyClient: ({ req }) => req.url !== '/refused'
  });
  wss.on('headers', (lines) => lines.push('Set-Cookie: seen=yes'));
  wss.on('connection', (ws, request) => {
    const { cookie, origin } = request.headers;
    sayServer(request.url, origin.replace(/\d+$/, 'port'), cookie, ws.protocol);
    ws.on('message', (data, isBinary) => {
      sayServer('message', data, isBinary);
      ws.send(data, { binary: isBinary });
    });
    ws.on('close', (code, reason) => sayServer('close', code, String(reason)));
    if (request.url === '/gone') ws.terminate();
  });
  await once(wss, 'listening');
  const host = `127.0.0.1:${wss.address().port}`;
  const { window } = new JSDOM('', { url: `http://${host}/` });
  window.document.cookie = 'from=page';

  /** @param {EventTarget} target; @param {string} type; @returns {Promise<Event>} */
  const event = (target, type) =>
    new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));

  const ws = new window.WebSocket(`ws://${host}/chat`, ['a', 'b']);
  await event(ws, 'open');
  say(ws.readyState, ws.protocol, ws.url.replace(host, 'host'), window.document.cookie);
  ws.send('text, ü');
  say((await event(ws, 'message')).data);
  ws.binaryType = 'arraybuffer';
  ws.send(new window.Uint8Array([1, 2, 3]));
  const { data } = await event(ws, 'message');
  say(data instanceof window.ArrayBuffer, new Uint8Array(data));
  ws.binaryType = 'blob';
  ws.send(new window.Blob(['blob']));
  const { data: blob } = await event(ws, 'message');
  say(blob instanceof window.Blob, blob.size, ws.bufferedAmount);
  ws.close(3000, 'enough');
  const { code, reason, wasClean } = await event(ws, 'close');
  say(code, reason, wasClean, ws.readyState);

  for (const path of ['/refused', '/gone']) {
    const other = new window.WebSocket(`ws://${host}${path}`);
    const errors = [];
    other.onerror = ({ type }) => errors.push(type);
    const end = await event(other, 'close');
    say(path, errors, end.code, end.wasClean);
  }

  const last = new window.WebSocket(`ws://${host}/window`);
  await event(last, 'open');
  const [client] = wss.clients;
  window.close();
  say('window closed', (await once(client, 'close'))[0]);
  wss.close();
}

main();
