'use strict';

const { randomFillSync } = require('node:crypto');

const POOL_BYTES = 8 * 1024;

let pool = null;
let used = POOL_BYTES;
const own = Buffer.alloc(4);

/**
 * The next masking key (RFC 6455, 5.3): from the operating system's generator, in blocks, or from the user's `generateMask`.
 *
 * @param {?function(Buffer): void} generateMask called synchronously with a 4-byte Buffer, as in ws
 * @return {Uint8Array} four bytes, valid until the next call
 */
function nextMask(generateMask) {
  if (generateMask) {
    generateMask(own);
    return own;
  }
  if (used === POOL_BYTES) {
    if (pool === null) pool = Buffer.allocUnsafeSlow(POOL_BYTES);
    randomFillSync(pool);
    used = 0;
  }
  own[0] = pool[used];
  own[1] = pool[used + 1];
  own[2] = pool[used + 2];
  own[3] = pool[used + 3];
  used += 4;
  return own;
}

module.exports = { nextMask };
