'use strict';

const { Duplex } = require('node:stream');

/** @returns {[Duplex, Duplex]} two streams; what is written to one is read from the other */
function duplexPair() {
  const sides = [null, null];

  for (const index of [0, 1]) {
    sides[index] = new Duplex({
      read() {},
      write(chunk, encoding, callback) {
        sides[1 - index].push(chunk);
        callback();
      },
      final(callback) {
        sides[1 - index].push(null);
        callback();
      }
    });
  }

  return sides;
}

module.exports = { duplexPair };
