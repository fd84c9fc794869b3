'use strict';

/**
 * The Sec-WebSocket-Protocol header (RFC 6455, 11.3.4).
 *
 * @module lib/ws/subprotocol
 */

const { tokenChars } = require('./validation');

const SPACE = 0x20;
const TAB = 0x09;
const COMMA = 0x2c;

/**
 * Parses a list of subprotocols.
 *
 * @param {string} header the value of the header
 * @returns {Set<string>} the names, in the order of the header
 * @throws {SyntaxError} if it is no comma-separated list of distinct tokens
 */
function parse(header) {
  const names = new Set();
  const { length } = header;
  let start = -1;
  let end = -1;

  for (let i = 0; i < length; i++) {
    const code = header.charCodeAt(i);

    if (tokenChars[code] === 1 && end === -1) {
      if (start === -1) start = i;
    } else if ((code === SPACE || code === TAB) && i !== 0) {
      if (start !== -1 && end === -1) end = i;
    } else if (code === COMMA && start !== -1) {
      add(names, header.slice(start, end === -1 ? i : end));
      start = end = -1;
    } else {
      throw new SyntaxError(`Unexpected character at index ${i}`);
    }
  }

  // `ws` allows white space around a comma, not at the end.
  if (start === -1 || end !== -1) throw new SyntaxError('Unexpected end of input');

  add(names, header.slice(start));
  return names;
}

/**
 * @param {Set<string>} names the names so far
 * @param {string} name the next one
 * @throws {SyntaxError} if it is there already
 */
function add(names, name) {
  if (names.has(name)) throw new SyntaxError(`The "${name}" subprotocol is duplicated`);

  names.add(name);
}

module.exports = { parse };
