'use strict';

/**
 * Makes programs: what a WebSocket under test and its bare peer do on one connection.
 *
 * A program is plain data, so that it can be printed and cut down:
 *
 *     { seed, road, options, dom, ticks, reactions, steps, last }
 *
 * - `road` how the connection comes about, see `roads.js`;
 * - `options` of the WebSocket or its server;
 * - `dom` whether `addEventListener` is used instead of `on`;
 * - `ticks` whether listeners also note when their ticks and microtasks run;
 * - `reactions` acts of listeners: `{ on, at, acts }`, at the `at`-th event of that name;
 * - `steps` acts of one side in one go: `{ ws: [act] }` or `{ peer: [frame] }`. After each step the
 *   runner waits until both sides have seen all of it, so that nothing depends on the kernel;
 * - `last` how it ends, if it has not by then.
 *
 * What would depend on the moment at which a packet arrives is not generated: a chunk of frames is
 * small enough to arrive in one piece where listeners pause, or where ticks are noted.
 */

const { Random } = require('./random');
const { control, fragmented, incoming, violation } = require('./generator-frames');

/** In order of how much they are used. */
const ROADS = ['port', 'server', 'duplex', 'client', 'client-duplex'];

const CLOSES = [
  [],
  [],
  [1000],
  [1001, 'reason'],
  [4000, 'ü€'],
  [3999, ''],
  [1014, 'x'.repeat(123)]
];

/** Arguments that `close()` refuses. */
const BAD_CLOSES = [[999], [1004], ['1000'], [5000], [1000, 'x'.repeat(124)], [1000, [1]], [null]];

/** What can be sent, see `makeData` in `acts.js`. */
const KINDS = { text: 6, buffer: 4, view: 1, memory: 1, wide: 1, number: 1, nothing: 1, blob: 1 };

/** @param {Random} random @returns {number} bytes; `large`: up to 70,000 */
function sizeOf(random, large = true) {
  if (large && random.once(8)) return random.of([16_384, 16_385, 40_000, 65_535, 65_536, 70_000]);
  return random.of([0, 1, 2, 5, 20, 41, 42, 100, 124, 125, 126, 127, 200, 257, 1000, 5000]);
}

/** @returns {object} options of `send()`, or nothing */
function sendOptions(random) {
  if (!random.once(3)) return undefined;

  const options = {};
  if (random.once(3)) options.binary = random.once(2);
  if (random.once(2)) options.fin = random.once(2);
  if (random.once(6)) options.mask = random.once(2);
  if (random.once(8)) options.compress = random.once(2);
  return options;
}

/** @returns {object} `send()` */
function sendAct(random, large) {
  return {
    do: 'send',
    kind: random.weighted(KINDS),
    size: sizeOf(random, large),
    options: sendOptions(random),
    cb: random.once(2)
  };
}

const MAKERS = {
  send: sendAct,
  ping: (random) => ({ do: 'ping', size: random.of([0, 3, 125]), cb: random.once(2) }),
  pong: (random) => ({ do: 'pong', size: random.of([0, 3, 125]), cb: random.once(2) }),
  pause: () => ({ do: 'pause' }),
  resume: () => ({ do: 'resume' }),
  binaryType: (random) => ({
    do: 'binaryType',
    value: random.of(['nodebuffer', 'arraybuffer', 'fragments', 'blob', 'other'])
  }),
  refused: (random) => random.of([{ do: 'ping', size: 126 }, { do: 'sendBad' }, badClose(random)]),
  raw: (random) => ({ do: 'raw', size: random.of([0, 3, 125, 20_000]), cb: true }),
  close: (random) => ({ do: 'close', args: random.of(CLOSES) }),
  terminate: () => ({ do: 'terminate' }),
  endSocket: () => ({ do: 'endSocket' }),
  destroySocket: () => ({ do: 'destroySocket' })
};

function badClose(random) {
  return { do: 'close', args: random.of(BAD_CLOSES) };
}

/** @returns {object} an act, by weights */
function act(random, weights, large) {
  return MAKERS[random.weighted(weights)](random, large);
}

/** @returns {object[]} the acts without those that make bytes wait */
const withoutPauses = (acts) => acts.filter((item) => item.do !== 'pause');

/** What the WebSocket's side does in a step, while it is open. */
const STEP = { send: 10, ping: 3, pong: 2, pause: 1, resume: 1, binaryType: 1, refused: 1, raw: 1 };

/** What listeners do. */
const REACTION = {
  send: 8,
  ping: 2,
  pong: 1,
  close: 2,
  terminate: 1,
  pause: 1,
  resume: 1,
  binaryType: 1,
  refused: 1
};

