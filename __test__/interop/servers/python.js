'use strict';

const { spawn } = require('node:child_process');
const path = require('node:path');
const readline = require('node:readline');
const { python, missing } = require('../clients/python.js');

const fixture = (name) => path.join(__dirname, '..', '..', 'scenario', 'fixtures', name);

/**
 * Starts the server of the scenario on Python's `websockets`.
 * @param {boolean} secure over TLS or not
 * @returns {Promise<object>} as `startServer` of the scenario's harness
 */
const startPython = async (secure) => {
  const args = [path.join(__dirname, 'websockets_server.py')];
  if (secure) args.push(fixture('certificate.pem'), fixture('key.pem'));
  const child = spawn(python, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk) => (errors += chunk));
  const exited = new Promise((resolve) =>
    child.on('exit', (code, signal) => resolve({ code, signal }))
  );
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async () => {
    const { value } = await lines.next();
    if (value === undefined) throw new Error(`the server (Python) ended: ${errors}`);
    return JSON.parse(value);
  };
  const { ready } = await line();
  return {
    kind: 'python',
    /** It answers pings by itself and tells nobody. */
    abilities: { can: ['refuse', 'choose', 'new-codes'], blind: ['ping'] },
    target: ready,
    traces: () => {
      child.stdin.write('traces\n');
      return line();
    },
    stop: async () => {
      child.stdin.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      const end = await exited;
      clearTimeout(timer);
      return { ...end, errors };
    },
    kill: () => child.kill('SIGKILL')
  };
};

module.exports = { missing, startPython };
