'use strict';

/**
 * Compares the original with ours on a program. A trace that the original itself does not always
 * give is compared with all that it gives.
 */

const original = require('ws');

const ours = require('../../lib/ws');
const { run } = require('./runner');

/** How often each side runs before a difference counts. */
const RUNS = 6;

/**
 * Pongs that the core gives where frames are parsed are compared apart from the other frames: a
 * listener's or caller's frame may go out before or after them (docs/differences.md). When a
 * listener closes, they are not compared at all.
 *
 * @param {object} program
 * @param {object} trace of `run`
 * @returns {string} as it is compared
 */
function normal(program, trace) {
  const acts = program.reactions.flatMap((reaction) => reaction.acts.map((act) => act.do));
  if (program.options.autoPong === false || acts.length === 0) return JSON.stringify(trace);

  const isAutomatic = ([first, , , payload]) =>
    first === '8a' && !/^(pong|\0)/.test(payload) && payload !== '';
  const pongs = trace.wire.filter(isAutomatic);
  const wire = trace.wire.filter((item) => !isAutomatic(item));
  const ends = acts.some((name) => name === 'close' || name === 'terminate');
  return JSON.stringify({ ...trace, wire, pongs: ends ? null : pongs });
}

/**
 * @param {object} program see `generator.js`
 * @returns {Promise<null | {expected: string[], actual: string[], unstable: boolean}>} null if the
 *     traces agree; else all that were seen. `unstable`: the original has more than one
 */
async function difference(program) {
  const expected = new Set();
  const actual = new Set();

  for (let i = 0; i < RUNS; i++) {
    expected.add(normal(program, await run(original, program)));
    actual.add(normal(program, await run(ours, program)));
    if (i === 0 && [...actual].every((trace) => expected.has(trace))) return null;
  }
  if ([...actual].every((trace) => expected.has(trace))) return null;
  return { expected: [...expected], actual: [...actual], unstable: expected.size > 1 };
}

/** @returns {object[]} the program with one thing less, in all ways */
function* smaller(program) {
  const { steps, reactions, last, options } = program;
  const without = (list, i) => list.filter((_, at) => at !== i);

  for (const i of steps.keys()) {
    yield { ...program, steps: without(steps, i) };
    const [side] = Object.keys(steps[i]);
    const items = steps[i][side];
    if (items.length < 2) continue;
    for (const k of items.keys()) {
      yield { ...program, steps: steps.with(i, { [side]: without(items, k) }) };
    }
  }
  for (const i of reactions.keys()) {
    yield { ...program, reactions: without(reactions, i) };
    const { acts } = reactions[i];
    if (acts.length < 2) continue;
    for (const k of acts.keys()) {
      yield {
        ...program,
        reactions: reactions.with(i, { ...reactions[i], acts: without(acts, k) })
      };
    }
  }
  for (const name of Object.keys(options)) {
    yield { ...program, options: { ...options, [name]: undefined } };
  }
  for (const name of ['after', 'more', 'before', 'behind', 'incoming']) {
    if (last[name]?.length > 0) yield { ...program, last: { ...last, [name]: [] } };
  }
  if (last.hold) yield { ...program, last: { ...last, hold: false } };
  if (program.ticks) yield { ...program, ticks: false };
  if (program.dom) yield { ...program, dom: false };
}

/**
 * Cuts a program down as long as it still differs.
 *
 * @param {object} program one that differs
 * @param {number} [most] how many smaller programs to try
 * @returns {Promise<object>} a smaller one that differs
 */
async function minimise(program, most = 60) {
  let best = program;
  for (let found = true; found && most > 0; ) {
    found = false;
    for (const candidate of smaller(best)) {
      if (most-- <= 0) break;
      if ((await difference(candidate)) === null) continue;
      best = candidate;
      found = true;
      break;
    }
  }
  return best;
}

module.exports = { difference, minimise };
