'use strict';

const net = require('node:net');
const os = require('node:os');
const { Writable } = require('node:stream');
const util = require('node:util');

/**
 * Errors that a `net.Socket` would give in the same place: class, code and text.
 *
 * @module lib/core/socket-errors
 */

const STREAM_ERRORS = {
  ERR_STREAM_WRITE_AFTER_END: () => 'write after end',
  ERR_STREAM_DESTROYED: (method) => `Cannot call ${method} after a stream was destroyed`,
  ERR_STREAM_ALREADY_FINISHED: (method) => `Cannot call ${method} after a stream was finished`
};

/**
 * @param {string} code One of the three above
 * @param {string} [method] What was called
 * @returns {Error}
 */
function streamError(code, method) {
  return codedError(STREAM_ERRORS[code](method), code);
}

/**
 * @param {string} message
 * @param {string} code
 * @returns {Error}
 */
function codedError(message, code) {
  const err = new Error(message);

  err.code = code;
  return err;
}

/**
 * The error of `listen()` in Node's words, whatever the core's were.
 *
 * @param {Error} err With `errno` or `code`
 * @param {import('./listen-arguments').Destination} destination
 * @returns {Error} `listen EADDRINUSE: address already in use :::8080`
 */
function listenError(err, { host, port, path, fd }) {
  let errno = err.errno === undefined ? os.constants.errno[err.code] : err.errno;

  if (errno === undefined) return err;

  // Node looks at what a descriptor is before it uses it.
  if (fd !== undefined && err.code === 'EBADF') errno = os.constants.errno.EINVAL;

  const [code, text] = describe(-Math.abs(errno));
  const address = path || host || (fd === undefined ? err.address || '::' : null);
  const place = port > 0 ? ` ${address}:${port}` : address && ` ${address}`;
  const error = codedError(`listen ${code}: ${text}${place || ''}`, code);

  error.errno = -Math.abs(errno);
  error.syscall = 'listen';
  error.address = address;
  if (port > 0) error.port = port;
  else if (path !== undefined) error.port = -1;

  return error;
}

/**
 * The bytes of a chunk as the hub takes them.
 *
 * @param {string|Uint8Array} chunk
 * @param {string} [encoding='utf8']
 * @returns {string|Uint8Array} A string has one byte for each character
 * @throws {TypeError} Node's own, for what `writable.write()` does not take
 */
function wireForm(chunk, encoding) {
  if (typeof chunk === 'string') {
    const ascii =
      (encoding === undefined || encoding === null || encoding === 'utf8') &&
      Buffer.byteLength(chunk) === chunk.length;

    return ascii ? chunk : Buffer.from(chunk, encoding || 'utf8');
  }

  if (chunk instanceof Uint8Array) return chunk;

  new Writable({ write() {} }).write(chunk);
  // A newer Node takes every view.
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

/**
 * @param {*} msecs
 * @param {*} callback
 * @throws {TypeError|RangeError} What `socket.setTimeout(msecs, callback)` of Node throws
 */
function checkTimeout(msecs, callback) {
  const right = typeof msecs === 'number' && msecs >= 0 && msecs <= 0x7fffffff;

  if (right && (callback === undefined || typeof callback === 'function')) return;

  new net.Socket().setTimeout(msecs, callback);
}

module.exports = {
  checkTimeout,
  codedError,
  listenError,
  streamError,
  wireForm
};

/**
 * @param {number} errno Negative
 * @returns {[string, string]} Code and text
 */
function describe(errno) {
  const unknown = `Unknown system error ${errno}`;

  return util.getSystemErrorMap().get(errno) || [unknown, unknown];
}
