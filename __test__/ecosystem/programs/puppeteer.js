'use strict';

/** A debugger's connection to a browser that is made of paper: it knows a handful of the commands. */

const { once } = require('node:events');
const puppeteer = require('puppeteer-core');
const { WebSocketServer } = require('ws');
const { side } = require('./trace');

const say = side('puppeteer');
const sayBrowser = side('browser');

const ANSWERS = {
  'Browser.getVersion': () => ({
    jsVersion: '1',
    product: 'Paper/1.0',
    protocolVersion: '1.3',
    revision: '@1',
    userAgent: 'Paper ü'
  }),
  'Target.createBrowserContext': () => ({ browserContextId: 'context' }),
  'Target.getBrowserContexts': () => ({ browserContextIds: [] })
};

async function main() {
  const wss = new WebSocketServer({ host: '127.0.0.1', path: '/devtools', port: 0 });
  wss.on('connection', (ws, request) => {
    sayBrowser(
      request.headers['user-agent'].split(' ')[0],
      request.headers['x-more'],
      ws.extensions
    );
    ws.on('message', (text) => {
      const { id, method, params } = JSON.parse(text);
      sayBrowser(method, params);
      const answer = ANSWERS[method];
      if (method === 'Target.disposeBrowserContext') {
        ws.send(JSON.stringify({ error: { code: -32000, message: 'torn' }, id }));
      } else {
        // The answer in fragments, behind an event that came in the same chunk.
        ws.send(JSON.stringify({ method: 'Paper.rustle', params: {} }));
        const json = JSON.stringify({ id, result: answer ? answer() : {} });
        ws.send(json.slice(0, 5), { fin: false });
        ws.send(json.slice(5));
      }
    });
    ws.on('close', (code) => sayBrowser('close', code));
  });
  await once(wss, 'listening');

  const browserWSEndpoint = `ws://127.0.0.1:${wss.address().port}/devtools`;
  const options = { browserWSEndpoint, headers: { 'X-More': 'yes' } };
  const browser = await puppeteer.connect(options);
  say(await browser.version(), await browser.userAgent(), browser.connected);
  const context = await browser.createBrowserContext();
  say(await context.close().catch((err) => err.message));
  await browser.disconnect();

  const left = await puppeteer.connect(options);
  const disconnected = once(left, 'disconnected');
  const pending = left.version().catch((err) => err.message);
  for (const client of wss.clients) client.terminate();
  await disconnected;
  say(await pending, left.connected);

  const wrong = `${browserWSEndpoint}/nowhere`;
  say(await puppeteer.connect({ browserWSEndpoint: wrong }).catch(({ message }) => message));
  wss.close();
}

main();
