'use strict';

const { spawn } = require('node:child_process');
const { certificate } = require('./ws.js');

/** How long a program may take for all cases, in milliseconds. */
const LIMIT = 120_000;

/**
 * Lets a program play: it gets `{ url, certificate, cases }` as JSON and answers with the traces.
 * @param {string} program executable
 * @param {string[]} args its arguments
 * @param {object} target of a server of the scenario
 * @param {object[]} cases from `fit`
 * @returns {Promise<Record<string, string[]>>} traces by case
 */
const playWith = (program, args, target, cases) =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: LIMIT,
      killSignal: 'SIGKILL'
    });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (errors += chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(JSON.parse(output));
      else reject(new Error(`${program} ended with ${signal || code}: ${errors.slice(-2000)}`));
    });
    child.stdin.on('error', () => {});
    child.stdin.end(JSON.stringify({ url: target.url, certificate, cases }));
  });

module.exports = { playWith };
