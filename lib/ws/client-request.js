'use strict';

/**
 * From an address and the user's options to the options of `http.request`.
 *
 * @module lib/ws/client-request
 */

const { randomBytes } = require('node:crypto');
const net = require('node:net');
const querystring = require('node:querystring');
const tls = require('node:tls');

const { CONNECTION_DEFAULTS } = require('./constants');
const { format } = require('./extension');
const PerMessageDeflate = require('./permessage-deflate');
const { tokenChars } = require('./validation');

const VERSIONS = [8, 13];

/**
 * Adds the defaults, and removes what the address decides.
 *
 * @param {object} [options] the user's options: those of `http.request` and `tls.connect`, and
 * @param {boolean} [options.allowSynchronousEvents=true] several events in one tick
 * @param {boolean} [options.autoPong=true] answer pings
 * @param {number} [options.closeTimeout=30000] limit of the closing handshake, milliseconds
 * @param {(request: object, ws: object) => void} [options.finishRequest] must end the request
 * @param {boolean} [options.followRedirects=false] follow redirects
 * @param {(key: Buffer) => void} [options.generateMask] fills a mask key; random without it
 * @param {number} [options.handshakeTimeout] limit of each request, milliseconds
 * @param {number} [options.maxBufferedChunks=262144] chunks that wait for the rest of a frame
 * @param {number} [options.maxFragments=16384] frames of a message
 * @param {number} [options.maxPayload=104857600] bytes of a message
 * @param {number} [options.maxPendingAutoPongs=60] automatic pongs that are not written yet
 * @param {number} [options.maxRedirects=10] redirects in a row
 * @param {string} [options.origin] the Origin header
 * @param {boolean | object} [options.perMessageDeflate=true] offer permessage-deflate
 * @param {string | string[]} [options.protocols] subprotocols, unless the argument is given
 * @param {number} [options.protocolVersion=13] 8 or 13
 * @param {boolean} [options.skipUTF8Validation=false] take text as it comes
 * @returns {object} a new object
 * @throws {RangeError} for another protocol version
 */
function resolveOptions(options) {
  const resolved = {
    ...CONNECTION_DEFAULTS,
    protocolVersion: 13,
    perMessageDeflate: true,
    followRedirects: false,
    maxRedirects: 10,
    ...options,
    socketPath: undefined,
    hostname: undefined,
    protocol: undefined,
    protocols: undefined,
    timeout: undefined,
    method: 'GET',
    host: undefined,
    path: undefined,
    port: undefined
  };

  if (!VERSIONS.includes(resolved.protocolVersion)) {
    throw new RangeError(
      `Unsupported protocol version: ${resolved.protocolVersion} ` +
        `(supported versions: ${VERSIONS.join(', ')})`
    );
  }

  return resolved;
}

/**
 * Parses an address; http and https stand for ws and wss.
 *
 * @param {string | URL} address the address; a URL object is not modified
 * @returns {{url: URL, problem: string | null}} `problem`: why it cannot be used
 * @throws {SyntaxError} if it is no URL
 */
function parseAddress(address) {
  const url = toWebSocketUrl(parseUrl(address));
  const ipc = url.protocol === 'ws+unix:';
  let problem = null;

  if (url.protocol !== 'ws:' && url.protocol !== 'wss:' && !ipc) {
    problem = 'The URL\'s protocol must be one of "ws:", "wss:", "http:", "https:", or "ws+unix:"';
  } else if (ipc && !url.pathname) {
    problem = "The URL's pathname is empty";
  } else if (url.hash) {
    problem = 'The URL contains a fragment identifier';
  }

  return { url, problem };
}

/**
 * @param {string | URL} address the address
 * @returns {URL} parsed
 * @throws {SyntaxError} if it is no URL
 */
function parseUrl(address) {
  if (address instanceof URL) return address;

  try {
    return new URL(address);
  } catch {
    throw new SyntaxError(`Invalid URL: ${address}`);
  }
}

/**
 * @param {URL} url any URL
 * @returns {URL} the same, or a copy with the scheme replaced
 */
