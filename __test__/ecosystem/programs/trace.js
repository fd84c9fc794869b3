'use strict';

/**
 * What a program has seen, one list for each side of its connections, printed when it ends: the
 * order within a side is the same in every run, that between sides is not.
 */

const { once } = require('node:events');
const { inspect } = require('node:util');

const sides = new Map();

/**
 * @param {string} name of the side
 * @returns {(...values: unknown[]) => void} adds a line to its list
 */
function side(name) {
  const lines = [];
  sides.set(name, lines);
  return (...values) => {
    lines.push(values.map((value) => inspect(value, { breakLength: Infinity })).join(' '));
  };
}

/**
 * @param {import('node:net').Server} server is made to listen on a free port
 * @returns {Promise<number>} the port
 */
async function listen(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}

// What hangs still tells how far it came. Unreferenced: it keeps nothing alive.
setTimeout(() => process.exit(1), 20_000).unref();

process.on('exit', (code) => {
  for (const [name, lines] of sides) for (const line of lines) console.log(`${name}: ${line}`);
  if (code === 0) console.log('end');
});

module.exports = { listen, side };
