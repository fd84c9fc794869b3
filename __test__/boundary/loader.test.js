'use strict';

/**
 * The loader of the addon, in child processes: on copies of it without a binary, with a broken one, with a platform package.
 */

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const triple = require('../../lib/native/triple');

const NATIVE = path.join(__dirname, '..', '..', 'lib', 'native');
const name = triple();

/** The printed error, as JSON. */
const PROGRAM = `
  try {
    console.log(JSON.stringify({ loaded: require(process.argv[1]) }));
  } catch (err) {
    console.log(JSON.stringify({ code: err.code, message: err.message, cause: err.cause?.message }));
  }`;

describe('lib/native', () => {
  let folder;
  let copy;

  before(() => {
    folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'ferrows-loader-')));
  });
  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  /** @returns {string} the path of a fresh copy of the loader, without a binary */
  function makeCopy() {
    copy = path.join(fs.mkdtempSync(path.join(folder, 'copy-')), 'lib', 'native');
    fs.mkdirSync(copy, { recursive: true });
    for (const file of ['index.js', 'triple.js']) {
      fs.copyFileSync(path.join(NATIVE, file), path.join(copy, file));
    }
    return copy;
  }

  /** @param {string} place of the loader; @param {object} [env]; @returns {object} what PROGRAM prints */
  function load(place, env = {}) {
    const { NAPI_RS_NATIVE_LIBRARY_PATH, ...rest } = process.env;
    const args = ['-e', PROGRAM, place];
    const run = spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...rest, ...env } });
    assert.strictEqual(run.stderr, '');
    return JSON.parse(run.stdout);
  }

  it('loads the built binary, and as often as it is asked', () => {
    const program = `
      const { Worker } = require('node:worker_threads');
      const first = require(${JSON.stringify(NATIVE)});
      require('node:assert').strictEqual(require(${JSON.stringify(NATIVE)}), first);
      const names = Object.keys(first).sort().join();
      const worker = new Worker(
        "require('node:worker_threads').parentPort.postMessage(Object.keys(require(" +
          ${JSON.stringify(JSON.stringify(NATIVE))} + ")).sort().join())",
        { eval: true }
      );
      worker.on('message', (other) => console.log(names.length > 0 && other === names));`;
    const run = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8', timeout: 60_000 });
    assert.strictEqual(run.stderr, '');
    assert.strictEqual(run.stdout, 'true\n');
    assert.strictEqual(run.status, 0);
  });

  it('names the platform, the Node version, what was tried and the cure when there is no binary', () => {
    const { code, message, cause } = load(makeCopy());
    assert.strictEqual(code, 'ERR_FERROWS_NATIVE');
    assert.strictEqual(cause, undefined);
    const lines = message.split('\n');
    assert.strictEqual(
      lines[0],
      `The native part of ferrows is missing (${name}, Node.js ${process.version}).`
    );
    assert.deepStrictEqual(lines.slice(1, 4), [
      'Tried:',
      `  - ${path.join(copy, `ferrows.${name}.node`)}: no such file`,
      `  - @ferrows/${name}: not installed`
    ]);
    assert.match(lines[4], /^Cure: .*npm run build --prefix "/);
    assert.ok(lines[4].endsWith(`"${path.join(copy, '..', '..')}"`));
    assert.strictEqual(lines.length, 5);
  });

  it('tells a binary that does not load from one that is absent', () => {
    makeCopy();
    const file = path.join(copy, `ferrows.${name}.node`);
    fs.writeFileSync(file, 'not a library');
    const { code, message, cause } = load(copy);
    assert.strictEqual(code, 'ERR_FERROWS_NATIVE');
    assert.match(message, /^The native part of ferrows is there, but does not load \(/);
    assert.ok(cause.length > 0);
    assert.ok(message.includes(`  - ${file}: ${cause}`));
    assert.ok(!message.includes('@ferrows/'), 'the next candidate is not tried');
  });

  it('loads the file named by NAPI_RS_NATIVE_LIBRARY_PATH', () => {
    const built = path.join(NATIVE, `ferrows.${name}.node`);
    const chosen = process.env.NAPI_RS_NATIVE_LIBRARY_PATH ?? built;
    const { loaded } = load(makeCopy(), { NAPI_RS_NATIVE_LIBRARY_PATH: chosen });
    assert.strictEqual(typeof loaded, 'object');
  });

  it('does not replace the file named by NAPI_RS_NATIVE_LIBRARY_PATH by another', () => {
    const chosen = path.join(folder, 'none.node');
    const { message } = load(NATIVE, { NAPI_RS_NATIVE_LIBRARY_PATH: chosen });
    assert.ok(
      message.includes(`  - ${chosen}: no such file (named by NAPI_RS_NATIVE_LIBRARY_PATH)`)
    );
    assert.ok(message.endsWith('\n      or unset NAPI_RS_NATIVE_LIBRARY_PATH'));
  });

  it('loads the platform package', () => {
    const place = path.join(makeCopy(), '..', '..', 'node_modules', '@ferrows', name);
    fs.mkdirSync(place, { recursive: true });
    fs.writeFileSync(path.join(place, 'index.js'), "module.exports = { from: 'package' };");
    assert.deepStrictEqual(load(copy), { loaded: { from: 'package' } });
  });

  it('reports a platform package that does not load', () => {
    const place = path.join(makeCopy(), '..', '..', 'node_modules', '@ferrows', name);
    fs.mkdirSync(place, { recursive: true });
    fs.writeFileSync(path.join(place, 'index.js'), "throw new Error('wrong libc');");
    const { code, message, cause } = load(copy);
    assert.strictEqual(code, 'ERR_FERROWS_NATIVE');
    assert.strictEqual(cause, 'wrong libc');
    assert.ok(message.includes(`  - ${path.join(place, 'index.js')}: wrong libc`));
  });
});

describe('lib/native/triple', () => {
  it('names platform and architecture, and the C library where it matters', () => {
    const parts = name.split('-');
    assert.deepStrictEqual(parts.slice(0, 2), [process.platform, process.arch]);
    const third = { linux: /^(?:gnu|musl)$/, win32: /^msvc$/ }[process.platform];
    if (third) assert.match(parts[2], third);
    else assert.strictEqual(parts.length, 2);
  });
});
