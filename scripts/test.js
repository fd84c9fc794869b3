'use strict';

/**
 * `npm test`: sets up what is missing, runs the Rust tests of the layers that need no Node, then every JavaScript test, and ends with
 * one line that sums up all of them: `N passed, N failed, N skipped`.
 *
 *   node scripts/test.js [rust | js | types | all] [--strict] [file ...]
 *
 * Files restrict the JavaScript tests. `--strict`, for CI: a skipped test is a failure, unless its reason begins with
 * "not on this platform" or it is of Rust (`#[ignore]`).
 *
 * @module scripts/test
 */

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { FILE, evidence } = require('./features');
const { fail, setup } = require('./setup');
const { cargoEnvironment, root } = require('./toolchain');

/** Feature sets of the Rust tests: the layers of docs/architecture.md. The addon's own is tested from JavaScript. */
const RUST = [['--no-default-features'], ['--no-default-features', '--features', 'net']];

/** No file may take longer, in ms; the runner then ends it and reports it. */
const TIMEOUT = 240_000;

/** Nor may all of them, in ms. */
const DEADLINE = 540_000;

/** How long the runner may take to end after its summary, in ms: a process that a test has left behind keeps it waiting. */
const GRACE = 5_000;

/**
 * @typedef {object} Result
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {string[]} skips name and reason
 * @property {string[]} passes names
 */

/** @returns {Result} */
const nothing = () => ({ passed: 0, failed: 0, skipped: 0, skips: [], passes: [] });

/**
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @param {{ read?: (line: string) => void, stop?: () => string | undefined }} [options] `read` gets every line of stdout, which is
 *     shown all the same; `stop` is asked every second: if it gives a reason, the process is killed, and whatever it has started
 * @returns {Promise<boolean>} whether it ended with 0
 */
function run(command, args, env, { read, stop } = {}) {
  // A process group of its own can be killed as a whole; but then Ctrl-C has to be passed on.
  const isGroup = stop !== undefined && process.platform !== 'win32';
  const child = spawn(command, args, {
    cwd: root,
    detached: isGroup,
    env,
    stdio: ['ignore', read ? 'pipe' : 'inherit', 'inherit']
  });
  const kill = (signal) => {
    try {
      if (isGroup) process.kill(-child.pid, signal);
      else child.kill(signal);
    } catch {
      // It has ended.
    }
  };
  const interrupt = () => {
    kill('SIGKILL');
    process.exit(130);
  };
  const timer = setInterval(() => {
    const reason = stop?.();
    if (reason === undefined) return;
    console.log(`\n${reason}`);
    clearInterval(timer);
    kill('SIGKILL');
  }, 1_000);
  if (isGroup) process.once('SIGINT', interrupt);

  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk) => {
    process.stdout.write(chunk);
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    lines.forEach(read);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      clearInterval(timer);
      process.removeListener('SIGINT', interrupt);
      // What the tests have left behind.
      if (isGroup) kill('SIGKILL');
      resolve(status === 0);
    });
  });
}

/**
 * Runs `cargo test` for each feature set, to the end even if one fails.
 *
 * @returns {Promise<Result>}
 */
async function testRust() {
  const result = nothing();
  for (const features of RUST) {
    const title = ['cargo', 'test', '--locked', '--no-fail-fast', ...features];
    console.log(`\n> ${title.join(' ')}`);
    const before = result.failed;
    const read = (line) => {
      const counts = /^test result: .* (\d+) passed; (\d+) failed; (\d+) ignored;/.exec(line);
      if (!counts) return;
      result.passed += Number(counts[1]);
      result.failed += Number(counts[2]);
      result.skipped += Number(counts[3]);
    };
    const good = await run('cargo', title.slice(1), cargoEnvironment(), { read });
    // It did not compile, or a test took its process with it.
    if (!good && result.failed === before) result.failed += 1;
  }
  return result;
}

/**
 * @param {string} folder
 * @returns {string[]} every `*.test.js` below it, in the order of their names
 */
function testFiles(folder) {
  return fs
    .readdirSync(folder, { recursive: true })
    .filter((name) => /\.test\.[cm]?js$/.test(name))
    .map((name) => path.join(folder, name))
    .sort();
}

/**
 * Reads what `node --test` has written in the TAP format.
 *
 * @param {string} tap
 * @returns {Result | undefined} undefined if the runner did not come to its summary
 */
