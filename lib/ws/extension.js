'use strict';

/**
 * The Sec-WebSocket-Extensions header (RFC 6455, 9.1).
 *
 * @module lib/ws/extension
 */

const { tokenChars } = require('./validation');

const SPACE = 0x20;
const TAB = 0x09;
const QUOTE = 0x22;
const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

/** Reads a header value from left to right; remembers where it stands for the error texts. */
class Scanner {
  /** @param {string} text the value of the header */
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  /** @returns {number} the code of the next character, `NaN` at the end */
  peek() {
    return this.text.charCodeAt(this.at);
  }

  /** @returns {boolean} whether everything was read */
  get done() {
    return this.at === this.text.length;
  }

  /** @returns {boolean} whether there was white space, which is skipped */
  skipSpace() {
    const from = this.at;

    while (this.peek() === SPACE || this.peek() === TAB) this.at++;

    return this.at !== from;
  }

  /**
   * @returns {string} the token that starts here
   * @throws {SyntaxError} if none does
   */
  token() {
    const from = this.at;

    while (tokenChars[this.peek()] === 1) this.at++;
    if (this.at === from) throw this.unexpected();

    return this.text.slice(from, this.at);
  }

  /**
   * @returns {string} the contents of the quoted string that starts after this quote; unescaped
   *     they must be a token, too
   * @throws {SyntaxError} otherwise
   */
  quoted() {
    let value = '';

    for (this.at++; ; this.at++) {
      let code = this.peek();

      if (code === QUOTE && value !== '') break;
      if (code === BACKSLASH) {
        this.at++;
        code = this.peek();
      }
      if (tokenChars[code] !== 1) throw this.unexpected();
      value += this.text[this.at];
    }

    this.at++;
    return value;
  }

  /** @returns {SyntaxError} for the character here, or for the end */
  unexpected() {
    return new SyntaxError(
      this.done ? 'Unexpected end of input' : `Unexpected character at index ${this.at}`
    );
  }
}

/**
 * Parses a list of extensions with their parameters.
 *
 * @param {string} header the value of the header
 * @returns {Object<string, Object<string, (string | true)[]>[]>} without a prototype: for each
 *     extension its offers in order, for each offer its parameters with all their values; `true`
 *     is a parameter without a value
 * @throws {SyntaxError} if the value breaks the grammar
 */
function parse(header) {
  const scanner = new Scanner(header);
  const offers = Object.create(null);
  let more = true;

  while (more) {
    // White space may surround a comma, not start the value.
    if (scanner.at !== 0) scanner.skipSpace();
    const name = scanner.token();
    const params = Object.create(null);

    let separator = nextSeparator(scanner);
    while (separator === SEMICOLON) {
      scanner.skipSpace();
      readParameter(scanner, params);
      separator = nextSeparator(scanner);
    }

    append(offers, name, params);
    more = separator === COMMA;
  }

  return offers;
}

/**
 * @param {Scanner} scanner where a parameter starts
 * @param {object} params where it goes
 */
function readParameter(scanner, params) {
  const name = scanner.token();

  if (scanner.peek() !== EQUALS) {
    append(params, name, true);
    return;
  }

  scanner.at++;
  append(params, name, scanner.peek() === QUOTE ? scanner.quoted() : scanner.token());
}

/**
 * @param {Scanner} scanner behind a name or a parameter
 * @returns {number} the separator that was read, 0 at the end
 * @throws {SyntaxError} if something else follows, or white space ends the value
 */
function nextSeparator(scanner) {
  const spaced = scanner.skipSpace();

  if (scanner.done) {
    if (spaced) throw scanner.unexpected();
    return 0;
  }

  const code = scanner.peek();
  if (code !== SEMICOLON && code !== COMMA) throw scanner.unexpected();

  scanner.at++;
  return code;
}

/**
 * @param {object} lists arrays by name
 * @param {string} name which one
 * @param {*} value what to add to it
 */
function append(lists, name, value) {
  if (lists[name] === undefined) lists[name] = [value];
  else lists[name].push(value);
}

/**
 * Builds the value of a Sec-WebSocket-Extensions header.
 *
 * @param {object} extensions by name: the parameters of an offer, or an array of such; a parameter
 *     is a value, an array of values, or `true` for no value
 * @returns {string} the value of the header
 */
function format(extensions) {
  const offers = [];

  for (const name of Object.keys(extensions)) {
    for (const params of listOf(extensions[name])) {
      const parts = [name];

      for (const key of Object.keys(params)) {
        const values = listOf(params[key]);

        parts.push(values.map((value) => (value === true ? key : `${key}=${value}`)).join('; '));
      }

      offers.push(parts.join('; '));
    }
  }

  return offers.join(', ');
}

/**
 * @param {*} value one or an array
 * @returns {Array} an array
 */
function listOf(value) {
  return Array.isArray(value) ? value : [value];
}

module.exports = { format, parse };
