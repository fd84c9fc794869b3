'use strict';

/** docs/api/ws.md names everything that the `ws` face has, and its links lead somewhere. */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');
const WebSocket = require('../../lib/ws');
const { CONNECTION_DEFAULTS } = require('../../lib/ws/constants');

const root = path.join(__dirname, '..', '..');
const FILE = path.join(root, 'docs', 'api', 'ws.md');
const text = fs.readFileSync(FILE, 'utf8');

/** What stands between backticks. */
const codes = [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code);

/** @param {string[]} names; @returns {string[]} those that are not a word of any code in the document */
const missing = (names) =>
  names.filter((name) => !codes.some((code) => code.split(/[^\w$-]+/).includes(name)));

/** @param {object} value; @returns {string[]} the names of its own members that are not private */
const members = (value) =>
  Object.getOwnPropertyNames(value).filter((name) => !/^(?:_|constructor$)/.test(name));

/** @param {string} markdown; @returns {string[]} what its headings can be linked by */
const anchors = (markdown) =>
  [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replace(/ /g, '-')
  );

/** @returns {string[]} every file of the face */
const sources = () =>
  fs
    .readdirSync(path.join(root, 'lib', 'ws'))
    .map((name) => fs.readFileSync(path.join(root, 'lib', 'ws', name), 'utf8'));

describe('docs/api/ws.md', () => {
  it('names every static and every member', () => {
    const { PerMessageDeflate, Receiver, Sender, Server } = WebSocket;
    assert.deepStrictEqual(missing(Object.keys(WebSocket)), []);
    for (const { prototype } of [WebSocket, Server, Sender, Receiver]) {
      assert.deepStrictEqual(missing(members(prototype)), []);
    }
    assert.deepStrictEqual(missing(['frame', ...members(WebSocket.extension)]), []);
    assert.deepStrictEqual(missing(['offer', 'accept', 'params', 'extensionName']), []);
    assert.ok(PerMessageDeflate.prototype.offer && PerMessageDeflate.prototype.accept);
  });

  it('names every option and its default', () => {
    const server = new WebSocket.Server({ noServer: true });
    assert.deepStrictEqual(missing(Object.keys(server.options)), []);
    for (const [name, value] of Object.entries(CONNECTION_DEFAULTS)) {
      assert.match(text, new RegExp(`^\\| \`${name}\` \\| \\w+ \\| ${value} \\|`, 'm'));
    }
    const documented = sources()
      .flatMap((source) => [...source.matchAll(/@param \{.*\} \[?options\.(\w+)/g)])
      .map(([, name]) => name);
    assert.ok(documented.length > 20);
    assert.deepStrictEqual(missing(documented), []);
  });

  it('names every event', () => {
    const emitted = sources()
      .flatMap((source) => [...source.matchAll(/\bemit(?:\.bind)?\([^)']*'([\w-]+)'/g)])
      .map(([, name]) => name);
    assert.ok(emitted.includes('connection') && emitted.includes('message'));
    const headed = new Set([...text.matchAll(/`'([\w-]+)'`/g)].map(([, name]) => name));
    assert.deepStrictEqual(
      emitted.filter((name) => !headed.has(name)),
      []
    );
  });

  it('has the text and code of every error', () => {
    const errors = fs.readFileSync(path.join(root, 'lib', 'core', 'errors.js'), 'utf8');
    const named = [...errors.matchAll(/'([A-Z\d_]+)',\s+10\d\d\b/g)].map(([, name]) => name);
    assert.strictEqual(new Set(named).size, 12);
    assert.deepStrictEqual(missing(named.map((name) => `WS_ERR_${name}`)), []);
    const { BAD_EXTENSIONS, BAD_SUBPROTOCOL } = require('../../lib/core/handshake');
    for (const { message, status } of [BAD_SUBPROTOCOL, BAD_EXTENSIONS]) {
      assert.ok(text.includes(`| ${status} | ${message} |`), message);
    }
    // The texts of a client's handshake, as they stand in the code.
    const client = fs.readFileSync(path.join(root, 'lib', 'ws', 'client.js'), 'utf8');
    const texts = [...client.matchAll(/(?:return |, )['`]([A-Z][^'`$]{15,})['`$]/g)];
    assert.ok(texts.length > 8);
    for (const [, message] of texts) assert.ok(text.includes(message.trim()), message);
  });

  it('has links that lead somewhere', () => {
    const links = [...text.matchAll(/\]\(([^)#]*)(?:#([^)]+))?\)/g)];
    assert.ok(links.length > 30);
    for (const [, file, anchor] of links) {
      const target = file ? path.join(path.dirname(FILE), file) : FILE;
      const found = anchors(fs.readFileSync(target, 'utf8'));
      assert.ok(anchor === undefined || found.includes(anchor), `${file}#${anchor}`);
    }
  });
});
