'use strict';

/** The usage examples of the README of wss. */

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { describe, it } = require('node:test');
const { WebSocket } = require('ws');
const { SUBJECT } = require('../scenario/harness.js');
const { abandon, inbox, leave } = require('./sockets.js');

const { createServer, createServerFrom } = require(SUBJECT.wss);

/** The listener of both examples. */
function connectionListener(ws) {
  ws.send('welcome!');
  ws.on('message', (data) => {
    ws.send(data.toString());
  });
}

/** Greets, echoes, leaves. */
const visit = async (address) => {
  const ws = new WebSocket(address);
  const messages = inbox(ws);
  assert.strictEqual(await messages.next(), 'welcome!');
  ws.send('and back');
  assert.strictEqual(await messages.next(), 'and back');
  await leave(ws);
};

describe('the examples of wss', { timeout: 20_000 }, () => {
  it('serves with a server of its own', async (t) => {
    const { server, port } = await new Promise((resolve) => {
      const server = createServer(connectionListener).listen(0, function () {
        const { address, port } = this.address();
        assert.match(address, /^(::|0\.0\.0\.0)$/);
        resolve({ server, port });
      });
    });
    t.after(() => abandon(server));
    await visit(`ws://localhost:${port}/any/path`);
    const response = await fetch(`http://localhost:${port}/`);
    assert.strictEqual(response.status, 426);
    assert.strictEqual(await response.text(), 'Upgrade Required');
    server.close();
    await once(server, 'close');
  });

  it('serves with an existing server', async (t) => {
    const front = http.createServer((request, response) => response.end('the page'));
    t.after(() => abandon(front));
    createServerFrom(front, connectionListener);
    front.listen(0);
    await once(front, 'listening');
    const { port } = front.address();
    await visit(`ws://localhost:${port}`);
    assert.strictEqual(await (await fetch(`http://localhost:${port}/`)).text(), 'the page');
    front.closeAllConnections();
    front.close();
    await once(front, 'close');
  });

  it('listens on a Unix socket', {
    skip: process.platform === 'win32' && 'no Unix sockets'
  }, async (t) => {
    const file = path.join(os.tmpdir(), `wss-example-${process.pid}.sock`);
    const server = createServer(connectionListener);
    t.after(() => abandon(server));
    await new Promise((resolve) => server.listen(file, resolve));
    await visit(`ws+unix:${file}:/`);
    await new Promise((resolve) => server.close(resolve));
  });

  it('throws without a server', () => {
    assert.throws(() => createServerFrom(), /must provide server/);
  });
});
