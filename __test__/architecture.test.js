'use strict';

/**
 * The rules of docs/architecture.md that a machine can check: one-way arrows, what a layer must not name, where `unsafe` may stand,
 * and the size of a file. The tables at the top are the rules; change them together with the document.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const { builtinModules } = require('node:module');
const path = require('node:path');
const { describe, it } = require('node:test');

const root = path.join(__dirname, '..');

/** Layers of Rust, the lowest first: each may use those before it. */
const RUST_LAYERS = ['protocol', 'transport', 'engine', 'server', 'hub', 'binding'];

/** Folders of JavaScript, and those that each may require besides itself. */
const JS_LAYERS = {
  'lib/native': [],
  'lib/core': ['lib/native'],
  'lib/ws': ['lib/core'],
  'lib/wss': ['lib/ws', 'lib/core'],
  'lib/ws-multipath': ['lib/ws', 'lib/core']
};

/** What a layer must not name, beside the layers above it. */
const FORBIDDEN = {
  protocol: /\b(?:tokio|napi|napi_derive|hyper|libc|socket2|Instant|SystemTime|TcpStream|thread)\b/,
  transport: /\b(?:napi|napi_derive|hyper|tungstenite)\b/,
  engine: /\b(?:napi|napi_derive|hyper|httparse)\b/,
  server: /\b(?:napi|napi_derive)\b/,
  hub: /\b(?:napi|napi_derive)\b/,
  // State lives in the environment, since worker threads load the addon too.
  binding: /^\s*(?:pub(?:\([^)]*\))?\s+)?static\s/m
};

/** The only files with `unsafe`. */
const UNSAFE_FILES = [
  'src/binding/crossing.rs',
  'src/binding/descriptor.rs',
  'src/binding/loop_handle.rs',
  'src/binding/memory.rs',
  'src/binding/teardown.rs'
];

/** Lines of a file that is not a test. */
const MAX_LINES = 450;

/**
 * @param {string} folder relative to the root
 * @param {RegExp} pattern of the file's name
 * @returns {string[]} files below it, relative to the root, with forward slashes
 */
function filesIn(folder, pattern) {
  const place = path.join(root, folder);
  if (!fs.existsSync(place)) return [];
  return fs
    .readdirSync(place, { recursive: true })
    .map((name) => path.posix.join(folder, name.replaceAll('\\', '/')))
    .filter((name) => pattern.test(name) && fs.statSync(path.join(root, name)).isFile());
}

const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');
const rustFiles = filesIn('src', /\.rs$/);
const jsFiles = filesIn('lib', /\.[cm]?js$/);
const isRustTest = (file) => /(?:^|\/)tests(?:\/|\.rs$)/.test(file);

/** @param {string} source of Rust; @returns {string} the same lines without comments and the contents of strings */
function rustCode(source) {
  return source.replace(
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\[\s\S]|[^"\\])*"|'(?:\\.|[^'\\\n])'/g,
    (match) => (match[0] === '/' ? '' : '""') + '\n'.repeat(match.split('\n').length - 1)
  );
}

/**
 * @param {string} file relative to the root
 * @param {string} source
 * @returns {string[]} the names directly below the crate that it uses, by `crate::` or by as many `super::`
 */
