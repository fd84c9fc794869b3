'use strict';

/**
 * How events are written down, and how a case is fitted to a player and a server. A trace is an array of strings,
 * the same in all languages: `open:PROTOCOL`, `text:BYTES:SHA1`, `binary:BYTES:SHA1`, `ping:HEX`, `pong:HEX`,
 * `close:CODE:REASON`, `refused:STATUS`, `error:TEXT`.
 */

const { createHash } = require('node:crypto');

const made = new Map();

/**
 * The bytes of a payload (cases.js tells the forms).
 * @param {object} payload payload of a case
 * @returns {Buffer} its bytes; must not be changed
 */
const bytesOf = (payload) => {
  if (payload.parts) return Buffer.concat(payload.parts.map(bytesOf));
  if (payload.text !== undefined) return Buffer.from(payload.text);
  if (payload.hex !== undefined) return Buffer.from(payload.hex, 'hex');
  const { kind, size, seed } = payload;
  const key = `${kind} ${size} ${seed}`;
  let data = made.get(key);
  if (data === undefined) {
    data = Buffer.alloc(size);
    for (let i = 0; i < size; i++) {
      data[i] =
        kind === 'text' ? 97 + ((i * 7 + (i >> 8) + seed) % 26) : (i * 31 + (i >> 8) + seed) & 255;
    }
    made.set(key, data);
  }
  return data;
};

/**
 * A message in the form of the trace.
 * @param {Buffer|Uint8Array|string} data the message
 * @param {boolean} isBinary whether it is a binary message
 * @returns {string} `text:BYTES:SHA1` or `binary:BYTES:SHA1`
 */
const message = (data, isBinary) => {
  const content = typeof data === 'string' ? Buffer.from(data) : data;
  return `${isBinary ? 'binary' : 'text'}:${content.length}:${createHash('sha1').update(content).digest('hex')}`;
};

/** One `see` step in the form of the trace. */
const written = (step) => {
  switch (step.see) {
    case 'open':
      return `open:${step.protocol}`;
    case 'message':
      return message(bytesOf(step.payload), step.payload.kind === 'binary');
    case 'ping':
    case 'pong':
      return `${step.see}:${step.hex}`;
    case 'close':
      return `close:${step.code}:${step.reason}`;
    case 'refused':
      return `refused:${step.status}`;
    default:
      throw new Error(`unknown event: ${step.see}`);
  }
};

/**
 * Fits the cases to a player and a server: leaves out those that need what one of them cannot do, and the steps that
 * the player cannot observe; applies what is particular to either.
 * @param {object[]} cases of cases.js
 * @param {object} player `{ can, blind?, quirk? }`: abilities, kinds of events it does not see, and
 *   `quirk(step, testCase)` that returns the step as this player has it
 * @param {object} server `{ can, answer?, quirk? }` likewise; `answer(code, reason)` on the player is what it
 *   replies to a close frame
 * @returns {{play: object[], wanted: Record<string, string[]>, wantedServer: Record<string, string[]>, left: number}}
 *   what to play, the expected traces by case name, and how many cases were left out
 */
const fit = (cases, player, server) => {
  const can = new Set([...player.can, ...server.can]);
  const play = [];
  const wanted = {};
  const wantedServer = {};
  for (const original of cases) {
    if ((original.needs || []).some((need) => !can.has(need))) continue;
    const steps = original.steps
      .filter((step) => !step.see || !(player.blind || []).includes(step.see))
      .map((step) => (step.see && server.quirk ? server.quirk(step, original) : step))
      .map((step) => (step.see && player.quirk ? player.quirk(step, original) : step));
    const query = `${original.path.includes('?') ? '&' : '?'}case=${encodeURIComponent(original.name)}`;
    play.push({
      ...original,
      path: original.path + query,
      steps: steps.map((step) => (step.see ? { see: step.see } : step))
    });
    wanted[original.name] = steps.filter((step) => step.see).map(written);
    if (original.server) {
      const visible = original.server.filter((step) => !(server.blind || []).includes(step.see));
      wantedServer[original.name] = visible.map((asIs) => {
        const step = server.quirk ? server.quirk(asIs, original) : asIs;
        if (!step.answered || !player.answer) return written(step);
        const [code, reason] = player.answer(step.code, step.reason);
        return `close:${code}:${reason}`;
      });
    }
  }
  return { play, wanted, wantedServer, left: cases.length - play.length };
};

module.exports = { bytesOf, fit, message, written };
