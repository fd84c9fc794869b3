'use strict';

/**
 * What a client may tell a server that it was redirected to. The rules are those of curl: secrets
 * stay with the host that they were given for.
 *
 * @module lib/ws/redirect
 */

/**
 * @typedef {object} Origin where the first request went
 * @property {boolean} ipc whether over a Unix socket or named pipe
 * @property {boolean} secure whether over TLS
 * @property {string} host host and port, or the path of the socket
 */

/**
 * @param {URL} url the address
 * @param {object} options the resolved options of the request
 * @returns {Origin} where it goes
 */
function rememberOrigin(url, options) {
  const ipc = url.protocol === 'ws+unix:';

  return {
    ipc,
    secure: url.protocol === 'wss:',
    host: ipc ? options.socketPath : url.host
  };
}

/**
 * Takes credentials out of a request that goes to another host, or no longer over TLS.
 *
 * @param {Origin} origin where the first request went
 * @param {URL} url where this one goes
 * @param {object} options its resolved options; changed in place
 */
function dropCredentials(origin, url, options) {
  const target = rememberOrigin(url, options);
  const sameHost = target.ipc === origin.ipc && target.host === origin.host;

  if (sameHost && (target.secure || !origin.secure)) return;

  delete options.headers.authorization;
  delete options.headers.cookie;
  if (!sameHost) delete options.headers.host;

  options.auth = undefined;
}

/**
 * Makes the first credentials win: from now on they are a header.
 *
 * @param {object} headers the user's headers for further requests, names in lower case
 * @param {object} options the resolved options of this request
 */
function rememberCredentials(headers, options) {
  if (options.auth && !headers.authorization) {
    headers.authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  }
}

module.exports = { dropCredentials, rememberCredentials, rememberOrigin };
