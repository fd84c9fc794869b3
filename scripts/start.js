'use strict';

/**
 * `npm start`: sets up what is missing, then runs the main job (examples/main.js) in this process.
 *
 * @module scripts/start
 */

const path = require('node:path');
const { fail, setup } = require('./setup');
const { root } = require('./toolchain');

setup({ development: false }).then(() => require(path.join(root, 'examples', 'main.js')), fail);
