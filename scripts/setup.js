'use strict';

/**
 * What `npm start` and `npm test` do first, so that each of them is the only command on a fresh clone: the npm packages that
 * development needs, and the addon. Says what it does and how long it took; quick and silent when there is nothing to do.
 *
 *   node scripts/setup.js
 *
 * @module scripts/setup
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { binary, build } = require('./build');
const { MissingTool, root } = require('./toolchain');

/** What goes into the binary. */
const SOURCES = ['src', '.cargo', 'Cargo.toml', 'Cargo.lock', 'build.rs'];

/** @param {string} text */
const say = (text) => console.log(`ferrows: ${text}`);

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, optional?: boolean }> | undefined} the packages of a lockfile by place; undefined
 *     without one
 */
function packagesOf(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/**
 * Compares what npm has installed (it keeps a lockfile of its own in there) with what is asked for. By content, since `git` gives
 * every file of a fresh checkout the same age.
 *
 * @param {boolean} development with the development dependencies
 * @returns {boolean}
 */
function packagesAreInstalled(development) {
  const wanted = packagesOf(path.join(root, 'package-lock.json'));
  const installed = packagesOf(path.join(root, 'node_modules', '.package-lock.json'));
  return Object.entries(wanted).every(([place, { version, optional, dev, peer }]) => {
    if (place === '' || optional || peer || (dev && !development)) return true;
    return installed?.[place]?.version === version;
  });
}

/** @returns {number} when the youngest source was written, in ms since the epoch */
function youngestSource() {
  let youngest = 0;
  const visit = (place) => {
    const stat = fs.statSync(place, { throwIfNoEntry: false });
    if (stat === undefined) return;
    // Folders count too: they tell of a file that was removed.
    youngest = Math.max(youngest, stat.mtimeMs);
    if (stat.isDirectory()) for (const name of fs.readdirSync(place)) visit(path.join(place, name));
  };
  for (const source of SOURCES) visit(path.join(root, source));
  return youngest;
}

/** @returns {string | undefined} why the addon has to be built */
function reasonToBuild() {
  const stat = fs.statSync(binary, { throwIfNoEntry: false });
  if (stat === undefined) return 'there is no binary for this platform yet';
  if (stat.mtimeMs < youngestSource()) return 'the sources are newer than the binary';
  return undefined;
}

/** @throws {MissingTool} npm has ended with an error, which it has printed */
function installPackages() {
  // npm tells its scripts how it was started; without it (`node scripts/setup.js`) the one on the path serves.
  const npm = process.env.npm_execpath;
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  const run = npm
    ? spawnSync(process.execPath, [npm, ...args], { cwd: root, stdio: 'inherit' })
    : spawnSync('npm', args, { cwd: root, shell: process.platform === 'win32', stdio: 'inherit' });
  if (run.status !== 0) {
    throw new MissingTool('npm could not install the packages; its errors are above.');
  }
}

/** @param {number} begun of `performance.now()` */
const seconds = (begun) => `${((performance.now() - begun) / 1000).toFixed(1)} s`;

/**
 * Brings the checkout into the state in which it can be run or tested.
 *
 * @param {{ development: boolean, addon?: boolean }} options `development`: with the packages that only the tests need. The product
 *     itself has no dependencies, so that without them nothing is fetched from the npm registry. `addon`: with the addon, default true
 * @returns {Promise<void>}
 * @throws {MissingTool} with one sentence
 */
async function setup({ development, addon = true }) {
  if (!packagesAreInstalled(development)) {
    const begun = performance.now();
    say('installing the npm packages of package-lock.json ...');
    installPackages();
    say(`installed the npm packages in ${seconds(begun)}`);
  }
  // A binary that somebody chose is used as it is.
  if (!addon || process.env.NAPI_RS_NATIVE_LIBRARY_PATH) return;
  const reason = reasonToBuild();
  if (reason !== undefined) {
    const begun = performance.now();
    say(`building the Rust core: ${reason} (a minute or two the first time) ...`);
    await build();
    say(`built ${path.relative(root, binary)} in ${seconds(begun)}`);
  }
}

/**
 * Ends the process with the sentence of a {@link MissingTool}, or with the stack of anything else.
 *
 * @param {unknown} err
 */
function fail(err) {
  console.error(err instanceof MissingTool ? `ferrows: ${err.message}` : err);
  process.exit(1);
}

module.exports = { fail, setup };

if (require.main === module) setup({ development: true }).catch(fail);
