'use strict';

const { spawn } = require('node:child_process');
const path = require('node:path');

/**
 * Runs a program of `programs/` in a process of its own.
 *
 * @param {string} name file name without `.js`
 * @param {string[]} [args]
 * @param {number} [limit] milliseconds until it counts as hung and is killed
 * @returns {Promise<{ code: number | null, signal: string | null, out: string, err: string }>}
 */
function runProgram(name, args = [], limit = 30_000) {
  return new Promise((resolve, reject) => {
    const file = path.join(__dirname, 'programs', `${name}.js`);
    const child = spawn(process.execPath, [file, ...args], { timeout: limit });
    let out = '';
    let err = '';

    child.stdout.on('data', (data) => (out += data));
    child.stderr.on('data', (data) => (err += data));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, out, err }));
  });
}

module.exports = { runProgram };
