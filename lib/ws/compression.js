'use strict';

/**
 * permessage-deflate between the face and the core: what the core has to know, and which messages
 * are compressed.
 *
 * @module lib/ws/compression
 */

const { constants } = require('node:zlib');

const PerMessageDeflate = require('./permessage-deflate');

/** Bit of a frame's first byte: the message is compressed (RFC 7692, 6). */
const RSV1 = 0x40;

/**
 * The level unless the user has chosen one: with zlib-rs it needs four fifths of the time of `ws`'s level 6, and makes messages of 1 KiB
 * one per cent larger.
 */
const LEVEL = 3;

/** What was negotiated so far, by its own key: connections with the same parameters share one object. */
const known = new Map();

/**
 * @param {object} extensions the negotiated extensions of a WebSocket
 * @returns {PerMessageDeflate | undefined} permessage-deflate, if it is one of them
 */
function negotiated(extensions) {
  return extensions[PerMessageDeflate.extensionName];
}

/**
 * @param {object} extensions the negotiated extensions of a WebSocket
 * @returns {object | undefined} `deflate` of the core's configuration, see `lib/core/adopt.js`
 */
function deflateParameters(extensions) {
  const deflate = negotiated(extensions);

  if (deflate === undefined || deflate.params === null) return undefined;

  const { params, _isServer: isServer, _options: options } = deflate;
  const own = isServer ? 'server' : 'client';
  const peer = isServer ? 'client' : 'server';
  const zlib = options.zlibDeflateOptions ?? {};
  const parameters = {
    key: '',
    sendWindowBits: bits(params[`${own}_max_window_bits`]),
    sendReset: !!params[`${own}_no_context_takeover`],
    receiveWindowBits: bits(params[`${peer}_max_window_bits`]),
    receiveReset: !!params[`${peer}_no_context_takeover`],
    level: integer(zlib.level, constants.Z_DEFAULT_COMPRESSION, 9, LEVEL),
    memLevel: integer(zlib.memLevel, 1, 9, constants.Z_DEFAULT_MEMLEVEL),
    strategy: integer(zlib.strategy, 0, 4, constants.Z_DEFAULT_STRATEGY)
  };

  parameters.key = Object.values(parameters).join();
  if (!known.has(parameters.key)) known.set(parameters.key, Object.freeze(parameters));
  return known.get(parameters.key);
}

/**
 * @param {PerMessageDeflate} deflate what was negotiated
 * @param {*} compress the option of `send()`
 * @param {number} size payload length of the message's first frame, bytes
 * @returns {boolean} whether the message is compressed. As in `ws` the threshold counts only where
 *     our own side keeps no context: otherwise small messages gain most
 */
function isWorthwhile(deflate, compress, size) {
  if (!compress) return false;

  const reset = deflate._isServer ? 'server_no_context_takeover' : 'client_no_context_takeover';

  return !deflate.params[reset] || size >= deflate._threshold;
}

/**
 * @param {*} value a window size as negotiated
 * @returns {number} 15 if nothing was said
 */
function bits(value) {
  return typeof value === 'number' ? value : constants.Z_DEFAULT_WINDOWBITS;
}

/**
 * @param {*} value an option of zlib's
 * @param {number} min the smallest value
 * @param {number} max the largest value
 * @param {number} otherwise the default, also for what is out of range
 * @returns {number} the value
 */
function integer(value, min, max, otherwise) {
  return Number.isInteger(value) && value >= min && value <= max ? value : otherwise;
}

module.exports = { deflateParameters, isWorthwhile, negotiated, RSV1 };
