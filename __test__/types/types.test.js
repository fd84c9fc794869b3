'use strict';

/**
 * Compiles the programs next to this file. A line that must not compile names the error: `// error: TS2345`; every other line must
 * compile. Programs whose first line says so are compiled against the original's typings too, which must refuse the same lines.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');
const ts = require('typescript');

const PROGRAMS = path.join(__dirname, 'programs');

/** How users resolve modules: as Node does, and as bundlers do. */
const RESOLUTIONS = {
  node16: { module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16 },
  bundler: { module: ts.ModuleKind.Preserve, moduleResolution: ts.ModuleResolutionKind.Bundler }
};

/**
 * @param {Record<string, string>} sources by path; nothing is written to the disk
 * @param {keyof typeof RESOLUTIONS} resolution
 * @returns {string[]} `<name of the file>:<line>: TS<code>`, sorted; what the typings themselves are blamed for included
 */
function compile(sources, resolution) {
  const options = {
    ...RESOLUTIONS[resolution],
    esModuleInterop: true,
    noEmit: true,
    skipLibCheck: false,
    strict: true,
    target: ts.ScriptTarget.ES2022,
    typeRoots: [path.join(__dirname, '..', '..', 'node_modules', '@types')],
    types: ['node']
  };
  const host = ts.createCompilerHost(options, true);
  const { fileExists, getSourceFile, readFile } = host;
  host.fileExists = (file) => Object.hasOwn(sources, file) || fileExists(file);
  host.readFile = (file) => sources[file] ?? readFile(file);
  host.getSourceFile = (file, ...rest) =>
    Object.hasOwn(sources, file)
      ? ts.createSourceFile(file, sources[file], ...rest)
      : getSourceFile(file, ...rest);
  const program = ts.createProgram(Object.keys(sources), options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ code, file, messageText, start }) => {
      if (file === undefined) return ts.flattenDiagnosticMessageText(messageText, ' ');
      const { line } = file.getLineAndCharacterOfPosition(start);
      return `${path.basename(file.fileName)}:${line + 1}: TS${code}`;
    })
    .sort();
}

/** @param {string} file; @param {string} source; @returns {string[]} the errors that the comments announce */
function announced(file, source) {
  return source
    .split('\n')
    .flatMap((line, i) => {
      const codes = /\/\/ error: (TS\d+(?:, TS\d+)*)$/.exec(line)?.[1].split(', ') ?? [];
      return codes.map((code) => `${path.basename(file)}:${i + 1}: ${code}`);
    })
    .sort();
}

const programs = fs.readdirSync(PROGRAMS).map((name) => path.join(PROGRAMS, name));
const sources = Object.fromEntries(programs.map((file) => [file, fs.readFileSync(file, 'utf8')]));
const expected = programs.flatMap((file) => announced(file, sources[file])).sort();

describe('typings', () => {
  for (const resolution of Object.keys(RESOLUTIONS)) {
    it(`accept and reject what they should (${resolution})`, () => {
      assert.ok(expected.length > 20);
      assert.deepStrictEqual(compile(sources, resolution), expected);
    });
  }

  it('agree with @types/ws', () => {
    const common = programs.filter(
      (file) =>
        sources[file].startsWith('// ') && /against @types\/ws/.test(sources[file].split('\n')[0])
    );
    assert.ok(common.length >= 4);
    const original = common.map((file) => [file, sources[file].replaceAll("'ferrows/ws'", "'ws'")]);
    const errors = common.flatMap((file) => announced(file, sources[file]));
    // Which error it is may differ.
    const lines = (list) => [...new Set(list.map((error) => error.replace(/: TS\d+$/, '')))].sort();
    assert.deepStrictEqual(lines(compile(Object.fromEntries(original), 'node16')), lines(errors));
  });

  it('have no error when nothing is wrong, and one when something is', () => {
    const file = path.join(PROGRAMS, 'inline.cts');
    const head = "import WebSocket = require('ferrows/ws');\n";
    assert.deepStrictEqual(
      compile({ [file]: `${head}export const a = WebSocket.OPEN;` }, 'node16'),
      []
    );
    assert.deepStrictEqual(
      compile({ [file]: `${head}export const a = WebSocket.NONE;` }, 'node16'),
      ['inline.cts:2: TS2339']
    );
  });
});
