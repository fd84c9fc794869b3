'use strict';

/** Numbers that are random but the same for the same seed (mulberry32). */
class Random {
  #state;

  /** @param {number} seed any integer */
  constructor(seed) {
    this.#state = seed | 0;
  }

  /** @returns {number} an integer from 0 up to, not including, `limit` */
  below(limit) {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  }

  /** @returns {boolean} true once in `n` times */
  once(n) {
    return this.below(n) === 0;
  }

  /** @template T @param {T[]} list @returns {T} an element */
  of(list) {
    return list[this.below(list.length)];
  }

  /**
   * @template T
   * @param {Record<string, number>} weights how often each name, relative to the others
   * @returns {string} a name
   */
  weighted(weights) {
    const names = Object.keys(weights);
    let left = this.below(names.reduce((sum, name) => sum + weights[name], 0));
    return names.find((name) => (left -= weights[name]) < 0);
  }

  /** @template T @param {number} most @param {() => T} make @returns {T[]} 1 to `most` items */
  list(most, make) {
    return Array.from({ length: 1 + this.below(most) }, make);
  }
}

module.exports = { Random };