/** What send callbacks do. Not terminate(): how much of what is behind gets out is a matter of ticks. */
const CALLBACK = { ...REACTION, terminate: 0 };

/** What is done when it is closing or closed. */
const AFTER = {
  send: 5,
  ping: 2,
  pong: 1,
  close: 2,
  terminate: 1,
  pause: 1,
  resume: 1,
  refused: 1
};

/** Callbacks that act do not come between events that also do. */
function withoutCallbacks(reaction) {
  if (reaction.on === 'cb') return reaction;
  return { ...reaction, acts: reaction.acts.map((item) => ({ ...item, cb: false })) };
}

/** @returns {object[]} what listeners do */
function makeReactions(random) {
  if (!random.once(2)) return [];

  return random.list(3, () => {
    const on = random.weighted({ message: 8, ping: 2, pong: 1, cb: 2, error: 2, close: 2 });
    const weights = on === 'close' || on === 'error' ? AFTER : on === 'cb' ? CALLBACK : REACTION;
    const at = on === 'close' || on === 'error' ? 0 : random.below(5);
    return { on, at, acts: random.list(3, () => act(random, weights, false)) };
  });
}

/** @returns {object} how the program ends */
function makeLast(random) {
  const how = random.weighted({
    close: 6,
    peerClose: 5,
    terminate: 3,
    fin: 3,
    reset: 2,
    violation: 5,
    endSocket: 1,
    destroySocket: 1
  });
  const last = { how };

  if (how === 'close') {
    last.args = random.of(CLOSES);
    last.more = random.once(3) ? random.list(3, () => act(random, AFTER, false)) : [];
    last.more = last.more.filter((item) => !['terminate', 'pause', 'resume'].includes(item.do));
    last.incoming = random.once(2) ? incoming(random, { most: 4, large: false }) : [];
    last.answer = random.weighted({
      echo: 6,
      other: 2,
      fin: 2,
      violation: 1,
      terminate: 1,
      none: 1
    });
  }
  if (how === 'peerClose' || how === 'violation') {
    last.before = random.once(2) ? incoming(random, { most: 4, large: false }) : [];
    last.behind = random.once(3) ? incoming(random, { most: 2, large: false }) : [];
  }
  if (how === 'peerClose') last.args = random.of(CLOSES);
  if (how === 'violation' || last.answer === 'violation') last.frame = violation(random);
  if (how === 'fin')
    last.before = random.once(2) ? incoming(random, { most: 3, large: false }) : [];
  // The peer does not answer our FIN with its own: the time limit has to.
  last.hold = random.once(12);
  last.after = random.list(3, () => act(random, AFTER, false));
  return last;
}

/**
 * @param {number} seed the same program for the same number
 * @param {string[]} [roads] to choose from
 * @returns {object} a program
 */
function generate(seed, roads = ROADS) {
  const random = new Random(seed);
  const road = random.of(roads);
  const options = {};

  if (random.once(4)) options.autoPong = false;
  if (random.once(5)) options.allowSynchronousEvents = false;
  if (random.once(6)) options.maxPayload = random.of([1000, 70_000]);
  if (random.once(8)) options.skipUTF8Validation = true;
  if (random.once(8)) options.maxFragments = 4;

  const ticks = random.once(3) && options.allowSynchronousEvents !== false;
  let reactions = makeReactions(random);
  const doing = (name) => reactions.some(({ acts }) => acts.some((item) => item.do === name));
  // How chunks that wait are cut, and what is unread when it ends, is up to the kernel.
  const calm = ticks || doing('terminate') || reactions.some(({ on }) => on === 'cb');
  if (calm) reactions = reactions.map((item) => ({ ...item, acts: withoutPauses(item.acts) }));
  if (reactions.some(({ on }) => on === 'cb')) reactions = reactions.map(withoutCallbacks);

  const stops = doing('pause') || doing('terminate');
  const steps = random.list(6, () => {
    if (random.once(2)) return { peer: makeFrames(random, !ticks && !stops) };
    const acts = random.list(5, () => act(random, STEP, true));
    return { ws: calm ? withoutPauses(acts) : acts };
  });
  const dom = random.once(5);
  const last = makeLast(random);
  if (last.how === 'fin' && stops) last.before = [];
  return { seed, road, options, dom, ticks, reactions, steps, last };
}

/** @returns {object[]} frames of the peer */
function makeFrames(random, large) {
  if (random.once(6)) return fragmented(random);
  if (random.once(8)) return random.list(6, () => control(random));
  return incoming(random, { most: 6, large });
}

module.exports = { generate, ROADS };
