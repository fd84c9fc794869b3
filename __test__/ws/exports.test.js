'use strict';

const assert = require('node:assert');
const { test } = require('node:test');

const original = require('ws');
const ours = require('../../lib/ws');

/** What a member of a class or prototype looks like from outside. */
function shape(object, names) {
  return Object.fromEntries(
    names.map((name) => {
      const descriptor = Object.getOwnPropertyDescriptor(object, name);
      const { configurable, enumerable, get, set, value, writable } = descriptor ?? {};

      return [
        name,
        { configurable, enumerable, writable, get: !!get, set: !!set, type: typeof value }
      ];
    })
  );
}

test('the function has the enumerable statics of ws, in its order', () => {
  assert.deepStrictEqual(Object.keys(ours), Object.keys(original));
  assert.deepStrictEqual(shape(ours, Object.keys(ours)), shape(original, Object.keys(ours)));
  assert.strictEqual(ours.WebSocket, ours);
  assert.strictEqual(ours.Server, ours.WebSocketServer);
  assert.strictEqual(ours.Server.name, 'WebSocketServer');
  assert.strictEqual(ours.length, 3);
  assert.strictEqual(ours.Server.length, 2);
});

test('the prototypes have the public members of ws', () => {
  for (const [theirs, own] of [
    [original.prototype, ours.prototype],
    [original.Server.prototype, ours.Server.prototype]
  ]) {
    const names = Object.getOwnPropertyNames(theirs);

    assert.deepStrictEqual(shape(own, names), shape(theirs, names));
  }
});

test('for...in over a WebSocket finds the same public names', () => {
  const enumerated = (WebSocket) => {
    const names = [];
    for (const name in WebSocket.prototype) names.push(name);
    return names.sort();
  };

  assert.deepStrictEqual(enumerated(ours), enumerated(original));
});

test('the constants cannot be changed', () => {
  for (const target of [ours, ours.prototype]) {
    assert.throws(() => {
      target.OPEN = 7;
    }, TypeError);
    assert.deepStrictEqual(
      [target.CONNECTING, target.OPEN, target.CLOSING, target.CLOSED],
      [0, 1, 2, 3]
    );
  }
});

test('both classes need new', () => {
  assert.throws(() => ours('ws://localhost'), TypeError);
  assert.throws(() => ours.Server({ port: 0 }), TypeError);
});

test('the ES module has the names of ws', async () => {
  const namespace = await import('../../lib/ws/wrapper.mjs');
  const expected = await import('ws');

  assert.deepStrictEqual(Object.keys(namespace), Object.keys(expected));
  assert.strictEqual(namespace.default, ours);
  for (const name of Object.keys(namespace)) {
    if (name !== 'default') assert.strictEqual(namespace[name], ours[name]);
  }
});
