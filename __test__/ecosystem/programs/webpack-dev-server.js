'use strict';

/** The hot-reload socket: what a page is told at first, when a file changes, and that it must come from an allowed origin. */

const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const webpack = require('webpack');
const WebpackDevServer = require('webpack-dev-server');
const WebSocket = require('ws');
const { listen, side } = require('./trace');

const say = side('page');
const sayServer = side('server');

/** @returns {Promise<number>} a port that nobody listens on right now: the server takes no 0 */
async function freePort() {
  const server = net.createServer();
  const port = await listen(server);
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * @param {WebSocket} ws of a page
 * @param {string} type of the message to wait for
 * @returns {Promise<string[]>} the types up to it
 */
function until(ws, type) {
  const types = [];
  return new Promise((resolve) => {
    ws.on('message', function onMessage(text) {
      const message = JSON.parse(text);
      types.push(message.type);
      if (message.type !== type) return;
      ws.removeListener('message', onMessage);
      resolve(types);
    });
  });
}

async function main() {
  const context = fs.mkdtempSync(path.join(__dirname, 'page-'));
  process.on('exit', () => fs.rmSync(context, { recursive: true, force: true }));
  const entry = path.join(context, 'index.js');
  fs.writeFileSync(entry, 'console.log(1);\n');

  const compiler = webpack({
    context,
    entry,
    infrastructureLogging: { level: 'none' },
    mode: 'development',
    output: { path: context },
    stats: 'none'
  });
  const port = await freePort();
  const server = new WebpackDevServer(
    { client: { reconnect: false }, host: '127.0.0.1', port, static: false, webSocketServer: 'ws' },
    compiler
  );
  const built = new Promise((resolve) => {
    compiler.hooks.done.tap('test', resolve);
  });
  await server.start();
  await built;

  const url = `ws://127.0.0.1:${port}/ws`;
  const page = new WebSocket(url, { origin: `http://127.0.0.1:${port}` });
  say(await until(page, 'ok'));
  server.webSocketServer.implementation.on('connection', (ws) => {
    ws.on('message', (text) => sayServer('message', String(text)));
    ws.on('close', (code) => sayServer('close', code));
  });

  fs.writeFileSync(entry, 'console.log(2);\n');
  // How often the watcher wakes up is not ours to compare.
  say([...new Set(await until(page, 'ok'))]);

  const second = new WebSocket(url, { origin: `http://127.0.0.1:${port}` });
  await until(second, 'ok');
  second.send('from the page');
  const told = [until(page, 'greeting'), until(second, 'greeting')];
  server.sendMessage(server.webSocketServer.clients, 'greeting', { to: 'all' });
  say(await Promise.all(told), server.webSocketServer.clients.length);
  second.close(4000);
  await once(second, 'close');

  const stranger = new WebSocket(url, { origin: 'http://elsewhere.example' });
  say(await until(stranger, 'error'));
  say('stranger', (await once(stranger, 'close'))[0]);

  const closed = once(page, 'close');
  await server.stop();
  say('closed', (await closed)[0]);
}

main();