function readTap(tap) {
  // The last one: what a test prints is a comment in TAP as well.
  const count = (name) =>
    Number([...tap.matchAll(new RegExp(`^# ${name} (\\d+)$`, 'gm'))].at(-1)?.[1]);
  // `#` and `\` are escaped in names.
  const plain = (name) => name.replace(/\\(.)/g, '$1');
  const lines = [
    ...tap.matchAll(/^\s*(not )?ok \d+ - ((?:\\.|[^\\#\n])*?)(?: # (SKIP|TODO) ?(.*))?$/gm)
  ];
  const skips = lines.filter(([, , , directive]) => directive !== undefined);
  if (Number.isNaN(count('pass'))) return undefined;
  return {
    passed: count('pass'),
    failed: count('fail') + count('cancelled'),
    // A skipped suite is a line, but the summary does not count it.
    skipped: Math.max(count('skipped') + count('todo'), skips.length),
    skips: skips.map(([, , name, , reason]) => `${plain(name)}: ${reason || 'no reason given'}`),
    passes: lines
      .filter(([, not, , directive]) => !not && directive === undefined)
      .map(([, , name]) => plain(name))
  };
}

/**
 * Runs Node's own test runner over explicit files: what it finds by itself given a folder differs between Node 20 and 22.
 *
 * @param {string[]} files
 * @returns {Promise<Result>}
 */
async function testNode(files) {
  if (files.length === 0) return nothing();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferrows-test-'));
  const report = path.join(folder, 'report.tap');
  const reporters = ['spec', 'stdout', 'tap', report];
  const args = ['--test', `--test-timeout=${TIMEOUT}`];
  for (let i = 0; i < reporters.length; i += 2) {
    args.push(`--test-reporter=${reporters[i]}`, `--test-reporter-destination=${reporters[i + 1]}`);
  }
  console.log(`\n> node --test (${files.length} files)`);
  try {
    const begun = performance.now();
    let complete;
    const stop = () => {
      const now = performance.now();
      const text = fs.existsSync(report) ? fs.readFileSync(report, 'utf8') : '';
      if (/\n# duration_ms [\d.]+\s*$/.test(text)) complete ??= now;
      if (now - complete > GRACE) return 'A test has left a process behind, which was killed.';
      return now - begun > DEADLINE
        ? `The tests took more than ${DEADLINE / 60_000} minutes and were stopped.`
        : undefined;
    };
    const good = await run(process.execPath, [...args, ...files], process.env, { stop });
    const result = readTap(fs.readFileSync(report, 'utf8')) ?? nothing();
    if (!good && result.failed === 0) result.failed = 1;
    return result;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function main() {
  const args = process.argv.slice(2);
  const strict = args.includes('--strict');
  const words = args.filter((arg) => !arg.startsWith('--'));
  const known = ['rust', 'js', 'types', 'all'];
  const what = known.includes(words[0]) ? words.shift() : words.length > 0 ? 'js' : 'all';

  await setup({ development: what !== 'rust', addon: what !== 'rust' });

  const results = [];
  if (what === 'rust' || what === 'all') results.push(await testRust());
  if (what !== 'rust') {
    const tests = path.join(root, '__test__');
    const types = path.join(tests, 'types') + path.sep;
    const files = testFiles(tests).filter((file) => {
      if (words.length > 0) return words.some((word) => file.includes(path.normalize(word)));
      return what === 'all' || file.startsWith(types) === (what === 'types');
    });
    if (files.length === 0) throw new Error('no test file found');
    results.push(await testNode(files));
  }

  const total = nothing();
  for (const result of results) {
    for (const key of Object.keys(total)) {
      total[key] = Array.isArray(total[key])
        ? total[key].concat(result[key])
        : total[key] + result[key];
    }
  }
  if (what === 'all') {
    const passes = new Set(total.passes);
    const isSkipped = (name) => total.skips.some((skip) => skip.startsWith(`${name}: `));
    const absent = evidence(fs.readFileSync(FILE, 'utf8')).filter(
      ({ name }) => !passes.has(name) && !isSkipped(name)
    );
    for (const { file, name } of absent) {
      console.log(`\ndocs/features.md names "${name}" of ${file}, which did not pass`);
    }
    total.failed += absent.length;
  }
  if (total.skips.length > 0) {
    console.log(`\nSkipped:\n${total.skips.map((skip) => `  ${skip}`).join('\n')}`);
  }
  const unexpected = total.skips.filter((skip) => !skip.includes(': not on this platform'));
  if (strict && unexpected.length > 0) {
    console.log(`\nNothing may be skipped here (--strict), but ${unexpected.length} of them were.`);
  }
  console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  if (total.failed > 0 || total.passed === 0 || (strict && unexpected.length > 0))
    process.exitCode = 1;
}

main().catch(fail);
