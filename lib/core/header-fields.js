'use strict';

/**
 * How repeated header fields become one property, as `http.IncomingMessage` does it
 * (documented at `message.headers`; RFC 9110, 5.3).
 *
 * @module lib/core/header-fields
 */

/** Fields of which only the first line counts. */
const FIRST_WINS = new Set([
  'age',
  'authorization',
  'content-length',
  'content-type',
  'etag',
  'expires',
  'from',
  'host',
  'if-modified-since',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'referer',
  'retry-after',
  'server',
  'user-agent'
]);

/**
 * Lower-case forms of what browsers and the usual clients send: a look-up is half the price of
 * `toLowerCase()`. Fixed, so that no peer can fill it.
 */
const LOWER_CASE = new Map(
  [
    'Accept',
    'Accept-Encoding',
    'Accept-Language',
    'Authorization',
    'Cache-Control',
    'Connection',
    'Content-Length',
    'Cookie',
    'Host',
    'Origin',
    'Pragma',
    'Sec-Fetch-Dest',
    'Sec-Fetch-Mode',
    'Sec-Fetch-Site',
    'Sec-WebSocket-Extensions',
    'Sec-WebSocket-Key',
    'Sec-WebSocket-Protocol',
    'Sec-WebSocket-Version',
    'Upgrade',
    'User-Agent',
    'X-Forwarded-For',
    'X-Forwarded-Proto'
  ].flatMap((name) => [
    [name, name.toLowerCase()],
    [name.toLowerCase(), name.toLowerCase()]
  ])
);

/**
 * A plain object for all to see. V8 learns from a constructor how many properties its objects get and makes room for them at
 * once, where a literal `{}` grows in steps and leaves as much garbage as it holds.
 */
function Fields() {}
Fields.prototype = Object.prototype;

/**
 * @param {string[]} rawHeaders Names and values in turn
 * @returns {Object<string, string|string[]>} What `message.headers` holds
 */
function foldHeaders(rawHeaders) {
  const headers = new Fields();

  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = lowerCase(rawHeaders[i]);
    const value = rawHeaders[i + 1];

    if (name === 'set-cookie') {
      if (headers[name] === undefined) headers[name] = [value];
      else headers[name].push(value);
    } else if (typeof headers[name] !== 'string') {
      // Not `undefined`: the name may be that of a member of Object.prototype. A string given to
      // `__proto__` is dropped, in Node as well.
      headers[name] = value;
    } else if (!FIRST_WINS.has(name)) {
      headers[name] += (name === 'cookie' ? '; ' : ', ') + value;
    }
  }

  return headers;
}

/**
 * @param {string[]} rawHeaders Names and values in turn
 * @returns {Object<string, string[]>} What `message.headersDistinct` holds
 */
function distinctHeaders(rawHeaders) {
  const headers = { __proto__: null };

  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = lowerCase(rawHeaders[i]);

    if (headers[name] === undefined) headers[name] = [rawHeaders[i + 1]];
    else headers[name].push(rawHeaders[i + 1]);
  }

  return headers;
}

function lowerCase(name) {
  const known = LOWER_CASE.get(name);
  return known === undefined ? name.toLowerCase() : known;
}

module.exports = { distinctHeaders, foldHeaders };
