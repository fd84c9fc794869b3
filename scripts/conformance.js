'use strict';

/**
 * Plays the Autobahn TestSuite, both sides, and compares every verdict with the expected ones.
 *
 *   node scripts/conformance.js [--subject MODULE] [--sides server,client] [--roads native,attached,fed] [--sections 1,2,...]
 *                               [--jobs 2] [--update] [--require]
 *
 * Sections 12 and 13 (permessage-deflate, 216 cases, long) are played whole when they are named; `12c` and `13c`, their seven smallest
 * sizes (84 cases), always.
 *
 * The subject is this package unless told otherwise; `--subject ws` measures the original. Sections 1 to 7, 9 and 10
 * (301 cases) run under the default limits, section 9 once more without the fragment limit (`9+`): its cases of
 * 4 MiB in fragments of 64 and 256 bytes exceed it. Expected verdicts are in conformance/expected-SUBJECT.json;
 * `--update` rewrites them. A verdict that is better than the expected one passes and is named. Without an installed
 * suite (`scripts/peers.sh wstest`) every case counts as skipped; with `--require` that is a failure.
 */

const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { findWstest, playSection } = require('../__test__/autobahn/wstest.js');

const ROOT = path.join(__dirname, '..');
const SECTIONS = ['1', '2', '3', '4', '5', '6', '7', '9', '9+', '10', '12c', '13c'];
/** Long sections first, so that the workers end together. */
const WEIGHT = { 6: 9, 9: 6, '9+': 6, 5: 3, 1: 1, 10: 1, 7: 1, 2: 1, 3: 1, 4: 1 };

const { values } = parseArgs({
  options: {
    subject: { type: 'string', default: 'ferrows' },
    sides: { type: 'string', default: 'server,client' },
    roads: { type: 'string', default: 'native,attached,fed' },
    sections: { type: 'string', default: SECTIONS.join(',') },
    jobs: { type: 'string', default: '2' },
    update: { type: 'boolean', default: false },
    require: { type: 'boolean', default: false }
  }
});

const subject =
  values.subject === 'ferrows'
    ? ROOT
    : require.resolve(values.subject, { paths: [process.cwd(), ROOT] });
const expectedFile = path.join(
  ROOT,
  'conformance',
  `expected-${path.basename(values.subject)}.json`
);

/** Sections of permessage-deflate, and how many groups each has; a group has 18 sizes. */
const DEFLATE = { 12: 5, 13: 7 };
/** How many sizes of a group are in the cut. */
const CUT = 7;

/** @returns {string[]} the cases of the cut of a section of permessage-deflate */
const cut = (section) =>
  Array.from({ length: DEFLATE[section] * CUT }, (_, i) => {
    return `${section}.${Math.floor(i / CUT) + 1}.${(i % CUT) + 1}`;
  });

/** The runs to make: one per side, road and section. */
const plan = () => {
  const runs = [];
  for (const side of values.sides.split(',')) {
    for (const road of side === 'server' ? values.roads.split(',') : ['']) {
      for (const label of values.sections.split(',')) {
        const section = label.replace(/[+c]/, '');
        const options = {
          road: road || undefined,
          ...(label === '9+' ? { maxFragments: 0 } : {}),
          ...(DEFLATE[section] ? { deflate: true, limit: 1_800_000 } : {}),
          ...(label.endsWith('c') ? { cases: cut(section) } : {})
        };
        runs.push({ side, road, label, section, options });
      }
    }
  }
  return runs.sort((a, b) => (WEIGHT[b.label] ?? 20) - (WEIGHT[a.label] ?? 20));
};

/** Whether both verdicts of a case are as good as they can be. */
const perfect = (verdict) => verdict[0] === 'OK' && verdict[1] === 'OK';

/**
 * Compares a run with the expectations.
 * @param {object} run as made by `plan`
 * @param {Record<string, [string, string]>} expected verdicts of the side
 * @returns {{passed: number, failed: string[], better: string[]}} counts and descriptions
 */
