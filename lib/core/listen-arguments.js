'use strict';

const net = require('node:net');

/** What Node's `listen()` passes to the kernel if nobody says otherwise. */
const BACKLOG = 511;

/**
 * Where a server is to listen.
 *
 * @typedef {object} Destination
 * @property {number} [port]
 * @property {string} [host] A name or an address; undefined = every address
 * @property {boolean} [ipv6Only]
 * @property {boolean} [reusePort]
 * @property {string} [path] Of a Unix socket or a named pipe
 * @property {number} [fd] A descriptor that listens or can
 * @property {boolean} [duplicate] The descriptor belongs to an object of Node, which keeps it
 * @property {number} backlog
 * @property {AbortSignal} [signal] Closes the server
 * @property {boolean} [readableAll]
 * @property {boolean} [writableAll]
 */

/**
 * Reads the arguments of `net.Server#listen` in all its forms:
 * `([port[, host[, backlog]]][, cb])`, `(path[, backlog][, cb])`, `(handle[, backlog][, cb])`,
 * `(options[, cb])`. The callback is left to {@link listenCallback}.
 *
 * @param {Array} args
 * @returns {Destination}
 * @throws {RangeError|TypeError} Node's own errors: ERR_SOCKET_BAD_PORT, ERR_INVALID_ARG_VALUE,
 *     ERR_INVALID_ARG_TYPE
 */
function listenDestination(args) {
  const [first] = args;
  const given = optionsOf(args);
  const options = given._handle || given.handle || given;
  const { signal } = options;
  const backlog = countOf(args[1]) || countOf(args[2]) || BACKLOG;

  if (signal !== undefined && !isSignal(signal)) throw nodesError(args);

  if (typeof options.fd === 'number' && options.fd >= 0) {
    return { fd: options.fd, duplicate: options !== given, backlog, signal };
  }

  const anyPort =
    args.length === 0 ||
    typeof first === 'function' ||
    options.port === null ||
    ('port' in options && options.port === undefined);
  const port = anyPort ? 0 : options.port;

  if (typeof port === 'number' || typeof port === 'string') {
    if (!isPort(port)) throw nodesError(args);

    return {
      port: port | 0,
      host: options.host || undefined,
      ipv6Only: options.ipv6Only === true,
      reusePort: options.reusePort === true,
      backlog: options.backlog || backlog,
      signal
    };
  }

  if (options.path && isPipeName(options.path)) {
    return {
      path: options.path,
      backlog: options.backlog || backlog,
      signal,
      readableAll: options.readableAll === true,
      writableAll: options.writableAll === true
    };
  }

  throw nodesError(args);
}

/**
 * @param {Array} args Arguments of `listen()`
 * @returns {Function|null} The listener for 'listening'
 */
function listenCallback(args) {
  const last = args[args.length - 1];
  return typeof last === 'function' ? last : null;
}

module.exports = { listenCallback, listenDestination };

function optionsOf(args) {
  const [first, second] = args;

  if (typeof first === 'object' && first !== null) return first;
  if (isPipeName(first)) return { path: first };
  if (args.length === 0) return {};

  return typeof second === 'string' ? { port: first, host: second } : { port: first };
}

/** A number that is no count at all is `false` in Node, and so the default. */
function countOf(value) {
  if (typeof value === 'function' || value === undefined) return 0;

  const number = Number(value);
  return number >= 0 ? number : 0;
}

/** A string that is no number names a pipe. */
function isPipeName(value) {
  return typeof value === 'string' && !(Number(value) >= 0);
}

function isPort(port) {
  if (typeof port === 'string' && port.trim() === '') return false;
  return +port === +port >>> 0 && port <= 0xffff;
}

function isSignal(signal) {
  return typeof signal === 'object' && signal !== null && 'aborted' in signal;
}

/**
 * The error that Node has for arguments which are no good: asked for, so that class, code and text
 * are those of the Node version that runs.
 *
 * @param {Array} args
 * @returns {Error}
 */
function nodesError(args) {
  const server = new net.Server();

  try {
    server.listen(...args);
  } catch (err) {
    return err;
  }

  // This Node takes them after all.
  server.on('error', () => {});
  server.close();

  return new TypeError('The arguments of listen() are invalid');
}
