'use strict';

/**
 * The main job as its user meets it: the process, its output, its page, its paths; with the client of `ws` itself.
 */

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const WebSocket = require('ws');

const MAIN = path.join(__dirname, '..', '..', 'examples', 'main.js');

/**
 * @param {Record<string, string>} env
 * @returns {{ child: import('node:child_process').ChildProcess, output: () => string, printed: (pattern: RegExp) =>
 *     Promise<RegExpExecArray>, ended: Promise<[number | null, string | null]> }}
 */
function start(env) {
  const child = spawn(process.execPath, [MAIN], {
    env: { ...process.env, HOST: '127.0.0.1', ...env }
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
      child.emit('printed');
    });
  }
  const ended = once(child, 'close');
  const printed = async (pattern) => {
    for (;;) {
      const match = pattern.exec(text);
      if (match) return match;
      const signal = AbortSignal.timeout(20_000);
      const done = await Promise.race([
        once(child, 'printed', { signal }).then(() => false),
        ended
      ]);
      if (done && !pattern.test(text)) throw new Error(`ended without ${pattern}:\n${text}`);
    }
  };
  return { child, ended, output: () => text, printed };
}

/** @param {string} url; @returns {Promise<{ status: number, type: string, body: string }>} */
async function get(url) {
  const request = http.get(url, { agent: false });
  const [response] = await once(request, 'response');
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += chunk;
  return { status: response.statusCode, type: response.headers['content-type'], body };
}

/** @param {WebSocket} ws; @returns {Promise<string>} the next message, which is text */
async function text(ws) {
  const [data, isBinary] = await once(ws, 'message');
  assert.strictEqual(isBinary, false);
  return data.toString();
}

describe('examples/main.js', { timeout: 60_000 }, () => {
  let main;
  let port;

  before(async () => {
    main = start({ PORT: '0' });
    [, port] = await main.printed(/^Page: {3}http:\/\/localhost:(\d+)\/$/m);
    await main.printed(/Ctrl-C/);
  });
  after(() => main.child.kill('SIGKILL'));

  const connect = async (name) => {
    const ws = new WebSocket(`ws://127.0.0.1:${port}${name}`);
    await once(ws, 'open');
    return ws;
  };

  it('prints the addresses of the page and of the three paths', () => {
    for (const name of ['echo', 'chat', 'time']) {
      assert.match(main.output(), new RegExp(`^Socket: ws://localhost:${port}/${name}$`, 'm'));
    }
  });

  it('serves the page, and nothing else, over plain HTTP', async () => {
    const page = await get(`http://127.0.0.1:${port}/`);
    assert.strictEqual(page.status, 200);
    assert.strictEqual(page.type, 'text/html; charset=utf-8');
    assert.match(page.body, /^<!doctype html>[\s\S]*<\/html>\s*$/);
    assert.doesNotMatch(page.body, /(?:src|href)="(?!data:)|@import|url\(/, 'needs nothing else');
    assert.strictEqual((await get(`http://127.0.0.1:${port}/echo`)).status, 404);
  });

  it('echoes text and bytes on /echo', async () => {
    const ws = await connect('/echo');
    ws.send('hello');
    assert.strictEqual(await text(ws), 'hello');
    ws.send(Buffer.from([0, 255]));
    const [data, isBinary] = await once(ws, 'message');
    assert.deepStrictEqual(data, Buffer.from([0, 255]));
    assert.strictEqual(isBinary, true);
    ws.close();
    await once(ws, 'close');
  });

  it('sends a message on /chat to everybody there, and to nobody else', async () => {
    const [first, second, other] = [
      await connect('/chat'),
      await connect('/chat'),
      await connect('/echo')
    ];
    other.on('message', (data) => assert.strictEqual(data.toString(), 'mine'));
    const both = Promise.all([text(first), text(second)]);
    first.send('to all');
    assert.deepStrictEqual(await both, ['to all', 'to all']);
    other.send('mine');
    await once(other, 'message');
    for (const ws of [first, second, other]) ws.terminate();
  });

  it('sends the time on /time, again and again', async () => {
    const ws = new WebSocket(`ws://127.0.0.1:${port}/time`);
    const [first] = await once(ws, 'message');
    const [second] = await once(ws, 'message');
    assert.ok(Date.parse(second.toString()) > Date.parse(first.toString()));
    ws.terminate();
  });

  it('refuses an unknown path, and says so', async () => {
    const ws = new WebSocket(`ws://127.0.0.1:${port}/nowhere`);
    const [err] = await once(ws, 'error');
    assert.strictEqual(err.message, 'Unexpected server response: 400');
    await main.printed(/^\/nowhere: refused, no such path$/m);
  });

  it('survives a broken frame', async () => {
    const ws = await connect('/echo');
    ws.on('error', () => {});
    ws._socket.write(Buffer.from([0xf1, 0x80, 0, 0, 0, 0]));
    const [code] = await once(ws, 'close');
    assert.strictEqual(code, 1002);
    await main.printed(/^\/echo: .*RSV/m);
    (await connect('/echo')).terminate();
  });

  it('says so when the port is in use, and how to choose another', async () => {
    const other = start({ PORT: port });
    assert.deepStrictEqual(await other.ended, [1, null]);
    assert.match(other.output(), /^Port \d+ is in use\. Choose another: PORT=8081 npm start/);
  });

  it('refuses a port that is none', async () => {
    for (const PORT of ['http', '65536', '-1', '']) {
      const other = start({ PORT });
      assert.deepStrictEqual(await other.ended, [1, null]);
      assert.strictEqual(other.output(), `PORT must be a number from 0 to 65535, not "${PORT}".\n`);
    }
  });

  const noSignals = process.platform === 'win32' && 'not on this platform: no signals';
  it('says goodbye with 1001 on SIGINT, and ends', { skip: noSignals }, async () => {
    const ws = await connect('/echo');
    main.child.kill('SIGINT');
    const [code, reason] = await once(ws, 'close');
    assert.strictEqual(code, 1001);
    assert.strictEqual(reason.toString(), 'The server stops');
    assert.deepStrictEqual(await main.ended, [0, null]);
    await assert.rejects(once(net.connect(port, '127.0.0.1'), 'connect'), { code: 'ECONNREFUSED' });
  });
});