function rustEdges(file, source) {
  const code = rustCode(source);
  const parts = file
    .replace(/^src\//, '')
    .replace(/(?:\/mod)?\.rs$/, '')
    .split('/');
  const edges = [...code.matchAll(/\bcrate::(\w+)/g)].map(([, name]) => name);
  for (const [, list] of code.matchAll(/\bcrate::\{([^;]*?)\};/g)) {
    // Only the first name of each entry; what stands in inner braces belongs to it.
    const flat = list.replace(/\{[^{}]*\}/g, '');
    edges.push(...flat.split(',').map((entry) => entry.trim().split('::')[0]));
  }
  for (const [chain, name] of code.matchAll(/\b(?:super::)+(\w+)/g)) {
    if (chain.split('super::').length - 1 === parts.length) edges.push(name);
  }
  return [...new Set(edges)];
}

/** @param {string} file relative to the root; @returns {string} its layer; '' for the crate's root */
const rustLayer = (file) => /^src\/(\w+)(?:\/|\.rs$)/.exec(file)[1].replace(/^lib$/, '');

/**
 * @param {string} file
 * @param {string} source
 * @returns {string[]} the layers above that it uses
 */
function wrongRustEdges(file, source) {
  const own = RUST_LAYERS.indexOf(rustLayer(file));
  return rustEdges(file, source).filter((name) => RUST_LAYERS.indexOf(name) > own);
}

/**
 * @param {string} file
 * @param {string} source
 * @returns {string[]} what it requires and must not: a folder, or a package that is not of Node
 */
function wrongJsEdges(file, source) {
  const own = Object.keys(JS_LAYERS).find((folder) => file.startsWith(`${folder}/`));
  const code = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const names = [...code.matchAll(/(?:\brequire\(|\bimport\(|\bfrom |^import )\s*'([^']+)'/gm)];
  return names
    .map(([, name]) => {
      if (!name.startsWith('.')) {
        const builtin = name.replace(/^node:/, '').split('/')[0];
        return builtinModules.includes(builtin) ? own : name;
      }
      const target = path.posix.join(path.posix.dirname(file), name);
      return (
        Object.keys(JS_LAYERS).find((folder) => `${target}/`.startsWith(`${folder}/`)) ?? target
      );
    })
    .filter((target) => target !== own && !JS_LAYERS[own]?.includes(target));
}

/**
 * @param {string} source of Rust
 * @returns {number[]} lines with an unsafe block or implementation that no comment with "SAFETY:" precedes
 */
function undocumentedUnsafe(source) {
  const lines = source.split('\n');
  return rustCode(source)
    .split('\n')
    .flatMap((line, i) => (/\bunsafe\s*(?:\{|impl\b)/.test(line) ? [i] : []))
    .filter((i) => {
      // Up through the comments and attributes above, and the statement that the block is a part of.
      for (let at = i; at >= 0; at -= 1) {
        if (/SAFETY:/.test(lines[at])) return false;
        if (at < i && (/[;{}]\s*$/.test(lines[at]) || lines[at].trim() === '')) return true;
      }
      return true;
    })
    .map((i) => i + 1);
}

/** @param {string[]} files; @param {(file: string, source: string) => unknown[]} find; @returns {object} findings by file */
function findings(files, find) {
  const found = files.map((file) => [file, find(file, read(file))]);
  return Object.fromEntries(found.filter(([, list]) => list.length > 0));
}

describe('architecture', () => {
  it('has Rust layers that use only those below them', () => {
    assert.ok(rustFiles.length > RUST_LAYERS.length);
    assert.deepStrictEqual(
      findings(
        rustFiles.filter((file) => rustLayer(file) !== ''),
        wrongRustEdges
      ),
      {}
    );
  });

  it('has Rust layers that do not name what is foreign to them', () => {
    const named = (file, source) =>
      rustCode(source).match(FORBIDDEN[rustLayer(file)] ?? /$^/) ?? [];
    const product = rustFiles.filter((file) => !isRustTest(file));
    assert.deepStrictEqual(
      findings(product, (file, source) => [...named(file, source)]),
      {}
    );
  });

  it('has JavaScript folders that require only what they may', () => {
    assert.ok(jsFiles.length > 0);
    assert.deepStrictEqual(findings(jsFiles, wrongJsEdges), {});
  });

  it('has unsafe code only where it is named, each with its reason', () => {
    const unsafe = (source) => /\bunsafe\b/.test(rustCode(source));
    const product = rustFiles.filter((file) => !UNSAFE_FILES.includes(file));
    assert.deepStrictEqual(
      findings(product, (_, source) => (unsafe(source) ? ['unsafe'] : [])),
      {}
    );
    const named = UNSAFE_FILES.filter((file) => fs.existsSync(path.join(root, file)));
    assert.deepStrictEqual(
      findings(named, (_, source) => undocumentedUnsafe(source)),
      {}
    );
  });

  it(`has no file of more than ${MAX_LINES} lines`, () => {
    const product = [...rustFiles.filter((file) => !isRustTest(file)), ...jsFiles];
    product.push(...filesIn('scripts', /\.js$/), ...filesIn('examples', /\.js$/));
    const long = (_, source) => (source.split('\n').length - 1 > MAX_LINES ? ['too long'] : []);
    assert.deepStrictEqual(findings(product, long), {});
  });
});

describe('the checks themselves', () => {
  it('see an arrow that points up', () => {
    assert.deepStrictEqual(wrongRustEdges('src/protocol/frame.rs', 'use crate::engine::Table;'), [
      'engine'
    ]);
    assert.deepStrictEqual(wrongRustEdges('src/engine/mod.rs', 'use super::hub::Inbox;'), ['hub']);
    assert.deepStrictEqual(
      wrongRustEdges(
        'src/engine/table.rs',
        'use crate::{protocol::{Frame, Mask}, server::Router};'
      ),
      ['server']
    );
    assert.deepStrictEqual(wrongRustEdges('src/server/mod.rs', 'use crate::engine::Table;'), []);
    assert.deepStrictEqual(wrongRustEdges('src/engine/a.rs', '// crate::hub\nuse super::hub;'), []);
  });

  it('see a wrong require', () => {
    assert.deepStrictEqual(wrongJsEdges('lib/core/hub.js', "require('../ws/websocket')"), [
      'lib/ws'
    ]);
    assert.deepStrictEqual(wrongJsEdges('lib/ws/index.js', "require('../native')"), ['lib/native']);
    assert.deepStrictEqual(wrongJsEdges('lib/wss/index.js', "require('../ws-multipath')"), [
      'lib/ws-multipath'
    ]);
    assert.deepStrictEqual(wrongJsEdges('lib/ws/index.js', "require('ms')"), ['ms']);
    assert.deepStrictEqual(
      wrongJsEdges('lib/ws/a.js', "require('node:fs'); require('./b'); require('../core')"),
      []
    );
  });

  it('see unsafe code without its reason', () => {
    assert.deepStrictEqual(undocumentedUnsafe('fn a() {\n    unsafe { b() };\n}'), [2]);
    assert.deepStrictEqual(
      undocumentedUnsafe('// SAFETY: held.\nlet a =\n    unsafe { b() };'),
      []
    );
    assert.deepStrictEqual(undocumentedUnsafe('// unsafe\nlet a = "unsafe";'), []);
    assert.deepStrictEqual(
      undocumentedUnsafe('// SAFETY: x.\nunsafe { a() };\nunsafe { b() };'),
      [3]
    );
  });
});
