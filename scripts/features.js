'use strict';

/**
 * The matrix of docs/features.md: reads the lines under "Tests" and derives the cells from them.
 *
 *   node scripts/features.js [--write]
 *
 * Without `--write` it only counts, and fails if the cells do not agree with the lines.
 *
 * @module scripts/features
 */

const fs = require('node:fs');
const path = require('node:path');
const { root } = require('./toolchain');

const FILE = path.join(root, 'docs', 'features.md');

/**
 * @typedef {object} Evidence
 * @property {number} row
 * @property {string[]} faces
 * @property {string} file below __test__
 * @property {string} name of the test
 */

/**
 * @param {string} text of docs/features.md
 * @returns {Evidence[]} the lines under "Tests"
 * @throws {Error} a line has another form
 */
function evidence(text) {
  const lines = text.slice(text.indexOf('\n## Tests\n')).split('\n');
  return lines
    .filter((line) => line.startsWith('- '))
    .map((line) => {
      const parts = /^- (\d+) ([\w-]+(?:, [\w-]+)*): (\S+) > (.+)$/.exec(line);
      if (parts === null) throw new Error(`docs/features.md: cannot read "${line}"`);
      const [, row, faces, file, name] = parts;
      return { row: Number(row), faces: faces.split(', '), file, name };
    });
}

/**
 * Writes each cell anew. A `-` stays, and evidence for it is a mistake.
 *
 * @param {string} text of docs/features.md
 * @returns {{ text: string, counts: { open: number, tested: number } }}
 * @throws {Error} evidence for a row, a face or a cell that the matrix does not have
 */
function derive(text) {
  const proven = new Set(
    evidence(text).flatMap(({ row, faces }) => faces.map((face) => `${row} ${face}`))
  );
  const counts = { open: 0, tested: 0 };
  let faces = [];
  const lines = text.split('\n').map((line) => {
    if (!line.startsWith('| ')) return line;
    const cells = line.slice(2, -2).split(' | ');
    if (cells[0] === '#') faces = cells.slice(2);
    const row = Number(cells[0]);
    if (!Number.isInteger(row)) return line;
    faces.forEach((face, i) => {
      const cell = cells[i + 2];
      const state = proven.delete(`${row} ${face}`) ? 'tested' : 'open';
      if (cell === '-') {
        if (state === 'tested')
          throw new Error(`docs/features.md: ${row} ${face} is "-", but has a test`);
        return;
      }
      cells[i + 2] = state;
      counts[state] += 1;
    });
    return `| ${cells.join(' | ')} |`;
  });
  if (proven.size > 0)
    throw new Error(`docs/features.md has no cell for: ${[...proven].join('; ')}`);
  return { text: lines.join('\n'), counts };
}

module.exports = { FILE, derive, evidence };

if (require.main === module) {
  const before = fs.readFileSync(FILE, 'utf8');
  const { text, counts } = derive(before);
  console.log(`docs/features.md: ${counts.tested} tested, ${counts.open} open`);
  if (process.argv.includes('--write')) {
    fs.writeFileSync(FILE, text);
  } else if (text !== before) {
    console.error('The cells do not agree with the lines: run `node scripts/features.js --write`.');
    process.exitCode = 1;
  }
}
