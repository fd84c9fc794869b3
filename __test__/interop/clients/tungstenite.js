'use strict';

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { playWith } = require('./program.js');

const ROOT = path.join(__dirname, '..', '..', '..');
const TARGET = path.join(ROOT, '.cache', 'peer');
const PROGRAM = path.join(TARGET, 'debug', process.platform === 'win32' ? 'peer.exe' : 'peer');

let built = null;

/** Builds the peer (tests/peer) once; cargo itself knows whether there is anything to do. */
const build = () => {
  if (built === null) {
    const args = [
      'build',
      '--quiet',
      '--locked',
      '--manifest-path',
      path.join(ROOT, 'tests', 'peer', 'Cargo.toml'),
      '--target-dir',
      TARGET
    ];
    built = spawnSync('cargo', args, { encoding: 'utf8' });
  }
  return built;
};

/** It does not know 1014 and fails such a connection. */
const UNKNOWN_CODE = 1014;
const VIOLATION = { code: 1002, reason: 'Protocol violation' };

/** A player on tokio-tungstenite. */
module.exports = {
  name: 'tokio-tungstenite',
  /** @returns {string|null} why it cannot play, null if it can */
  missing: () => (build().error ? 'cargo is not installed' : null),
  can: ['ping', 'fragments', 'frame', 'any-code', 'empty-close', 'terminate'],
  answer: (code, reason) =>
    code === UNKNOWN_CODE ? [VIOLATION.code, VIOLATION.reason] : [code, reason],
  quirk: (step, testCase) =>
    step.see === 'close' && step.code === UNKNOWN_CODE && testCase.path.startsWith('/close')
      ? { ...step, ...VIOLATION }
      : step,
  play: (target, cases) => {
    const { status, stderr } = build();
    if (status !== 0) throw new Error(`tests/peer does not build: ${stderr}`);
    return playWith(PROGRAM, [], target, cases);
  }
};
