'use strict';

/**
 * What may stand in a header token, a close frame or a text message, and what is a Blob.
 *
 * @module lib/ws/validation
 */

const { isUtf8 } = require('node:buffer');

const { hasBlob } = require('./constants');

/** Characters of a token besides letters and digits (RFC 7230, 3.2.6). */
const TOKEN_PUNCTUATION = "!#$%&'*+-.^_`|~";

/**
 * 1 at the codes of the characters that a token may hold, 0 at the other codes below 128.
 *
 * @type {number[]}
 */
const tokenChars = Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code);

  return /[0-9A-Za-z]/.test(char) || TOKEN_PUNCTUATION.includes(char) ? 1 : 0;
});

/**
 * @param {number} code a close code
 * @returns {boolean} whether it may be sent (RFC 6455, 7.4): 1000 to 1014 without 1004, 1005
 *     and 1006, which are reserved, and 3000 to 4999
 */
function isValidStatusCode(code) {
  if (code >= 3000) return code <= 4999;

  return code >= 1000 && code <= 1014 && (code < 1004 || code > 1006);
}

/**
 * Knows a Blob or File by its shape, so that one of another realm or library is taken too.
 *
 * @param {*} value anything
 * @returns {boolean} whether it is one
 */
function isBlob(value) {
  if (!hasBlob || typeof value !== 'object' || value === null) return false;
  if (typeof value.arrayBuffer !== 'function' || typeof value.stream !== 'function') return false;
  if (typeof value.type !== 'string') return false;

  const tag = value[Symbol.toStringTag];
  return tag === 'Blob' || tag === 'File';
}

module.exports = { isBlob, isValidStatusCode, isValidUTF8: isUtf8, tokenChars };
