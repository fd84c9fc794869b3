'use strict';

/**
 * Frames of the bare peer, as data: `{ opcode, size, fill, fin, ... }`; `toBytes` makes the bytes.
 */

const { closePayload, frame } = require('../ws/raw-peer');

/** One character of one, two, three and four bytes. */
const FILLS = ['a', 'z', 'é', '€', '😀'];

/**
 * @param {import('./random').Random} random
 * @returns {object} a ping or pong
 */
function control(random) {
  return {
    opcode: random.once(3) ? 10 : 9,
    size: random.of([0, 1, 4, 125]),
    fill: random.of(FILLS)
  };
}

/** @returns {object[]} a message in several frames, control frames between them */
function fragmented(random) {
  const opcode = 1 + random.below(2);
  const parts = 2 + random.below(3);
  const frames = [];

  for (let part = 0; part < parts; part++) {
    frames.push({
      opcode: part === 0 ? opcode : 0,
      size: random.of([0, 1, 10, 126, 500]),
      fill: random.of(FILLS),
      fin: part === parts - 1
    });
    if (part < parts - 1 && random.once(3)) frames.push(control(random));
  }
  return frames;
}

/**
 * @param {import('./random').Random} random
 * @param {{most: number, large: boolean}} limits number of frames, and whether they may be large
 * @returns {object[]} valid frames
 */
function incoming(random, { most, large }) {
  return random.list(most, () => {
    if (random.once(4)) return control(random);
    const sizes = large && random.once(6) ? [16_385, 65_535, 70_000] : [0, 1, 2, 7, 41, 125, 126];
    return { opcode: 1 + random.below(2), size: random.of(sizes), fill: random.of(FILLS) };
  });
}

/** @returns {object} a frame that breaks a rule */
function violation(random) {
  return random.of([
    { opcode: 1, size: 1, rsv: 1 },
    { opcode: 1, size: 1, rsv: 4 },
    { opcode: 9, size: 1, rsv: 4 },
    { opcode: 3, size: 0 },
    { opcode: 15, size: 2 },
    { opcode: 0, size: 1 },
    { opcode: 9, size: 0, fin: false },
    { opcode: 8, size: 0, fin: false },
    { opcode: 10, size: 126 },
    { opcode: 8, size: 1 },
    { opcode: 2, size: 3, wrongMask: true },
    { opcode: 2, size: 0, announce: 2 ** 31 },
    { opcode: 8, close: [1005] },
    { opcode: 8, close: [999] },
    { opcode: 8, hex: '03e8ff' },
    { opcode: 1, hex: 'c080' },
    { opcode: 1, hex: 'f8' }
  ]);
}

/** @param {number} size bytes @param {string} fill a character @returns {Buffer} valid UTF-8 */
function text(size, fill) {
  const unit = Buffer.from(fill);
  const whole = size - (size % unit.length);
  return Buffer.concat([Buffer.alloc(whole, unit), Buffer.alloc(size - whole, '.')]);
}

/**
 * @param {object} item a frame as data
 * @param {boolean} mask whether the peer is the client
 * @returns {Buffer} its bytes
 */
function toBytes(item, mask) {
  const payload = item.hex
    ? Buffer.from(item.hex, 'hex')
    : item.close
      ? item.close.length === 0
        ? Buffer.alloc(0)
        : closePayload(...item.close)
      : text(item.size, item.fill ?? 'x');

  const announce = item.announce;
  return frame(item.opcode, payload, {
    fin: item.fin ?? true,
    rsv: item.rsv ?? 0,
    mask: item.wrongMask ? !mask : mask,
    ...(announce && { announce, lengthForm: 64 })
  });
}

module.exports = { control, fragmented, incoming, toBytes, violation };
