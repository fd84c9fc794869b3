'use strict';

const { existsSync } = require('node:fs');
const path = require('node:path');
const { playWith } = require('./program.js');

/** A Python that has `websockets`: `PEER_PYTHON`, or what `scripts/peers.sh python` installed. */
const python =
  process.env.PEER_PYTHON ||
  path.join(__dirname, '..', '..', '..', '.cache', 'python', 'bin', 'python');

/** A player on Python's `websockets`. */
module.exports = {
  name: 'websockets (Python)',
  python,
  /** @returns {string|null} why it cannot play, null if it can */
  missing: () =>
    existsSync(python) ? null : 'Python websockets is not installed (scripts/peers.sh python)',
  can: ['ping', 'fragments', 'any-code', 'terminate'],
  blind: ['ping'],
  play: (target, cases) =>
    playWith(python, [path.join(__dirname, 'websockets_client.py')], target, cases)
};
