'use strict';

/**
 * What bundlers for browsers take instead of the package, as they do with `ws`: code that does not use it can be bundled.
 *
 * @throws {Error} always
 */
module.exports = function WebSocket() {
  throw new Error(
    'ferrows does not work in the browser. Use the native WebSocket object, which every browser has'
  );
};