function toWebSocketUrl(url) {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return url;

  const copy = new URL(url);

  copy.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:';
  return copy;
}

/**
 * Completes the options for one request.
 *
 * @param {object} resolved what `resolveOptions` returned; completed in place
 * @param {URL} url where to
 * @param {string[]} protocols subprotocols to offer
 * @param {PerMessageDeflate | null} deflate what to offer of permessage-deflate
 * @returns {string} the value of Sec-WebSocket-Key
 * @throws {SyntaxError} for a subprotocol that is no token, or is there twice
 */
function requestOptions(resolved, url, protocols, deflate) {
  const secure = url.protocol === 'wss:';
  const defaultPort = secure ? 443 : 80;
  const key = randomBytes(16).toString('base64');
  const headers = {
    ...resolved.headers,
    'Sec-WebSocket-Version': resolved.protocolVersion,
    'Sec-WebSocket-Key': key,
    Connection: 'Upgrade',
    Upgrade: 'websocket'
  };

  if (deflate !== null) {
    headers['Sec-WebSocket-Extensions'] = format({
      [PerMessageDeflate.extensionName]: deflate.offer()
    });
  }

  if (protocols.length !== 0) {
    checkProtocols(protocols);
    headers['Sec-WebSocket-Protocol'] = protocols.join(',');
  }

  if (resolved.origin) {
    headers[resolved.protocolVersion < 13 ? 'Sec-WebSocket-Origin' : 'Origin'] = resolved.origin;
  }

  resolved.createConnection ||= secure ? connectTls : connectTcp;
  resolved.defaultPort ||= defaultPort;
  resolved.port = url.port || defaultPort;
  resolved.host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  resolved.headers = headers;
  resolved.path = url.pathname + url.search;
  resolved.timeout = resolved.handshakeTimeout;

  if (url.username || url.password) {
    // Not decodeURIComponent: a stray percent sign is no error here.
    resolved.auth = `${querystring.unescape(url.username)}:${querystring.unescape(url.password)}`;
  }

  if (url.protocol === 'ws+unix:') splitSocketPath(resolved);

  return key;
}

/**
 * Splits `/socket/path:/url?query` at the first colon.
 *
 * @param {object} resolved its `path`, and afterwards its `socketPath` too
 */
function splitSocketPath(resolved) {
  const { path } = resolved;
  const colon = path.indexOf(':');

  resolved.socketPath = colon === -1 ? path : path.slice(0, colon);
  resolved.path = colon === -1 ? '' : path.slice(colon + 1);
}

/**
 * @param {*[]} protocols subprotocols to offer
 * @throws {SyntaxError} unless they are distinct tokens
 */
function checkProtocols(protocols) {
  const seen = new Set();

  for (const protocol of protocols) {
    if (!isToken(protocol) || seen.has(protocol)) {
      throw new SyntaxError('An invalid or duplicated subprotocol was specified');
    }

    seen.add(protocol);
  }
}

/**
 * @param {*} value anything
 * @returns {boolean} whether it is a token (RFC 7230, 3.2.6)
 */
function isToken(value) {
  if (typeof value !== 'string' || value === '') return false;

  for (let i = 0; i < value.length; i++) {
    if (tokenChars[value.charCodeAt(i)] !== 1) return false;
  }

  return true;
}

/**
 * @param {object} options the options of the request
 * @returns {net.Socket} connecting
 */
function connectTcp(options) {
  // For `net.connect` a path is that of a Unix socket.
  options.path = options.socketPath;
  return net.connect(options);
}

/**
 * @param {object} options the options of the request
 * @returns {tls.TLSSocket} connecting
 */
function connectTls(options) {
  options.path = undefined;

  // An empty name is the user's way to switch SNI off; an address cannot be one.
  if (!options.servername && options.servername !== '') {
    options.servername = net.isIP(options.host) ? '' : options.host;
  }

  return tls.connect(options);
}

module.exports = { parseAddress, requestOptions, resolveOptions };
