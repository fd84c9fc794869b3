'use strict';

/**
 * Builds the addon and puts it where the loader looks: `lib/native/ferrows.<triple>.node`.
 *
 *   node scripts/build.js [--debug]
 *
 * Environment: CARGO_TARGET_DIR and everything else that cargo reads. Needs no npm package.
 *
 * @module scripts/build
 */

const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const triple = require('../lib/native/triple');
const { MissingTool, cargoEnvironment, requireLinker, requireRust, root } = require('./toolchain');

/** Where the loader looks for the binary of this platform. */
const binary = path.join(root, 'lib', 'native', `ferrows.${triple()}.node`);

/**
 * Runs cargo, its progress on our stderr.
 *
 * @param {boolean} debug without optimisation and with assertions
 * @returns {Promise<string>} the path of the shared library, as cargo reports it: so every setting that moves it is honoured
 * @throws {MissingTool} cargo has ended with an error, which it has printed
 */
function compile(debug) {
  const profile = debug ? [] : ['--release'];
  const args = [
    'build',
    '--lib',
    '--locked',
    '--message-format=json-render-diagnostics',
    ...profile
  ];
  const cargo = spawn('cargo', args, {
    cwd: root,
    env: cargoEnvironment(),
    stdio: ['ignore', 'pipe', 'inherit']
  });
  let output = '';
  cargo.stdout.setEncoding('utf8').on('data', (chunk) => {
    output += chunk;
  });
  return new Promise((resolve, reject) => {
    cargo.on('error', reject);
    cargo.on('close', (status) => {
      if (status !== 0) {
        reject(new MissingTool('cargo could not build ferrows; its errors are above.'));
        return;
      }
      const library = output
        .split('\n')
        .filter((line) => line.includes('"compiler-artifact"') && line.includes('"cdylib"'))
        .map((line) => JSON.parse(line))
        .findLast(({ target }) => target.name === 'ferrows')
        ?.filenames.find((name) => /\.(so|dylib|dll)$/.test(name));
      if (library) resolve(library);
      else reject(new Error('cargo reported no shared library'));
    });
  });
}

/**
 * Loads the binary as users do, in a process of its own: a faulty one may take its process with it.
 *
 * @param {string} file
 * @throws {MissingTool} it does not load
 */
function prove(file) {
  const loader = JSON.stringify(path.join(root, 'lib', 'native'));
  const program = `try { require(${loader}) } catch (err) { console.error(err.message); process.exitCode = 1 }`;
  const env = { ...process.env, NAPI_RS_NATIVE_LIBRARY_PATH: file };
  const run = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8', env });
  if (run.status !== 0) {
    const reason = run.stderr.trim() || `the process ended with ${run.signal ?? run.status}`;
    throw new MissingTool(`the build went through, but its result does not load:\n${reason}`);
  }
}

/**
 * Builds, installs and tries the addon.
 *
 * @param {{ debug?: boolean }} [options] `debug`: default false
 * @returns {Promise<string>} the path of the installed binary
 * @throws {MissingTool} with one sentence, if the machine lacks something or the build fails
 */
async function build({ debug = false } = {}) {
  requireRust();
  requireLinker();
  const begun = new Date();
  const library = await compile(debug);
  const fresh = binary.replace(/node$/, `${process.pid}.node`);
  try {
    fs.copyFileSync(library, fresh);
    prove(fresh);
    // A source that changed while cargo was at work is newer than the binary.
    fs.utimesSync(fresh, begun, begun);
    // By rename: a process that has the old binary mapped keeps it, and nobody ever sees half of one.
    fs.renameSync(fresh, binary);
  } finally {
    fs.rmSync(fresh, { force: true });
  }
  return binary;
}

module.exports = { binary, build };

if (require.main === module) {
  build({ debug: process.argv.includes('--debug') }).then(
    (file) => console.log(`ferrows: built ${path.relative(process.cwd(), file)}`),
    (err) => {
      console.error(err instanceof MissingTool ? `ferrows: ${err.message}` : err);
      process.exitCode = 1;
    }
  );
}