const judge = (run, expected) => {
  const outcome = { passed: 0, failed: [], better: [] };
  const suffix = run.label.endsWith('+') ? '+' : '';
  const ids = new Set(Object.keys(run.verdicts).map((id) => id + suffix));
  for (const id of Object.keys(expected)) {
    if (run.options.cases && !run.options.cases.includes(id)) continue;
    if (id.split('.')[0] === run.section && id.endsWith('+') === (suffix === '+')) ids.add(id);
  }
  for (const id of ids) {
    const wanted = expected[id] || 'nothing expected';
    const got = run.verdicts[id.replace('+', '')] || ['NO RESULT', 'NO RESULT'];
    if (got.join('/') === wanted) {
      outcome.passed++;
    } else if (perfect(got) && expected[id] !== undefined) {
      outcome.passed++;
      outcome.better.push(`${id}: ${wanted} expected, now ${got.join('/')}`);
    } else {
      outcome.failed.push(
        `${run.side}${run.road && ` (${run.road})`} ${id}: ${got.join('/')}, expected ${wanted}`
      );
    }
  }
  return outcome;
};

/** Numbers of each verdict in a run, e.g. "OK 54". */
const tally = (verdicts) => {
  const counts = {};
  for (const [behaviour] of Object.values(verdicts))
    counts[behaviour] = (counts[behaviour] || 0) + 1;
  return Object.entries(counts)
    .map(([verdict, count]) => `${verdict} ${count}`)
    .join(', ');
};

/** Natural order of case numbers. */
const byNumber = (a, b) => a.localeCompare(b, 'en', { numeric: true });

/** Writes the verdicts seen as the expected ones. */
const update = (runs) => {
  const all = fs.existsSync(expectedFile) ? JSON.parse(fs.readFileSync(expectedFile, 'utf8')) : {};
  for (const run of runs) {
    all[run.side] ||= {};
    for (const [id, verdict] of Object.entries(run.verdicts)) {
      all[run.side][id + (run.label.endsWith('+') ? '+' : '')] = verdict.join('/');
    }
  }
  for (const side of Object.keys(all)) {
    all[side] = Object.fromEntries(Object.entries(all[side]).sort(([a], [b]) => byNumber(a, b)));
  }
  fs.mkdirSync(path.dirname(expectedFile), { recursive: true });
  fs.writeFileSync(expectedFile, `${JSON.stringify(all, null, 2)}\n`);
};

const main = async () => {
  const runs = plan();
  const expected = fs.existsSync(expectedFile)
    ? JSON.parse(fs.readFileSync(expectedFile, 'utf8'))
    : {};
  if (findWstest() === null) {
    let skipped = 0;
    for (const run of runs) {
      for (const id of Object.keys(expected[run.side] || {})) {
        if (id.split('.')[0] === run.section && id.endsWith('+') === run.label.endsWith('+'))
          skipped++;
      }
    }
    console.log('the Autobahn TestSuite is not installed; scripts/peers.sh wstest installs it');
    console.log(`0 passed, 0 failed, ${skipped} skipped`);
    process.exitCode = values.require ? 1 : 0;
    return;
  }
  const queue = [...runs];
  const worker = async () => {
    for (let run = queue.shift(); run; run = queue.shift()) {
      const began = Date.now();
      Object.assign(run, await playSection(run.side, subject, run.section, run.options));
      run.seconds = (Date.now() - began) / 1000;
    }
  };
  const began = Date.now();
  await Promise.all(Array.from({ length: Number(values.jobs) }, worker));
  if (values.update) update(runs);

  const wanted = values.update ? JSON.parse(fs.readFileSync(expectedFile, 'utf8')) : expected;
  let passed = 0;
  const failed = [];
  const better = [];
  console.log('side    road      section  cases  passed  failed  seconds  behaviour');
  for (const run of runs.sort((a, b) =>
    (a.side + a.road + a.label).localeCompare(b.side + b.road + b.label, 'en', { numeric: true })
  )) {
    const outcome = judge(run, wanted[run.side] || {});
    passed += outcome.passed;
    failed.push(...outcome.failed);
    if (run.trouble) failed.push(`${run.side} section ${run.label}: ${run.trouble}`);
    better.push(...outcome.better);
    const cells = [
      run.side.padEnd(7),
      (run.road || '-').padEnd(9),
      run.label.padEnd(7),
      String(Object.keys(run.verdicts).length).padStart(6),
      String(outcome.passed).padStart(7),
      String(outcome.failed.length).padStart(7),
      run.seconds.toFixed(1).padStart(8),
      ` ${tally(run.verdicts)}`
    ];
    console.log(cells.join(' '));
  }
  for (const line of better) console.log(`better than expected: ${line}`);
  for (const line of failed) console.log(`FAILED ${line}`);
  console.log(`took ${((Date.now() - began) / 1000).toFixed(0)} s`);
  console.log(`${passed} passed, ${failed.length} failed, 0 skipped`);
  process.exitCode = failed.length > 0 ? 1 : 0;
};

main();
