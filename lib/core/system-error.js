'use strict';

const { getSystemErrorMap } = require('node:util');

/**
 * An Error as Node makes it from a system call: `"<syscall> <CODE>"` with `errno` (negative), `code` and `syscall`; where an address
 * is known, `": <text> <address>[:<port>]"` as net.Server's 'error' has it.
 *
 * @param {number} errno positive, as the system reports it
 * @param {string} syscall
 * @param {string} [address]
 * @param {number} [port]
 * @return {Error}
 */
function systemError(errno, syscall, address, port) {
  const [code, text] = getSystemErrorMap().get(-errno) || [`E${errno}`, 'unknown error'];
  let message = `${syscall} ${code}`;
  if (address !== undefined) {
    message += `: ${text} ${address}${port === undefined ? '' : `:${port}`}`;
  }
  const error = new Error(message);
  error.errno = -errno;
  error.code = code;
  error.syscall = syscall;
  if (address !== undefined) error.address = address;
  if (port !== undefined) error.port = port;
  return error;
}

module.exports = { systemError };
