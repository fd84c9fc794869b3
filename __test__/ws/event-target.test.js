'use strict';

// Listening in the way of the DOM.

const assert = require('node:assert');
const { test } = require('node:test');

const ours = require('../../lib/ws');
const original = require('ws');
const oracle = require('./oracle');
const { closePayload, frame } = require('./raw-peer');

/** A WebSocket that is never connected, to emit on. */
const idle = (WebSocket) => new WebSocket(null, undefined, {});

/** Runs the same on both and compares what is returned. */
function same(name, action) {
  test(name, () => {
    const expected = action(original);

    assert.deepStrictEqual(action(ours), expected);
    assert.notStrictEqual(expected, undefined);
  });
}

/** Everything about an event object that can be seen. */
function describe(event, ws) {
  const { prototype } = event.constructor;
  const names = [];

  for (const name in event) names.push(name);
  return {
    class: event.constructor.name,
    parent: Object.getPrototypeOf(event.constructor).name,
    own: Object.keys(event),
    names: names.sort(),
    accessors: Object.getOwnPropertyNames(prototype),
    values: names.sort().map((name) => (event[name] === ws ? 'the WebSocket' : event[name]))
  };
}

same('events of every type', (WebSocket) => {
  const ws = idle(WebSocket);
  const seen = [];
  const error = new Error('broken');

  for (const type of ['open', 'message', 'close', 'error']) {
    ws.addEventListener(type, function listener(event) {
      seen.push([describe(event, ws), this === ws, event instanceof event.constructor]);
    });
  }
  ws.emit('open');
  ws.emit('message', Buffer.from('text'), false);
  ws.emit('message', 'binary stays what it is', true);
  ws.emit('close', 1000, Buffer.from('reason'));
  ws.emit('error', error);
  return seen.map(([description, ...rest]) => [
    { ...description, values: description.values.map((v) => (v === error ? 'error' : v)) },
    ...rest
  ]);
});

same('the attributes', (WebSocket) => {
  const ws = idle(WebSocket);
  const seen = [];
  const listener = () => seen.push('first');

  for (const type of ['open', 'message', 'close', 'error']) {
    const name = `on${type}`;

    seen.push(ws[name]);
    ws[name] = listener;
    seen.push(ws[name] === listener, ws.listenerCount(type));
    ws[name] = () => seen.push('second');
    seen.push(ws[name] === listener, ws.listenerCount(type));
    for (const value of [null, undefined, 5, 'x', { handleEvent() {} }]) {
      ws[name] = value;
      seen.push(ws[name], ws.listenerCount(type));
      ws[name] = listener;
    }
  }
  return seen;
});

same('setting an attribute moves the listener to the end', (WebSocket) => {
  const ws = idle(WebSocket);
  const seen = [];

  ws.onopen = () => seen.push('attribute');
  ws.addEventListener('open', () => seen.push('listener'));
  ws.on('open', () => seen.push('on'));
  ws.emit('open');
  ws.onopen = () => seen.push('attribute again');
  ws.emit('open');
  return seen;
});

same('listeners are added once and removed', (WebSocket) => {
  const ws = idle(WebSocket);
  const seen = [];
  const listener = () => seen.push('function');
  const object = {
    handleEvent(event) {
      seen.push(['object', this === object, event.type]);
    }
  };

  for (const added of [listener, listener, object, object]) ws.addEventListener('open', added);
  ws.on('open', listener);
  ws.onopen = listener;
  seen.push(ws.listenerCount('open'));
  ws.emit('open');
  ws.removeEventListener('open', listener);
  seen.push(ws.listenerCount('open'));
  ws.removeEventListener('open', listener);
  seen.push(ws.listenerCount('open'));
  ws.removeEventListener('open', object);
  ws.removeEventListener('open', () => {});
  seen.push(ws.listenerCount('open'), ws.onopen === listener);
  ws.emit('open');
  return seen;
});

same('once', (WebSocket) => {
  const ws = idle(WebSocket);
  const seen = [];
  const listener = () => seen.push('once');

  ws.addEventListener('open', listener, { once: true });
  ws.addEventListener('open', listener, { once: true });
  ws.emit('open');
  ws.emit('open');
  ws.addEventListener('open', listener, { once: true });
  ws.removeEventListener('open', listener);
  ws.emit('open');
  ws.addEventListener('open', listener, { once: false });
  ws.addEventListener('close', listener, true);
  return [...seen, ws.listenerCount('open'), ws.listenerCount('close')];
});

same('other types are ignored', (WebSocket) => {
  const ws = idle(WebSocket);

  for (const type of ['foo', 'ping', 'upgrade', 'constructor', '__proto__']) {
    ws.addEventListener(type, () => {});
    ws.removeEventListener(type, () => {});
  }
  return [ws.eventNames(), ws.listenerCount('ping')];
});

same('listeners that are no functions', (WebSocket) => {
  const ws = idle(WebSocket);
  const seen = [];

  for (const listener of [null, undefined, 5, {}]) {
    try {
      ws.addEventListener('open', listener);
      ws.emit('open');
      seen.push('fine');
    } catch (err) {
      seen.push(err.name);
    }
    ws.removeAllListeners('open');
  }
  return seen;
});

oracle('all of it on a live connection', async (stage) => {
  const wss = await stage.serve();
  const { peer, ws } = await stage.open(wss);
  const closed = new Promise((resolve) => {
    ws.addEventListener('close', (event) => {
      stage.log('close', event.code, event.reason, event.wasClean, event.target === ws);
      resolve();
    });
  });

  ws.onmessage = ({ data }) => stage.log('onmessage', data);
  ws.binaryType = 'arraybuffer';
  peer.write(frame(1, 'text'), frame(2, 'binary'), frame(8, closePayload(1000, 'done')));
  await peer.until(() => peer.ended);
  peer.socket.end();
  await closed;
});
