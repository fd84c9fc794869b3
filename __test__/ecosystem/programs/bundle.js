'use strict';

/** A bundle for browsers gets a function that throws, not the parts of Node. */

const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');
const webpack = require('webpack');
const { side } = require('./trace');

const say = side('bundle');

const SOURCE = `
try {
  new (require('ws'))('ws://localhost');
} catch (err) {
  say(err.name, /native\\s+WebSocket/.test(err.message));
}
say(typeof require('isomorphic-ws'));
`;

const context = fs.mkdtempSync(path.join(__dirname, 'bundle-'));
process.on('exit', () => fs.rmSync(context, { recursive: true, force: true }));
const entry = path.join(context, 'index.js');
fs.writeFileSync(entry, SOURCE);

const output = { filename: 'bundle.js', path: context };
const compiler = webpack({ context, entry, mode: 'development', output, target: 'web' });
compiler.run((_, stats) => {
  const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
  say([...errors, ...warnings].map(({ message }) => message.split('\n')[0]));
  const bundle = fs.readFileSync(path.join(context, 'bundle.js'), 'utf8');
  vm.runInNewContext(bundle, { say, WebSocket: class WebSocket {} });
  compiler.close(() => say('done'));
});
