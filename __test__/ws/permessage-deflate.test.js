'use strict';

// Every combination of a set of options and offers is negotiated by the original and by us.

const assert = require('node:assert');
const { test } = require('node:test');

const original = require('ws');
const ours = require('../../lib/ws');

const NAME = 'permessage-deflate';

const OPTIONS = [];

for (const serverMaxWindowBits of [undefined, false, true, 8, 10, 15]) {
  for (const clientMaxWindowBits of [undefined, false, true, null, 8, 11, 15]) {
    for (const serverNoContextTakeover of [undefined, false, true]) {
      for (const clientNoContextTakeover of [undefined, false, true]) {
        OPTIONS.push({
          serverMaxWindowBits,
          clientMaxWindowBits,
          serverNoContextTakeover,
          clientNoContextTakeover
        });
      }
    }
  }
}

const PARAMETERS = [
  '',
  '; server_no_context_takeover',
  '; client_no_context_takeover',
  '; server_no_context_takeover=1',
  '; client_no_context_takeover=true',
  '; server_max_window_bits',
  '; server_max_window_bits=8',
  '; server_max_window_bits=10',
  '; server_max_window_bits=16',
  '; server_max_window_bits=7',
  '; server_max_window_bits=9.5',
  '; server_max_window_bits=x',
  '; client_max_window_bits',
  '; client_max_window_bits=8',
  '; client_max_window_bits=12',
  '; client_max_window_bits=16',
  '; client_max_window_bits=8; client_max_window_bits=9',
  '; client_max_window_bits; server_max_window_bits=11; server_no_context_takeover',
  '; unknown'
];

function outcome(action) {
  try {
    return action();
  } catch (err) {
    return `${err.name}: ${err.message}`;
  }
}

for (const isServer of [true, false]) {
  test(`${isServer ? 'offers' : 'answers'} are accepted as by the original`, () => {
    let compared = 0;

    for (const options of OPTIONS) {
      for (const first of PARAMETERS) {
        for (const second of [null, ...PARAMETERS.slice(0, 14)]) {
          const header = NAME + first + (second === null ? '' : `, ${NAME}${second}`);
          const negotiate = ({ PerMessageDeflate, extension }) => {
            const extensionObject = new PerMessageDeflate({ ...options, isServer });
            const accepted = extensionObject.accept(extension.parse(header)[NAME]);

            assert.strictEqual(extensionObject.params, accepted);
            return extension.format({ [NAME]: accepted });
          };

          const expected = outcome(() => negotiate(original));

          compared++;
          assert.strictEqual(
            outcome(() => negotiate(ours)),
            expected,
            `${JSON.stringify(options)} ${header}`
          );
        }
      }
    }

    assert.ok(compared > 10_000);
  });
}

test('a client offers what the original offers', () => {
  for (const options of [undefined, ...OPTIONS]) {
    assert.deepStrictEqual(
      new ours.PerMessageDeflate(options).offer(),
      new original.PerMessageDeflate(options).offer()
    );
  }
});

test('the class has the name of the extension', () => {
  assert.strictEqual(ours.PerMessageDeflate.extensionName, NAME);
  assert.strictEqual(new ours.PerMessageDeflate().params, null);
});
