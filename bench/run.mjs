// Interleaved measurements: every round runs every server once; ratios are taken within the round against the base,
// then the median over the rounds.
//
//   npm run bench -- [--servers ws,ferrows] [--scenarios a100,b] [--rounds 3] [--secs 1.5] [--warm 0.8]
//                    [--base auto|NAME] [--out FILE] [--targets]
//
// `--targets` measures what the project has promised, and says whether it holds (exit code 1 if not).

import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { measure, prepare } from './measure.mjs';
import { missing, scenarios, servers, suits, targets } from './subjects.mjs';

const { values } = parseArgs({
  options: {
    servers: { type: 'string', default: 'ws,ferrows,ws-att,ferrows-att' },
    scenarios: { type: 'string', default: 'a1same,a100,b,c,d,e16,f' },
    rounds: { type: 'string', default: '3' },
    secs: { type: 'string', default: '1.5' },
    warm: { type: 'string', default: '0.8' },
    base: { type: 'string', default: 'auto' },
    out: { type: 'string' },
    targets: { type: 'boolean', default: false }
  }
});

/** The columns of the table, and whether the ratio to the base is shown beside. */
const COLUMNS = [
  ['per_s', 0],
  ['cpu_us', 3],
  ['main_us', 3],
  ['p50_us', 1],
  ['p99_us', 1]
];

/** Median of the finite numbers. */
const median = (list) => {
  const sorted = list.filter(Number.isFinite).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return NaN;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
const baseOf = (name) => (values.base === 'auto' ? servers[name].base : values.base);
/** Median of a quantity. */
const absolute = (data, name, key) => median((data[name] || []).map((one) => one?.[key]));
/** Median over the rounds of the ratio to the base. */
const ratio = (data, name, key) =>
  median(
    (data[name] || []).map((one, round) =>
      one && data[baseOf(name)]?.[round] ? one[key] / data[baseOf(name)][round][key] : NaN
    )
  );

/** Measures all servers under one load. */
const measureAll = async (scenario, names) => {
  const data = {};
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const name of round % 2 ? [...names].reverse() : names) {
      if (!suits(name, scenario)) continue;
      try {
        const result = await measure(name, scenario, values);
        (data[name] ||= [])[round] = result;
        if (values.out)
          appendFileSync(
            values.out,
            `${JSON.stringify({ scenario, server: name, round, ...result })}\n`
          );
      } catch (err) {
        console.error(`! ${err.message.split('\n').slice(0, 3).join(' ')}`);
        process.exitCode = 1;
      }
    }
  }
  return data;
};

const cell = (value, digits, width = 10) =>
  (Number.isFinite(value) ? value.toFixed(digits) : '-').padStart(width);

/** Prints the results of one scenario. */
const print = (scenario, data) => {
  console.log(
    `\n## ${scenario}: ${scenarios[scenario].about} (${values.rounds} rounds; x = ratio to ${values.base === 'auto' ? 'ws on the same road' : values.base})`
  );
  if (scenarios[scenario].memory) {
    console.log('server'.padEnd(14), 'idle B each'.padStart(12), 'after one echo'.padStart(15));
    for (const name of Object.keys(data))
      console.log(
        name.padEnd(14),
        cell(absolute(data, name, 'idle_bytes'), 0, 12),
        cell(absolute(data, name, 'after_echo_bytes'), 0, 15)
      );
    return;
  }
  console.log(
    'server'.padEnd(14) +
      COLUMNS.map(([key]) => key.padStart(10) + 'x'.padStart(8)).join('') +
      'spread'.padStart(8)
  );
  for (const name of Object.keys(data)) {
    const rates = data[name].filter(Boolean).map((one) => one.per_s);
    const cells = COLUMNS.map(
      ([key, digits]) =>
        cell(absolute(data, name, key), digits) + cell(ratio(data, name, key), 3, 8)
    );
    console.log(
      name.padEnd(14) + cells.join('') + cell(Math.max(...rates) / Math.min(...rates), 2, 8)
    );
  }
};

/** Compares with what was promised. */
const judge = (results) => {
  console.log('\n## targets');
  for (const { scenario, server, key, absolute: isAbsolute, atMost, atLeast } of targets) {
    const value = isAbsolute
      ? absolute(results[scenario], server, key)
      : ratio(results[scenario], server, key);
    const held = atMost === undefined ? value >= atLeast : value <= atMost;
    if (!held) process.exitCode = 1;
    const limit = atMost === undefined ? `at least ${atLeast}` : `at most ${atMost}`;
    console.log(
      `${held ? 'held  ' : 'MISSED'} ${server} ${scenario} ${key}${isAbsolute ? '' : ' (ratio)'}: ${cell(value, 3, 0)}, ${limit}`
    );
  }
};

const main = async () => {
  prepare();
  const results = {};
  const plan = values.targets
    ? [...new Set(targets.map(({ scenario }) => scenario))].map((scenario) => {
        const named = targets
          .filter((target) => target.scenario === scenario)
          .map(({ server }) => server);
        return [scenario, [...new Set(named.flatMap((name) => [servers[name].base, name]))]];
      })
    : values.scenarios.split(',').map((scenario) => [scenario, values.servers.split(',')]);
  for (const [scenario, names] of plan) {
    const able = names.filter((name) => {
      const reason = missing(name);
      if (reason) console.error(`! ${name}: ${reason}`);
      return !reason;
    });
    results[scenario] = await measureAll(scenario, able);
    print(scenario, results[scenario]);
  }
  if (values.targets) judge(results);
};

await main();
