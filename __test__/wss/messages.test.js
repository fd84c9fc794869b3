'use strict';

// The connections of wss beside those of the original: the conventions of ws 2.x.

const { once } = require('node:events');

const { closePayload, frame, parseFrames } = require('../ws/raw-peer');
const compare = require('./compare');

/** Logs all events of a connection. */
function watch(stage, ws) {
  for (const event of ['message', 'ping', 'pong', 'close', 'error']) {
    ws.on(event, (...args) => stage.log(event, ws.readyState, ...args));
  }
}

/** @returns {Promise<Array>} Frames up to the end of the connection */
const framesOf = async (peer) =>
  parseFrames(await peer.readAll()).map(({ first, payload }) => [first, payload]);

compare('messages and their flags', async (stage) => {
  const { peer, ws } = await stage.open(await stage.serve());

  watch(stage, ws);
  peer.write(
    frame(1, 'text \xe4\u20ac'),
    frame(2, 'binary'),
    frame(1, ''),
    frame(2, ''),
    frame(1, 'frag', { fin: false }),
    frame(9, 'between'),
    frame(0, 'ments'),
    frame(2, 'a', { fin: false }),
    frame(0, 'b'),
    frame(10, 'unasked'),
    frame(1, 'x'.repeat(70_000)),
    frame(8, closePayload(4001, 'bye'))
  );
  stage.log(await framesOf(peer));
  peer.socket.end();
  if (ws.readyState !== 3) await once(ws, 'close');
});

compare('an echo of what came stays what it was', async (stage) => {
  const { peer, ws } = await stage.open(await stage.serve());

  ws.on('message', (data) => ws.send(data));
  peer.write(frame(1, 'text'), frame(2, 'binary'));
  stage.log(parseFrames(await peer.read(14)));
});

compare('binaryType', async (stage) => {
  for (const binaryType of ['nodebuffer', 'arraybuffer', 'fragments', 'nonsense']) {
    const { peer, ws } = await stage.open(await stage.serve());

    ws.binaryType = binaryType;
    const got = compare.event(ws, 'message');
    peer.write(frame(2, 'a', { fin: false }), frame(0, 'b'));
    const [data, flags] = await got;
    stage.log(ws.binaryType, data.constructor.name, flags);
    const text = compare.event(ws, 'message');
    peer.write(frame(1, 'text'));
    stage.log(await text);
  }
});

compare('close events', async (stage) => {
  for (const last of [
    [frame(8, '')],
    [frame(8, closePayload(1000))],
    [frame(8, closePayload(1001, 'away'))],
    [frame(8, closePayload(4999, '\u20ac'))],
    []
  ]) {
    const { peer, ws } = await stage.open(await stage.serve());
    const closed = compare.event(ws, 'close');

    peer.socket.end(Buffer.concat(last));
    stage.log(await framesOf(peer));
    stage.log(await closed, ws.readyState);
  }
});

compare('close() of our own', async (stage) => {
  for (const args of [[], [1000], [1001, 'away'], [4000, 'reason'], [undefined, 'ignored']]) {
    const { peer, ws } = await stage.open(await stage.serve());
    const closed = compare.event(ws, 'close');

    ws.close(...args);
    stage.log(ws.readyState);
    const [first, length] = await peer.read(2);
    const payload = await peer.read(length);
    stage.log(first, payload);
    ws.close();
    peer.write(frame(8, payload));
    await peer.readAll();
    peer.socket.end();
    stage.log(await closed);
  }
});

compare('terminate()', async (stage) => {
  const { peer, ws } = await stage.open(await stage.serve());
  const closed = compare.event(ws, 'close');

  ws.terminate();
  stage.log(await framesOf(peer), await closed, ws.readyState);
  ws.terminate();
  ws.close();
});

compare('after close the listeners are gone, and an error hits nobody', async (stage) => {
  const { peer, ws } = await stage.open(await stage.serve());

  ws.on('message', () => {});
  ws.on('x', () => {});
  const closed = compare.event(ws, 'close');
  peer.socket.end();
  await closed;
  // What once() itself leaves behind is gone in the next tick.
  await new Promise((resolve) => setImmediate(resolve));
  for (const event of ['message', 'x', 'close']) stage.log(ws.listenerCount(event));
  stage.log(ws.emit('error', new Error('late')));
});

