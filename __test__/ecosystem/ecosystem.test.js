'use strict';

/**
 * Published packages that live on `ws`, in a project where npm gives them ferrows instead. Each program exchanges messages through
 * one of them, in a process of its own that must end by itself, once with each; what the two have seen is compared.
 */

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const { createRequire } = require('node:module');
const os = require('node:os');
const path = require('node:path');
const { after, describe, it } = require('node:test');
const { environment, prepare } = require('./projects');

/** Program, and the packages that must find ferrows when they ask for `ws`, those of the programs' own aside. */
const PROGRAMS = {
  'engine.io.js': ['engine.io', 'engine.io-client'],
  'socket.io.js': ['socket.io', 'socket.io-client', 'socket.io-adapter'],
  'graphql-ws.mjs': ['graphql-ws'],
  'fastify-websocket.js': ['@fastify/websocket'],
  'express-ws.js': ['express-ws'],
  'webpack-dev-server.js': ['webpack-dev-server'],
  'jsdom.js': ['jsdom'],
  'puppeteer.js': ['puppeteer-core'],
  'mqtt.js': ['mqtt'],
  'y-websocket.js': ['y-websocket'],
  'reconnecting.js': ['isomorphic-ws']
};

/** Milliseconds after which a process is killed; programs give up before that. */
const LIMIT = 30_000;

const projects = prepare();
const traces = fs.mkdtempSync(path.join(os.tmpdir(), 'ferrows-ecosystem-'));

/**
 * Its output goes to a file: what a process that exits writes to a pipe may get lost.
 *
 * @param {string} project its folder
 * @param {string} program
 * @returns {Promise<{ code: number | null, err: string, out: string[] }>}
 */
function run(project, program) {
  return new Promise((resolve, reject) => {
    const file = path.join(project, 'programs', program);
    const trace = path.join(traces, `${path.basename(project)}-${program}`);
    const output = fs.openSync(trace, 'w');
    const child = spawn(process.execPath, [file], {
      cwd: project,
      env: environment,
      stdio: ['ignore', output, 'pipe'],
      timeout: LIMIT
    });
    fs.closeSync(output);
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      err += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, err, out: fs.readFileSync(trace, 'utf8').trimEnd().split('\n') });
    });
  });
}

/**
 * @param {string} project its folder
 * @returns {string[]} every copy of `ws` that is installed in it
 */
function copies(project) {
  return fs
    .readdirSync(path.join(project, 'node_modules'), { recursive: true })
    .filter((name) => /(?:^|node_modules[\\/])ws[\\/]package\.json$/.test(name));
}

describe('packages that use ws', { skip: projects.missing ?? false, timeout: 110_000 }, () => {
  after(() => fs.rmSync(traces, { recursive: true }));

  it('all get the one that is installed in its place', () => {
    for (const [name, folder] of Object.entries(projects)) {
      assert.deepStrictEqual(copies(folder), [path.join('ws', 'package.json')]);
      const expected = path.join(folder, 'node_modules', 'ws', path.sep);
      for (const dependent of Object.values(PROGRAMS).flat()) {
        const place = path.join(folder, 'node_modules', dependent, 'package.json');
        assert.ok(createRequire(place).resolve('ws').startsWith(expected), dependent);
      }
      const { name: installed } = createRequire(expected)('./package.json');
      assert.strictEqual(installed, name === 'ferrows' ? 'ferrows' : 'ws');
    }
  });

  for (const [program, packages] of Object.entries(PROGRAMS)) {
    it(`exchange the same messages with ferrows: ${packages.join(', ')}`, async () => {
      const [expected, actual] = await Promise.all([
        run(projects.original, program),
        run(projects.ferrows, program)
      ]);
      assert.deepStrictEqual(actual, expected);
      const { code, err, out } = actual;
      assert.deepStrictEqual({ code, err, end: out.at(-1) }, { code: 0, err: '', end: 'end' });
      assert.ok(out.length > 3);
    });
  }
});
