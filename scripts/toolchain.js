'use strict';

/**
 * What the build needs from the machine: Rust and a C linker. Answers with one clear sentence when something is missing, before
 * cargo gets a chance to fail in the middle.
 *
 * @module scripts/toolchain
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

/** Root of the checkout. */
const root = path.join(__dirname, '..');

/** The sentence about what to do; the build ends with it, without a stack. */
class MissingTool extends Error {}

/**
 * A new rustup has put cargo where only new shells look.
 *
 * @returns {NodeJS.ProcessEnv} the environment for cargo
 */
function cargoEnvironment() {
  const bin = path.join(process.env.CARGO_HOME || path.join(os.homedir(), '.cargo'), 'bin');
  if (!fs.existsSync(bin)) return process.env;
  // Appended: what the user has put first stays first.
  return { ...process.env, PATH: `${process.env.PATH || ''}${path.delimiter}${bin}` };
}

/** @returns {string} the oldest rustc that Cargo.toml allows, such as `1.88` */
function wantedRust() {
  const manifest = fs.readFileSync(path.join(root, 'Cargo.toml'), 'utf8');
  return /^rust-version = "([\d.]+)"/m.exec(manifest)[1];
}

/**
 * @param {string} have a version such as `1.95.0`
 * @param {string} wanted a version such as `1.88`
 * @returns {boolean}
 */
function isOlder(have, wanted) {
  const [haveMajor, haveMinor] = have.split('.').map(Number);
  const [wantedMajor, wantedMinor] = wanted.split('.').map(Number);
  return haveMajor < wantedMajor || (haveMajor === wantedMajor && haveMinor < wantedMinor);
}

/**
 * @throws {MissingTool} cargo or rustc is absent, does not work, or is too old
 */
function requireRust() {
  const wanted = wantedRust();
  for (const tool of ['cargo', 'rustc']) {
    const run = spawnSync(tool, ['--version'], { encoding: 'utf8', env: cargoEnvironment() });
    if (run.error) {
      throw new MissingTool(
        `the build needs Rust ${wanted} or newer, and \`${tool}\` was not found: install Rust ` +
          '(https://rustup.rs), open a new terminal, and run the same command again.'
      );
    }
    if (run.status !== 0) {
      throw new MissingTool(
        `the build needs Rust ${wanted} or newer, and \`${tool}\` does not run ` +
          `(${run.stderr.trim().split('\n')[0]}): try \`rustup default stable\`, and run the same ` +
          'command again.'
      );
    }
    const version = /\d+\.\d+(\.\d+)?/.exec(run.stdout);
    if (version && isOlder(version[0], wanted)) {
      throw new MissingTool(
        `the build needs Rust ${wanted} or newer, and this is ${tool} ${version[0]}: run ` +
          '`rustup update stable`, and the same command again.'
      );
    }
  }
}

/**
 * rustc links with `cc` unless it is told otherwise. A program of nothing is really linked: a compiler without the C library's
 * start files is as common as no compiler.
 *
 * @throws {MissingTool} there is no `cc`, or it cannot link
 */
function requireLinker() {
  const told = Object.keys(process.env).some(
    (name) =>
      /^CARGO_TARGET_.*_LINKER$/.test(name) ||
      (name.endsWith('RUSTFLAGS') && /linker/.test(process.env[name]))
  );
  if (told || process.platform === 'win32') return;

  const cure =
    process.platform === 'darwin'
      ? '`xcode-select --install`'
      : '`apt-get install gcc libc6-dev` on Debian and Ubuntu, `dnf install gcc` on Fedora, ' +
        '`apk add gcc musl-dev` on Alpine';
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferrows-link-'));
  try {
    const run = spawnSync('cc', ['-x', 'c', '-', '-o', path.join(folder, 'a.out')], {
      encoding: 'utf8',
      env: process.env,
      input: 'int main(void) { return 0; }\n'
    });
    // A `cc` that ends before it has read its input leaves an error, too, but also a status.
    if (run.status === null) {
      throw new MissingTool(
        `the build needs a C linker, and \`cc\` was not found: install one ` +
          `(${cure}), and run the same command again.`
      );
    }
    if (run.status !== 0) {
      throw new MissingTool(
        `the build needs a C linker, and \`cc\` cannot link ` +
          `(${run.stderr.trim().split('\n')[0]}): install what is missing (${cure}), and run the ` +
          'same command again.'
      );
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

module.exports = { MissingTool, cargoEnvironment, requireLinker, requireRust, root };
