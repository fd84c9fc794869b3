'use strict';

/**
 * What the build says when the machine lacks something: one sentence with the cure, and the exit code 1. The tools are fakes on a
 * search path of their own, so that nothing is built.
 */

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');

const root = path.join(__dirname, '..', '..');
const scripts = path.join(root, 'scripts');
const wanted = /^rust-version = "(.*)"/m.exec(
  fs.readFileSync(path.join(root, 'Cargo.toml'), 'utf8')
)[1];

const skip = process.platform === 'win32' && 'not on this platform: the fakes are shell scripts';

describe('the build on a machine that lacks something', { skip }, () => {
  let folder;

  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferrows-tools-'));
  });
  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  const prints = (text) => `echo "${text}"`;
  const fails = (text) => `echo "${text}" >&2; exit 1`;
  const RUST = { cargo: prints('cargo 1.999.0 (fake)'), rustc: prints('rustc 1.999.0 (fake)') };

  /**
   * @param {Record<string, string>} tools shell programs by name
   * @returns {{ status: number, stdout: string, stderr: string }} of the build
   */
  function build(tools) {
    const bin = fs.mkdtempSync(path.join(folder, 'bin-'));
    for (const [name, program] of Object.entries(tools)) {
      fs.writeFileSync(path.join(bin, name), `#!/bin/sh\n${program}\n`, { mode: 0o755 });
    }
    const env = { CARGO_HOME: bin, HOME: bin, PATH: bin };
    const args = [path.join(scripts, 'build.js')];
    return spawnSync(process.execPath, args, { encoding: 'utf8', env });
  }

  /** @param {Record<string, string>} tools; @returns {string} the one line that the build prints */
  function sentence(tools) {
    const { status, stderr, stdout } = build(tools);
    assert.strictEqual(status, 1);
    assert.strictEqual(stdout, '');
    const lines = stderr.split('\n');
    assert.strictEqual(lines.length, 2, stderr);
    assert.strictEqual(lines[1], '');
    return lines[0];
  }

  it('names Rust, its version and where to get it when there is no cargo', () => {
    assert.strictEqual(
      sentence({}),
      `ferrows: the build needs Rust ${wanted} or newer, and \`cargo\` was not found: install Rust ` +
        '(https://rustup.rs), open a new terminal, and run the same command again.'
    );
  });

  it('names rustc when only that is missing', () => {
    assert.match(sentence({ cargo: RUST.cargo }), /`rustc` was not found/);
  });

  it('asks for an update when Rust is too old', () => {
    assert.strictEqual(
      sentence({ ...RUST, rustc: prints('rustc 1.70.0 (90c541806 2023-05-31)') }),
      `ferrows: the build needs Rust ${wanted} or newer, and this is rustc 1.70.0: run ` +
        '`rustup update stable`, and the same command again.'
    );
  });

  it('passes on what a cargo says that does not run', () => {
    assert.match(
      sentence({ ...RUST, cargo: fails('error: no default toolchain') }),
      /`cargo` does not run \(error: no default toolchain\): try `rustup default stable`/
    );
  });

  it('names the linker and how to install it when there is no cc', () => {
    assert.match(
      sentence(RUST),
      /^ferrows: the build needs a C linker, and `cc` was not found: install one \(.+\), and run/
    );
  });

  it('passes on what a cc says that cannot link', () => {
    assert.match(
      sentence({ ...RUST, cc: fails('ld: cannot find crt1.o') }),
      /^ferrows: the build needs a C linker, and `cc` cannot link \(ld: cannot find crt1\.o\): install/
    );
  });

  it('ends with one sentence after the errors of cargo', () => {
    const version = 'if [ "$1" = --version ]; then echo "cargo 1.999.0"; exit; fi';
    const cargo = `${version}; ${fails('error: something in the sources')}`;
    const { status, stderr } = build({ ...RUST, cargo, cc: 'exit 0' });
    assert.strictEqual(status, 1);
    assert.strictEqual(
      stderr,
      'error: something in the sources\nferrows: cargo could not build ferrows; its errors are above.\n'
    );
  });
});
