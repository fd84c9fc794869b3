'use strict';

/**
 * Runs the Autobahn TestSuite (`wstest`) against a subject, one section at a time: a subject that crashes or hangs
 * costs one section, and a case without a result counts as failed by whoever compares.
 */

const { spawn } = require('node:child_process');
const { existsSync } = require('node:fs');
const fs = require('node:fs/promises');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');

const ROOT = path.join(__dirname, '..', '..');
/** The agent's name in the reports. */
const AGENT = 'subject';

/**
 * Finds the suite: `WSTEST`, or what `scripts/peers.sh wstest` installed.
 * @returns {string|null} path of the `wstest` program, or null where it is not installed
 */
const findWstest = () => {
  const program = process.env.WSTEST || path.join(ROOT, '.cache', 'wstest', 'bin', 'wstest');
  return existsSync(program) ? program : null;
};

/** @returns {Promise<number>} a TCP port that was free a moment ago */
const freePort = () =>
  new Promise((resolve, reject) => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
    probe.on('error', reject);
  });

/**
 * Resolves once something accepts connections on the port.
 * @param {number} port TCP port on 127.0.0.1
 * @param {number} deadline `Date.now()` at which to give up
 */
const accepting = async (port, deadline) => {
  for (;;) {
    const up = await new Promise((resolve) => {
      const socket = net.connect(port, '127.0.0.1');
      socket.on('connect', () => resolve(socket.destroy()));
      socket.on('error', () => resolve(null));
    });
    if (up) return;
    if (Date.now() > deadline) throw new Error('the fuzzing server did not start');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

/**
 * Starts a program and collects what it writes.
 * @param {string} program executable
 * @param {string[]} args arguments
 * @param {object} [options] of `spawn`
 * @returns {{child: object, ended: Promise<number|null>, output: () => string}} the process, its end, its output
 */
const start = (program, args, options) => {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  let output = '';
  child.stdout.on('data', (chunk) => (output = (output + chunk).slice(-65536)));
  child.stderr.on('data', (chunk) => (output = (output + chunk).slice(-65536)));
  const ended = new Promise((resolve) => {
    child.on('error', (err) => {
      output += err.message;
      resolve(null);
    });
    child.on('exit', resolve);
  });
  return { child, ended, output: () => output };
};

/** Ends a process and waits for it. */
const stop = (running) => {
  running.child.kill('SIGKILL');
  return running.ended;
};

/**
 * Waits for one of several ends, at most so long.
 * @param {Promise<unknown>[]} ends what to wait for
 * @param {number} ms limit in milliseconds
 * @returns {Promise<boolean>} false if the time was over first
 */
const within = async (ends, ms) => {
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, ms, 'late')));
  const first = await Promise.race([...ends, late]);
  clearTimeout(timer);
  return first !== 'late';
};

/** Starts the suite with a specification file in `dir`. */
const startSuite = async (dir, mode, spec) => {
  const file = path.join(dir, 'spec.json');
  await fs.writeFile(file, JSON.stringify(spec));
  return start(findWstest(), ['-m', mode, '-u', '0', '-s', file], { cwd: dir });
};

/** What both programs are told of the options. */
const flags = ({ maxFragments, deflate }) => [
  ...(maxFragments === undefined ? [] : ['--max-fragments', String(maxFragments)]),
  ...(deflate ? ['--deflate'] : [])
];

/** Plays a section against the subject's server. */
const playServer = async (dir, subject, section, options) => {
  const args = [
    path.join(__dirname, 'echo-server.js'),
    '--subject',
    subject,
    '--road',
    options.road
  ];
  args.push(...flags(options));
  const server = start(process.execPath, args);
  const up = new Promise((resolve) => server.child.stdout.once('data', resolve));
  await within([up, server.ended], 20_000);
  const line = /\{"port":\d+\}/.exec(server.output());
  if (line === null) {
    await stop(server);
    return `the server did not start: ${server.output().slice(-400)}`;
  }
  const suite = await startSuite(dir, 'fuzzingclient', {
    outdir: dir,
    servers: [{ agent: AGENT, url: `ws://127.0.0.1:${JSON.parse(line[0]).port}` }],
    cases: options.cases || [`${section}.*`],
    'exclude-cases': []
  });
  const inTime = await within([suite.ended], options.limit);
  await stop(suite);
  const alive = server.child.exitCode === null && server.child.signalCode === null;
  await stop(server);
  if (!inTime) return 'the section took too long';
  return alive ? null : `the server ended by itself: ${server.output().slice(-400)}`;
};

/** Plays a section with the subject's client. */
const playClient = async (dir, subject, section, options) => {
  const port = await freePort();
  const url = `ws://127.0.0.1:${port}`;
  const suite = await startSuite(dir, 'fuzzingserver', {
    outdir: dir,
    url,
    cases: options.cases || [`${section}.*`],
    'exclude-cases': []
  });
  await accepting(port, Date.now() + 20_000);
  const args = [
    path.join(__dirname, 'fuzzed-client.js'),
    '--subject',
    subject,
    '--url',
    url,
    '--agent',
    AGENT
  ];
  args.push(...flags(options));
  const client = start(process.execPath, args);
  const inTime = await within([client.ended], options.limit);
  const code = client.child.exitCode;
  await stop(client);
  await stop(suite);
  if (!inTime) return 'the section took too long';
  return code === 0 ? null : `the client ended with ${code}: ${client.output().slice(-400)}`;
};

/**
 * Plays one section and reads the report.
 * @param {'server'|'client'} side which side the subject is
 * @param {string} subject module path or name
 * @param {number|string} section section of the suite, e.g. 9
 * @param {{road?: string, maxFragments?: number, deflate?: boolean, cases?: string[], limit?: number}} [options] road of the
 *   server; fragment limit, as given to the subject (undefined: the subject's default); whether permessage-deflate is on; which cases
 *   of the section, default all; time limit in milliseconds, default 120,000
 * @returns {Promise<{verdicts: Record<string, [string, string]>, trouble: string|null}>} behaviour and close verdict
 *   of each case that has a result; what went wrong with the run as a whole
 */
const playSection = async (side, subject, section, options) => {
  const result = await playOnce(side, subject, section, options);
  // The suite cannot listen on a port of the kernel's choice. Where another process got the free port that was found, nothing
  // was played at all; a subject that fails leaves verdicts.
  const nothing = side === 'client' && Object.keys(result.verdicts).length === 0;
  return nothing ? playOnce(side, subject, section, options) : result;
};

/** One try of {@link playSection}. */
const playOnce = async (
  side,
  subject,
  section,
  { road = 'native', maxFragments, deflate, cases, limit = 120_000 } = {}
) => {
  const dir = await fs.mkdtemp(path.join(os.tmpdir(), 'autobahn-'));
  try {
    const play = side === 'server' ? playServer : playClient;
    const trouble = await play(dir, subject, section, {
      road,
      maxFragments,
      deflate,
      cases,
      limit
    });
    const report = JSON.parse(
      await fs.readFile(path.join(dir, 'index.json'), 'utf8').catch(() => '{}')
    );
    const verdicts = {};
    for (const [id, result] of Object.entries(report[AGENT] || {})) {
      verdicts[id] = [result.behavior, result.behaviorClose];
    }
    return { verdicts, trouble };
  } finally {
    await fs.rm(dir, { recursive: true, force: true });
  }
};

module.exports = { findWstest, playSection };
