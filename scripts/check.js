'use strict';

/**
 * `npm run check`: everything that CI runs, in its order, up to the first failure.
 *
 * @module scripts/check
 */

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { root } = require('./toolchain');

for (const name of ['lint', 'test', 'conformance']) {
  console.log(`\n> ${name}`);
  const run = spawnSync(process.execPath, [path.join(__dirname, `${name}.js`)], {
    cwd: root,
    stdio: 'inherit'
  });
  if (run.status !== 0) process.exit(run.status ?? 1);
}
