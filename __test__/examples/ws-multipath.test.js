'use strict';

/** The usage example of the README of ws-multipath, and the one its README opens with. */

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const { WebSocket } = require('ws');
const { SUBJECT } = require('../scenario/harness.js');
const { abandon, freePort, inbox, leave } = require('./sockets.js');

const MultipathServer = require(SUBJECT.multipath);

describe('the example of ws-multipath', { timeout: 20_000 }, () => {
  it('serves two handlers on one port and refuses other paths', async (t) => {
    const port = await freePort();
    const server = new MultipathServer({ port });
    t.after(() => abandon(server));
    const foo = server.createHandler({ path: '/foo' });
    const bar = server.createHandler({ path: '/bar' });
    foo.on('connection', (ws) => {
      ws.send('hello from /foo!');
    });
    bar.on('connection', (ws) => {
      ws.send('hello from /bar!');
    });
    const connections = [];
    server.on('connection', (ws, request, pathname) =>
      connections.push(`${pathname} ${request.url}`)
    );
    const unhandled = once(server, 'unhandled');
    assert.strictEqual(server.listening, true);

    for (const path of ['/foo', '/bar']) {
      const ws = new WebSocket(`ws://localhost:${port}${path}?query`);
      assert.strictEqual(await inbox(ws).next(), `hello from ${path}!`);
      await leave(ws);
    }
    const stranger = new WebSocket(`ws://localhost:${port}/baz`);
    const [err] = await once(stranger, 'error');
    assert.strictEqual(err.message, 'Unexpected server response: 400');
    const [socket] = await unhandled;
    assert.strictEqual(socket.destroyed, true);
    assert.deepStrictEqual(connections, ['/foo /foo?query', '/bar /bar?query']);
    await new Promise((resolve) => server.close(resolve));
    assert.strictEqual(server.listening, false);
  });

  it('leaves unhandled sockets alone with rejectUnhandled: false', async (t) => {
    const port = await freePort();
    const server = new MultipathServer({ port, rejectUnhandled: false });
    t.after(() => abandon(server));
    server.on('unhandled', (socket) => {
      assert.strictEqual(socket.destroyed, false);
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    });
    const [err] = await once(new WebSocket(`ws://localhost:${port}/nowhere`), 'error');
    assert.strictEqual(err.message, 'Unexpected server response: 404');
    await new Promise((resolve) => server.close(resolve));
  });

  it('listens on demand with autoListen: false', async (t) => {
    const port = await freePort();
    const server = new MultipathServer({ port, autoListen: false });
    t.after(() => abandon(server));
    server
      .createHandler({ path: '/echo' })
      .on('connection', (ws) => ws.on('message', (data) => ws.send(String(data))));
    assert.strictEqual(server.listening, false);
    server.listen();
    assert.strictEqual(server.listening, true);
    const ws = new WebSocket(`ws://localhost:${port}/echo`);
    const messages = inbox(ws);
    await once(ws, 'open');
    ws.send('on demand');
    assert.strictEqual(await messages.next(), 'on demand');
    await leave(ws);
    const closed = once(server, 'close');
    server.close();
    await closed;
  });
});
