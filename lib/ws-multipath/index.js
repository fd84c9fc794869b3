'use strict';

/**
 * The `ws-multipath` face: one class.
 *
 * @module lib/ws-multipath
 */

module.exports = require('./multipath-server');
