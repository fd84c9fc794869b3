'use strict';

// Random and chosen header values give the same result, or the same error at the same index, as
// the parsers of the original.

const assert = require('node:assert');
const { test } = require('node:test');

const original = require('ws');
const ours = require('../../lib/ws');

const PIECES = {
  extension: [
    'a',
    'foo',
    ';',
    ',',
    '=',
    '"',
    '\\',
    ' ',
    '\t',
    'ü',
    '\0',
    '1',
    ', ',
    '; ',
    '="',
    '=a'
  ],
  subprotocol: ['a', 'b', 'chat', ',', ' ', '\t', '/', 'ü', ', ', '"', '\0']
};

const CHOSEN = {
  extension: [
    '',
    'foo',
    'foo;bar;baz=1;bar=2',
    'foo; bar="\\1"',
    'foo; bar="a\\b\\c"',
    'foo;bar=""',
    'foo;bar="baz',
    'foo;bar="b az"',
    'permessage-deflate; client_max_window_bits, permessage-deflate; server_max_window_bits=10',
    '__proto__; constructor=1'
  ],
  subprotocol: [
    '',
    'foo',
    'foo,bar',
    'foo, bar ,baz',
    'foo,,bar',
    'foo,',
    ',foo',
    'foo,foo',
    ' foo',
    'foo '
  ]
};

/** A small generator with a fixed seed, so that a failure can be repeated. */
function random(seed) {
  let state = seed;

  return (limit) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

function outcome(parse, value) {
  try {
    return parse(value);
  } catch (err) {
    return `${err.name}: ${err.message}`;
  }
}

for (const kind of ['extension', 'subprotocol']) {
  test(`${kind}.parse agrees with the original`, () => {
    const next = random(42);
    const values = [...CHOSEN[kind]];

    for (let i = 0; i < 50_000; i++) {
      const length = next(10);
      let value = '';

      for (let j = 0; j < length; j++) value += PIECES[kind][next(PIECES[kind].length)];
      values.push(value);
    }

    let accepted = 0;

    for (const value of values) {
      const expected = outcome(original[kind].parse, value);

      assert.deepStrictEqual(outcome(ours[kind].parse, value), expected, JSON.stringify(value));
      if (typeof expected === 'object') accepted++;
    }

    assert.ok(accepted > 100);
  });
}

test('extension.format agrees with the original', () => {
  for (const value of [
    {},
    { foo: {} },
    { foo: { bar: true, baz: 1 } },
    { foo: [{ bar: [true, 'x'] }, { baz: [] }], 'x-y': [{}] },
    original.extension.parse('a;b=1;b;c="2", a;d, e')
  ]) {
    assert.strictEqual(ours.extension.format(value), original.extension.format(value));
  }
});
