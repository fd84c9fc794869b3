'use strict';

/**
 * What the typings declare is there at run time, and what the modules export is declared.
 */

const assert = require('node:assert');
const path = require('node:path');
const { before, describe, it } = require('node:test');
const ts = require('typescript');

const root = path.join(__dirname, '..', '..');

/** Typings by the name under which users import them. */
const COMMONJS = {
  ferrows: 'index.d.ts',
  'ferrows/ws': 'types/ws.d.ts',
  'ferrows/wss': 'types/wss.d.ts',
  'ferrows/ws-multipath': 'types/ws-multipath.d.ts'
};
const MODULES = { ferrows: 'index.d.mts', 'ferrows/ws': 'types/ws.d.mts' };

/** An object of each class, without a connection or a listener. */
const INSTANCES = {
  ferrows: () => new (require('ferrows'))(null, undefined, {}),
  'ferrows/ws': () => new (require('ferrows/ws'))(null, undefined, {}),
  'ferrows/wss': () => new (require('ferrows/wss'))({ noServer: true }),
  'ferrows/ws-multipath': () =>
    new (require('ferrows/ws-multipath'))({ port: 0, autoListen: false })
};

describe('typings and modules', () => {
  let program;
  let checker;

  before(() => {
    const files = [...Object.values(COMMONJS), ...Object.values(MODULES)];
    program = ts.createProgram(
      files.map((file) => path.join(root, file)),
      {
        module: ts.ModuleKind.Node16,
        moduleResolution: ts.ModuleResolutionKind.Node16,
        types: ['node']
      }
    );
    checker = program.getTypeChecker();
  });

  /** @param {string} file; @returns {ts.Symbol} of the module */
  const moduleOf = (file) =>
    checker.getSymbolAtLocation(program.getSourceFile(path.join(root, file)));
  /** @param {ts.Symbol} symbol; @returns {ts.Symbol} what an alias stands for */
  const target = (symbol) =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  /** @param {string} file; @returns {ts.Type} of what it exports by `export =` */
  const exported = (file) => {
    const symbol = target(moduleOf(file).exports.get(ts.InternalSymbolName.ExportEquals));
    return checker.getTypeOfSymbol(symbol);
  };
  const names = (type) => type.getProperties().map(({ name }) => name);

  for (const [name, file] of Object.entries(COMMONJS)) {
    it(`require('${name}') has what ${file} declares`, () => {
      const value = require(name);
      const missing = names(exported(file)).filter((key) => key !== 'prototype' && !(key in value));
      assert.deepStrictEqual(missing, []);
      const undeclared = Object.keys(value).filter((key) => !names(exported(file)).includes(key));
      assert.deepStrictEqual(undeclared, []);
    });

    it(`an instance of require('${name}') has what ${file} declares`, () => {
      const instance = exported(file).getConstructSignatures()[0].getReturnType();
      const object = INSTANCES[name]();
      const missing = names(instance).filter((key) => !key.startsWith('__@') && !(key in object));
      assert.deepStrictEqual(missing, []);
    });
  }

  for (const [name, file] of Object.entries(MODULES)) {
    it(`import('${name}') has the names that ${file} declares`, async () => {
      const declared = checker
        .getExportsOfModule(moduleOf(file))
        .filter((symbol) => target(symbol).flags & ts.SymbolFlags.Value)
        .map((symbol) => symbol.name);
      const actual = Object.keys(await import(name)).filter((key) => key !== 'module.exports');
      // `Server` is a type only, although its target is a class.
      assert.deepStrictEqual(actual.sort(), declared.filter((key) => key !== 'Server').sort());
    });
  }

  it("a server of require('ferrows/ws') has what types/ws.d.ts declares", () => {
    const symbol = exported('types/ws.d.ts').getProperty('Server');
    const instance = checker.getTypeOfSymbol(symbol).getConstructSignatures()[0].getReturnType();
    const server = new (require('ferrows/ws').Server)({ noServer: true, path: '/' });
    const missing = names(instance).filter((key) => !key.startsWith('__@') && !(key in server));
    // `path` is in `options` only, with `ws` as well; @types/ws has it.
    assert.deepStrictEqual(missing, ['path']);
  });

  it('ES modules and CommonJS give the same class', async () => {
    const { default: WebSocket } = await import('ferrows');
    assert.strictEqual(WebSocket, require('ferrows'));
    assert.strictEqual((await import('ferrows/ws')).WebSocket, require('ferrows/ws'));
    assert.strictEqual((await import('ferrows/wss')).default, require('ferrows/wss'));
    assert.strictEqual(
      (await import('ferrows/ws-multipath')).default,
      require('ferrows/ws-multipath')
    );
  });

  it('the statics of the root that can be listed are those of ws', () => {
    const original = require('ws');
    assert.deepStrictEqual(Object.keys(require('ferrows')).sort(), Object.keys(original).sort());
    assert.deepStrictEqual(Object.keys(require('ferrows/ws')).sort(), Object.keys(original).sort());
  });
});