compare('what is sent too late', async (stage) => {
  const { peer, ws } = await stage.open(await stage.serve());

  ws.close();
  for (const state of ['closing', 'closed']) {
    for (const action of [
      () => ws.send('x'),
      () => ws.send('x', {}),
      () => ws.ping(),
      () => ws.ping('x', true),
      () => ws.ping('x', true, false),
      () => ws.ping('', false, true),
      () => ws.pong(),
      () => ws.pong('', false, true),
      () => ws.pause(),
      () => ws.resume()
    ]) {
      try {
        stage.log(state, action());
      } catch (err) {
        stage.log(state, err);
      }
    }

    let sync = true;
    ws.send('x', (err) => stage.log(state, 'callback', sync, err));
    ws.send('x', {}, (err) => stage.log(state, 'callback', sync, err));
    sync = false;

    if (state === 'closing') {
      const closed = compare.event(ws, 'close');
      peer.write(frame(8, closePayload(1000)));
      await peer.readAll();
      peer.socket.end();
      await closed;
    }
  }
});

compare('send(), ping() and pong() in their forms', async (stage) => {
  const { peer, ws } = await stage.open(await stage.serve());
  const sent = new Promise((resolve) => {
    ws.send('text');
    ws.send(Buffer.from('binary'));
    ws.send('as binary', { binary: true });
    ws.send(Uint8Array.of(65, 66));
    ws.send(5);
    ws.send('');
    ws.send('a', { fin: false });
    ws.send('b', { fin: true });
    ws.ping();
    ws.ping('ping');
    ws.ping(Buffer.from('p'), false, true);
    ws.pong('pong', false);
    ws.send('last', resolve);
  });

  stage.log((await sent) ?? null);
  ws.close();
  peer.write(frame(8, closePayload(1000)));
  stage.log(await framesOf(peer));
});

compare('pause() and resume()', async (stage) => {
  const { peer, ws } = await stage.open(await stage.serve());
  const messages = [];

  ws.on('message', (data) => messages.push(data));
  stage.log(ws.pause());
  peer.write(frame(1, 'waiting'));
  await new Promise((resolve) => setTimeout(resolve, 50));
  stage.log(messages);
  const got = compare.event(ws, 'message');
  stage.log(ws.resume());
  await got;
  stage.log(messages);
});

compare('event attributes and listeners of the DOM kind', async (stage) => {
  const { peer, ws } = await stage.open(await stage.serve());
  const events = [];

  ws.onmessage = ({ type, data, target }) => events.push([type, data, target === ws]);
  ws.addEventListener('message', ({ data }) => events.push(['second', data]));
  const closed = new Promise((resolve) => {
    ws.onclose = ({ type, code, reason, wasClean }) => resolve([type, code, reason, wasClean]);
  });
  peer.write(frame(1, 'text'), frame(2, 'binary'), frame(8, closePayload(1000, 'done')));
  await peer.readAll();
  peer.socket.end();
  stage.log(await closed);
  stage.log(events);
});

compare('bytesReceived', async (stage) => {
  const { peer, ws } = await stage.open(await stage.serve());

  for (const sent of [frame(1, 'text'), frame(2, 'x'.repeat(200)), frame(1, 'y'.repeat(70_000))]) {
    const got = compare.event(ws, 'message');
    peer.write(sent);
    await got;
    stage.log(ws.bytesReceived);
  }
});

compare('a broken rule', async (stage) => {
  for (const bytes of [frame(3, ''), frame(8, closePayload(999)), frame(9, '', { fin: false })]) {
    const { peer, ws } = await stage.open(await stage.serve());
    const failed = new Promise((resolve) => ws.on('error', (err) => resolve(err instanceof Error)));

    peer.write(bytes);
    stage.log(await failed);
    const closed = compare.event(ws, 'close');
    stage.log((await peer.read(4)).toString('hex'));
    peer.socket.end();
    await closed;
  }
});
