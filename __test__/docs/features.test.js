'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');
const { FILE, derive, evidence } = require('../../scripts/features');

const TESTS = path.join(__dirname, '..');
const text = fs.readFileSync(FILE, 'utf8');

/** A small matrix to try the rules on. */
const matrix = (cell, ...lines) =>
  `| # | feature | ws | wss |\n| --- | --- | --- | --- |\n| 7 | a | ${cell} | - |\n\n## Tests\n\n${lines.join('\n')}\n`;

/**
 * @param {string} source of a test file
 * @param {string} name
 * @returns {boolean} whether the name is there as a literal of its own
 */
function hasTest(source, name) {
  const escaped = name.replaceAll('\\', '\\\\');
  return ["'", '"', '`'].some((quote) =>
    source.includes(quote + escaped.replaceAll(quote, `\\${quote}`) + quote)
  );
}

describe('docs/features.md', () => {
  it('has the 120 rows', () => {
    const rows = [...text.matchAll(/^\| (\d+) \|/gm)].map(([, row]) => Number(row));
    assert.deepStrictEqual(
      rows,
      Array.from({ length: 120 }, (_, i) => i + 1)
    );
  });

  it('has cells that agree with the lines', () => {
    assert.strictEqual(derive(text).text, text, 'run `node scripts/features.js --write`');
  });

  it('names tests that exist', () => {
    const missing = evidence(text).filter(({ file, name }) => {
      const place = path.join(TESTS, file);
      return !fs.existsSync(place) || !hasTest(fs.readFileSync(place, 'utf8'), name);
    });
    assert.deepStrictEqual(missing, []);
  });
});

describe('scripts/features.js', () => {
  it('turns a cell with a line into "tested" and one without into "open"', () => {
    const line = '- 7 ws: a.test.js > it > works';
    assert.match(derive(matrix('open', line)).text, /\| 7 \| a \| tested \| - \|/);
    assert.match(derive(matrix('tested')).text, /\| 7 \| a \| open \| - \|/);
    assert.deepStrictEqual(evidence(matrix('open', line)), [
      { row: 7, faces: ['ws'], file: 'a.test.js', name: 'it > works' }
    ]);
  });

  it('refuses a line that fits no cell or cannot be read', () => {
    assert.throws(() => derive(matrix('open', '- 8 ws: a.test.js > b')), /no cell for: 8 ws/);
    assert.throws(() => derive(matrix('open', '- 7 wss: a.test.js > b')), /is "-"/);
    assert.throws(() => derive(matrix('open', '- 7 ws a.test.js')), /cannot read/);
  });

  it('finds a name by its literal only', () => {
    assert.ok(hasTest("test('it\\'s', () => {})", "it's"));
    assert.ok(hasTest('test("a b", () => {})', 'a b'));
    assert.ok(!hasTest("test('a b c', () => {})", 'a b'));
  });
});
