'use strict';

/**
 * `npm run lint`: formatting and lints of both languages, Rust once per layer, since a feature that is off hides code from the lints
 * that is missing elsewhere. Everything is run to the end; the exit code tells whether all of it was clean.
 *
 * @module scripts/lint
 */

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { fail, setup } = require('./setup');
const { cargoEnvironment, root } = require('./toolchain');

const clippy = (...features) => [
  'cargo',
  ['clippy', '--locked', '--all-targets', ...features, '--', '-D', 'warnings']
];

/** Command and arguments of each check. */
const CHECKS = [
  ['cargo', ['fmt', '--check']],
  clippy('--no-default-features'),
  clippy('--no-default-features', '--features', 'net'),
  clippy(),
  [
    process.execPath,
    [
      path.join('node_modules', '@biomejs', 'biome', 'bin', 'biome'),
      'ci',
      `--colors=${process.stdout.isTTY ? 'force' : 'off'}`
    ]
  ]
];

async function main() {
  await setup({ development: true, addon: false });
  const bad = CHECKS.filter(([command, args]) => {
    const title = `${path.basename(command)} ${args.join(' ')}`;
    console.log(`\n> ${title}`);
    const run = spawnSync(command, args, { cwd: root, env: cargoEnvironment(), stdio: 'inherit' });
    return run.status !== 0;
  });
  console.log(`\nlint: ${CHECKS.length - bad.length} of ${CHECKS.length} checks are clean`);
  if (bad.length > 0) process.exitCode = 1;
}

main().catch(fail);
