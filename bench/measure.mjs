// One measurement: a fresh server, the load generator against it, one JSON object.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { ROOT, scenarios, servers } from './subjects.mjs';

const CACHE = path.join(ROOT, '.cache', 'bench');
const LOADGEN = path.join(CACHE, 'target', 'release', 'loadgen');
/** How long one measurement may take, in milliseconds. */
const LIMIT = 90_000;

/** Builds the load generator where cargo finds that it has to be. */
export const prepare = () => {
  mkdirSync(CACHE, { recursive: true });
  const manifest = path.join(ROOT, 'bench', 'loadgen', 'Cargo.toml');
  const args = [
    'build',
    '--release',
    '--locked',
    '--quiet',
    '--manifest-path',
    manifest,
    '--target-dir',
    path.join(CACHE, 'target')
  ];
  const { error, status } = spawnSync('cargo', args, { stdio: 'inherit' });
  if (error || status !== 0)
    throw new Error('the load generator does not build; it needs cargo, and Linux (epoll)');
  if (!existsSync(LOADGEN)) throw new Error(`no load generator at ${LOADGEN}`);
};

/** A TCP port that was free a moment ago. */
const freePort = () =>
  new Promise((resolve, reject) => {
    const probe = net.createServer().on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

/** Starts a program on one core, where `taskset` is to be had. */
const pinned = (core, command, options) => {
  const [program, ...args] = existsSync('/usr/bin/taskset')
    ? ['taskset', '-c', core, ...command]
    : command;
  return spawn(program, args, options);
};

/** Starts a server and waits for its `READY <pid>`. */
const startServer = async (name, scenario, port) => {
  const { command, env } = servers[name];
  const child = pinned('0', command, {
    cwd: ROOT,
    env: { ...process.env, ...env, ...scenario.env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe']
  });
  let output = '';
  let errors = '';
  child.stderr.on('data', (chunk) => (errors += chunk));
  const gone = new Promise((resolve) => child.on('exit', resolve));
  const pid = await new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${name} did not start: ${errors.slice(0, 300)}`)),
      15_000
    );
    child.on('error', reject);
    child.stdout.on('data', (chunk) => {
      output += chunk;
      const ready = /READY (\d+)/.exec(output);
      if (!ready) return;
      clearTimeout(timer);
      resolve(Number(ready[1]));
    });
    gone.then((code) => {
      clearTimeout(timer);
      reject(new Error(`${name} ended with ${code}: ${errors.slice(0, 300)}`));
    });
  });
  return {
    pid,
    stop: () => {
      child.kill('SIGKILL');
      return gone;
    }
  };
};

/**
 * Measures one server under one load, each on a core of its own.
 * @param {string} name of a server
 * @param {string} scenarioName of a scenario
 * @param {{secs: string, warm: string}} times seconds of the measured interval, and before it
 * @returns {Promise<object>} what the load generator printed
 */
export const measure = async (name, scenarioName, { secs, warm }) => {
  const scenario = scenarios[scenarioName];
  const port = await freePort();
  const server = await startServer(name, scenario, port);
  try {
    const times = scenario.memory ? [] : ['--secs', secs, '--warm', warm];
    const args = [
      LOADGEN,
      ...scenario.args,
      ...times,
      '--port',
      String(port),
      '--pid',
      String(server.pid)
    ];
    const generator = pinned(scenario.same ? '0' : '1', args, {
      stdio: ['ignore', 'pipe', 'pipe']
    });
    let output = '';
    let errors = '';
    generator.stdout.on('data', (chunk) => (output += chunk));
    generator.stderr.on('data', (chunk) => (errors += chunk));
    const timer = setTimeout(() => generator.kill('SIGKILL'), LIMIT);
    await new Promise((resolve) => generator.on('close', resolve));
    clearTimeout(timer);
    if (output.trim() === '')
      throw new Error(`${name} under ${scenarioName}: ${errors.slice(0, 300)}`);
    return JSON.parse(output);
  } finally {
    await server.stop();
  }
};
