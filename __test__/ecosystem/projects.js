'use strict';

/**
 * The project of `project/`, installed twice below `.cache/ecosystem`: by npm with the packed ferrows in the place of `ws`, for
 * its own dependency and, by `overrides`, for those of all packages; and a copy of that with `ws` itself. So the two differ in
 * nothing else. They are kept while the manifest and its lock stay the same; ferrows is packed anew each time.
 */

const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const triple = require('../../lib/native/triple');
const { root } = require('../../scripts/toolchain');

const MANIFESTS = ['package.json', 'package-lock.json', '.npmrc'];
const source = path.join(__dirname, 'project');
const cache = path.join(root, '.cache', 'ecosystem');

/** What npm says when nobody answers. */
const UNREACHABLE =
  /\bcode (?:E(?:AI_AGAIN|CONNREFUSED|CONNRESET|HOSTUNREACH|IDLETIMEOUT|NETUNREACH|NOTFOUND|5\d\d)|E\w*TIMEDOUT|E\w*TIMEOUT)\b/;

/** How long npm may take, in ms: one file of tests has two minutes. */
const LIMIT = 100_000;

/**
 * @param {string} command
 * @param {string[]} args
 * @param {string} cwd
 * @returns {{ status: number | null, printed: string }}
 */
function run(command, args, cwd) {
  const { error, status, stderr, stdout } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    shell: process.platform === 'win32',
    timeout: LIMIT
  });
  if (error && error.code !== 'ETIMEDOUT') throw error;
  return { status, printed: error ? `code ${error.code}` : stdout + stderr };
}

/** As {@link run}, for npm: the one that runs us, or that on the path. */
function npm(args, cwd) {
  const { npm_execpath: program } = process.env;
  return program ? run(process.execPath, [program, ...args], cwd) : run('npm', args, cwd);
}

/**
 * @param {string} folder gets the packed ferrows as `ferrows.tgz`
 * @throws {Error} npm has failed
 */
function pack(folder) {
  const args = ['pack', '--ignore-scripts', '--pack-destination', folder];
  const { status, printed } = npm(args, root);
  if (status !== 0) throw new Error(printed);
  const [tarball] = fs.readdirSync(folder).filter((name) => /^ferrows-.*\.tgz$/.test(name));
  fs.renameSync(path.join(folder, tarball), path.join(folder, 'ferrows.tgz'));
}

/**
 * @param {string} place of the two projects
 * @returns {string | undefined} why the registry cannot be reached
 * @throws {Error} npm has failed for another reason
 */
function install(place) {
  const [ferrows, original] = ['ferrows', 'original'].map((name) => path.join(place, name));
  for (const folder of [ferrows, original]) {
    fs.mkdirSync(folder, { recursive: true });
    for (const name of MANIFESTS) fs.copyFileSync(path.join(source, name), path.join(folder, name));
  }
  pack(ferrows);
  const manifest = JSON.parse(fs.readFileSync(path.join(source, 'package.json'), 'utf8'));
  manifest.dependencies.ws = 'file:ferrows.tgz';
  fs.writeFileSync(path.join(ferrows, 'package.json'), JSON.stringify(manifest, null, 2));

  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--omit=optional'];
  const network = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--fetch-timeout=30000'];
  const { status, printed } = npm(['install', ...flags, ...network], ferrows);
  if (status !== 0) {
    const reason = UNREACHABLE.exec(printed);
    if (reason) return reason[0];
    throw new Error(printed);
  }

  const modules = path.join(original, 'node_modules');
  fs.cpSync(path.join(ferrows, 'node_modules'), modules, {
    recursive: true,
    verbatimSymlinks: true
  });
  const ws = path.dirname(require.resolve('ws/package.json'));
  fs.rmSync(path.join(modules, 'ws'), { recursive: true });
  fs.cpSync(ws, path.join(modules, 'ws'), { recursive: true });
  return undefined;
}

/**
 * Puts today's ferrows and today's programs into projects that are there. What has not changed is left alone: another run of the
 * tests may be using it.
 *
 * @param {string} place of the two projects
 */
function refresh(place) {
  const folder = fs.mkdtempSync(path.join(place, 'packed-'));
  const tarball = path.join(folder, 'ferrows.tgz');
  const installed = path.join(place, 'ferrows', 'ferrows.tgz');
  pack(folder);
  if (!fs.readFileSync(tarball).equals(fs.readFileSync(installed))) {
    const { status, printed } = run('tar', ['xzf', 'ferrows.tgz'], folder);
    if (status !== 0) throw new Error(printed);
    const ws = path.join(place, 'ferrows', 'node_modules', 'ws');
    fs.renameSync(ws, path.join(folder, 'old'));
    fs.renameSync(path.join(folder, 'package'), ws);
    fs.renameSync(tarball, installed);
  }
  fs.rmSync(folder, { recursive: true });

  const programs = path.join(__dirname, 'programs');
  for (const name of fs.readdirSync(programs)) {
    for (const project of ['ferrows', 'original']) {
      const target = path.join(place, project, 'programs');
      fs.mkdirSync(target, { recursive: true });
      fs.copyFileSync(path.join(programs, name), path.join(target, name));
    }
  }
}

/**
 * Installs the projects, or brings those that are there up to date.
 *
 * @returns {{ ferrows: string, original: string } | { missing: string }} their folders, or why there are none
 * @throws {Error} with what npm has printed, unless it is that the registry cannot be reached
 */
function prepare() {
  const hash = createHash('sha256');
  for (const name of MANIFESTS) hash.update(fs.readFileSync(path.join(source, name)));
  const place = path.join(cache, hash.digest('hex').slice(0, 16));
  if (!fs.existsSync(place)) {
    fs.rmSync(cache, { recursive: true, force: true });
    const partial = path.join(cache, 'partial');
    const reason = install(partial);
    if (reason) return { missing: `the npm registry cannot be reached (${reason})` };
    fs.renameSync(partial, place);
  }
  refresh(place);
  return { ferrows: path.join(place, 'ferrows'), original: path.join(place, 'original') };
}

/** Without it the packed ferrows would have to be built: binaries are packages of their own. */
const environment = {
  NAPI_RS_NATIVE_LIBRARY_PATH: path.join(root, 'lib', 'native', `ferrows.${triple()}.node`),
  ...process.env,
  NODE_NO_WARNINGS: '1'
};

module.exports = { environment, prepare };
