'use strict';

/**
 * What is packed is enough: to be used, and to be built where there is no binary. Packs the checkout, unpacks it elsewhere, and
 * looks at the result with the eyes of Node and of cargo.
 */

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const triple = require('../../lib/native/triple');
const { cargoEnvironment, root } = require('../../scripts/toolchain');

const binary = path.join(root, 'lib', 'native', `ferrows.${triple()}.node`);

/** @param {string} command; @param {string[]} args; @param {object} options; @returns {string} what it printed */
function run(command, args, options) {
  const { error, status, stderr, stdout } = spawnSync(command, args, {
    encoding: 'utf8',
    ...options
  });
  assert.ifError(error);
  assert.strictEqual(status, 0, stderr);
  return stdout;
}

describe('the packed files', () => {
  let folder;
  let unpacked;

  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferrows-pack-'));
    const npm = process.env.npm_execpath;
    const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
    const printed = npm
      ? run(process.execPath, [npm, ...args], { cwd: root })
      : run('npm', args, { cwd: root, shell: process.platform === 'win32' });
    assert.ok(printed.length > 0);
    const [tarball] = fs.readdirSync(folder);
    run('tar', ['xzf', tarball], { cwd: folder });
    unpacked = path.join(folder, 'package');
  });
  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  it('have every module that they require', () => {
    const files = fs
      .readdirSync(unpacked, { recursive: true })
      .filter((name) => /\.[cm]?js$/.test(name));
    assert.ok(files.length > 20);
    const missing = files.flatMap((file) => {
      const place = path.join(unpacked, file);
      const source = fs.readFileSync(place, 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
      return [...source.matchAll(/(?:require\(|from )'(\.[^']*)'/g)]
        .map(([, name]) => path.join(path.dirname(place), name))
        .filter(
          (name) =>
            !['', '.js', '/index.js'].some(
              (end) => fs.existsSync(name + end) && fs.statSync(name + end).isFile()
            )
        );
    });
    assert.deepStrictEqual(missing, []);
  });

  it('have everything that package.json points at', () => {
    const { exports, files, main, module, types } = JSON.parse(
      fs.readFileSync(path.join(unpacked, 'package.json'), 'utf8')
    );
    const targets = (value) =>
      typeof value === 'string' ? [value] : Object.values(value).flatMap(targets);
    const missing = [...targets(exports), ...files, main, module, types].filter(
      (name) => !fs.existsSync(path.join(unpacked, name))
    );
    assert.deepStrictEqual(missing, []);
  });

  it('can be loaded by every name', () => {
    const names = [
      'ferrows',
      'ferrows/ws',
      'ferrows/wss',
      'ferrows/ws-multipath',
      'ferrows/package.json'
    ];
    const program = `console.log(${JSON.stringify(names)}.map((name) => typeof require(name)).join())`;
    const env = { NAPI_RS_NATIVE_LIBRARY_PATH: binary, ...process.env };
    const printed = run(process.execPath, ['-e', program], { cwd: unpacked, env });
    assert.strictEqual(printed, 'function,function,function,function,object\n');
  });

  it('are a crate that cargo can read', () => {
    const args = ['metadata', '--no-deps', '--offline', '--locked', '--format-version', '1'];
    const printed = run('cargo', args, { cwd: unpacked, env: cargoEnvironment() });
    const { targets } = JSON.parse(printed).packages[0];
    const missing = targets.filter(({ src_path: file }) => !fs.existsSync(file));
    assert.deepStrictEqual(missing, []);
    assert.ok(fs.existsSync(path.join(unpacked, 'Cargo.lock')));
  });

  it('have nothing of this machine', () => {
    const names = fs.readdirSync(unpacked, { recursive: true });
    const wrong = names.filter((name) =>
      /(?:^|[\\/])(?:node_modules|target|\.cache|__test__)(?:[\\/]|$)/.test(name)
    );
    assert.deepStrictEqual(wrong, []);
    const sources = names.filter((name) => /\.(?:[cm]?js|json|md|rs|toml|lock|ts)$/.test(name));
    const home = sources.filter((name) => {
      const text = fs.readFileSync(path.join(unpacked, name), 'utf8');
      return text.includes(root) || text.includes(os.homedir() + path.sep);
    });
    assert.deepStrictEqual(home, []);
  });
});

describe('npm/', () => {
  const folders = fs
    .readdirSync(path.join(root, 'npm'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

  for (const name of folders) {
    it(`has a manifest for ${name} that the loader can use`, () => {
      const manifest = JSON.parse(
        fs.readFileSync(path.join(root, 'npm', name, 'package.json'), 'utf8')
      );
      const { version, engines } = require('../../package.json');
      const [platform, arch, libc] = name.split('-');
      assert.strictEqual(manifest.name, `@ferrows/${name}`);
      assert.strictEqual(manifest.version, version);
      assert.deepStrictEqual(manifest.engines, engines);
      assert.deepStrictEqual([manifest.os, manifest.cpu], [[platform], [arch]]);
      const libraries = { gnu: ['glibc'], musl: ['musl'] };
      assert.deepStrictEqual(manifest.libc, libraries[libc]);
      assert.strictEqual(manifest.main, `ferrows.${name}.node`);
      assert.deepStrictEqual(manifest.files, [manifest.main]);
    });
  }
});
