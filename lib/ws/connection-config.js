'use strict';

/**
 * What the core has to know of a connection.
 *
 * @module lib/ws/connection-config
 */

const { deflateParameters } = require('./compression');

/** The configuration that was last used, by role: nearly all connections have the same one. */
const last = { server: null, client: null };

/**
 * @param {import('./websocket')} ws the WebSocket
 * @param {boolean} autoPong whether the core is to answer pings
 * @param {object} options what `setSocket()` was given
 * @returns {object} as `adopt()` wants it; shared by connections with the same values
 */
function connectionConfig(ws, autoPong, options) {
  const { allowSynchronousEvents } = options;
  const role = ws._isServer ? 'server' : 'client';
  const config = {
    isServer: ws._isServer,
    // As `ws` reads them: 0 is off, and so is what is no number or beyond 32 bits.
    maxPayload: options.maxPayload | 0,
    maxFragments: options.maxFragments | 0,
    maxBufferedChunks: options.maxBufferedChunks | 0,
    maxPendingAutoPongs: ws._maxPendingAutoPongs,
    autoPong,
    skipUTF8Validation: !!options.skipUTF8Validation,
    allowSynchronousEvents: allowSynchronousEvents === undefined || !!allowSynchronousEvents,
    generateMask: options.generateMask,
    deflate: deflateParameters(ws._extensions)
  };

  // Not kept: a function could hold on to anything.
  if (config.generateMask !== undefined) return config;

  if (last[role] === null || !equal(config, last[role])) last[role] = Object.freeze(config);

  return last[role];
}

/**
 * @param {object} a a configuration
 * @param {object} b another one
 * @returns {boolean} whether they hold the same values
 */
function equal(a, b) {
  return (
    a.maxPayload === b.maxPayload &&
    a.maxFragments === b.maxFragments &&
    a.maxBufferedChunks === b.maxBufferedChunks &&
    a.maxPendingAutoPongs === b.maxPendingAutoPongs &&
    a.autoPong === b.autoPong &&
    a.skipUTF8Validation === b.skipUTF8Validation &&
    a.allowSynchronousEvents === b.allowSynchronousEvents &&
    a.deflate === b.deflate
  );
}

module.exports = { connectionConfig };
