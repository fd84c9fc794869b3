'use strict';

/**
 * The client's half of the opening handshake (RFC 6455, 4.1), over `http.request` and
 * `https.request`: agents, proxies and TLS options work as everywhere in Node.
 *
 * @module lib/ws/client
 */

const http = require('node:http');
const https = require('node:https');

const { acceptKey } = require('../core/handshake');
const { parseAddress, requestOptions, resolveOptions } = require('./client-request');
const { CLOSING, CONNECTING } = require('./constants');
const { parse: parseExtensions } = require('./extension');
const PerMessageDeflate = require('./permessage-deflate');
const { dropCredentials, rememberCredentials, rememberOrigin } = require('./redirect');

const DEFLATE = PerMessageDeflate.extensionName;

/** On a request: it was aborted by us, its error is not to be reported. */
const kAborted = Symbol('kAborted');

/**
 * Starts the handshake of a client.
 *
 * @param {import('./websocket')} ws the WebSocket
 * @param {string | URL} address where to
 * @param {string | string[] | object} [protocols] subprotocols, or the options
 * @param {object} [options] the user's options; besides those of `http.request` and
 *     `tls.connect`: see `resolveOptions`
 * @returns {object} the options with their defaults
 * @throws {SyntaxError | RangeError} as the constructor of WebSocket
 */
function connect(ws, address, protocols, options) {
  let given = options;
  let list = protocols;

  if (list !== null && typeof list === 'object' && !Array.isArray(list)) {
    given = list;
    list = undefined;
  }
  if (list === undefined) list = given?.protocols;
  if (list === undefined) list = [];
  if (!Array.isArray(list)) list = [list];

  ws._redirects = 0;
  ws._req = null;

  return new Attempt(ws, address, list, given, null).start();
}

/** One request; a redirect makes another attempt. */
class Attempt {
  /**
   * @param {import('./websocket')} ws the WebSocket
   * @param {string | URL} address where to
   * @param {string[]} protocols subprotocols to offer
   * @param {object} [options] the user's options
   * @param {object | null} origin where the first attempt went, see `redirect.js`
   */
  constructor(ws, address, protocols, options, origin) {
    this.ws = ws;
    this.address = address;
    this.protocols = protocols;
    this.options = options;
    this.origin = origin;
    this.resolved = resolveOptions(options);
    this.deflate = null;
    this.key = '';
    this.request = null;
  }

  /**
   * Sends the request.
   *
   * @returns {object | undefined} the resolved options; undefined if a redirect led nowhere
   * @throws {SyntaxError | RangeError} on the first attempt
   */
  start() {
    const { ws, resolved } = this;
    const { url, problem } = parseAddress(this.address);

    ws._url = url.href;

    if (problem !== null) {
      const err = new SyntaxError(problem);

      if (this.origin === null) throw err;
      emitErrorAndClose(ws, err);
      return undefined;
    }

    if (resolved.perMessageDeflate) {
      this.deflate = new PerMessageDeflate({
        ...resolved.perMessageDeflate,
        isServer: false,
        maxPayload: resolved.maxPayload
      });
    }

    this.key = requestOptions(resolved, url, this.protocols, this.deflate);

    if (resolved.followRedirects) this.#prepareRedirects(url);

    const { request } = url.protocol === 'wss:' ? https : http;
    this.request = ws._req = request(resolved);

    // Whatever a listener does, go on: it may have destroyed the request with an error, which then
    // needs somebody who listens.
    if (ws._redirects !== 0) ws.emit('redirect', ws.url, this.request);

    this.#listen();

    if (resolved.finishRequest) resolved.finishRequest(this.request, ws);
    else this.request.end();

    return resolved;
  }

  /** @param {URL} url where this attempt goes */
  #prepareRedirects(url) {
    const { ws, resolved } = this;

    if (this.origin === null) {
      this.origin = rememberOrigin(url, resolved);

      // A copy that may be changed; the names in lower case, so that they can be found.
      const headers = {};
      for (const [name, value] of Object.entries(this.options?.headers ?? {})) {
        headers[name.toLowerCase()] = value;
      }
      this.options = { ...this.options, headers };
    } else if (ws.listenerCount('redirect') === 0) {
      dropCredentials(this.origin, url, resolved);
    }

    rememberCredentials(this.options.headers, resolved);
  }

  #listen() {
    const { request, resolved, ws } = this;

    if (resolved.timeout) {
      request.on('timeout', () => {
        abortRequest(ws, request, 'Opening handshake has timed out');
      });
    }

    request.on('error', (err) => {
      if (this.request === null || request[kAborted]) return;

      this.request = ws._req = null;
      emitErrorAndClose(ws, err);
    });

    request.on('response', (response) => this.#onResponse(response));
    request.on('upgrade', (response, socket, head) => this.#onUpgrade(response, socket, head));
  }

  /** @param {http.IncomingMessage} response any answer but 101 */
  #onResponse(response) {
    const { request, resolved, ws } = this;
    const { statusCode } = response;
    const { location } = response.headers;

    if (location && resolved.followRedirects && statusCode >= 300 && statusCode < 400) {
      this.#redirect(location);
    } else if (!ws.emit('unexpected-response', request, response)) {
      abortRequest(ws, request, `Unexpected server response: ${statusCode}`);
    }
  }

  /** @param {string} location where the server sends us */
  #redirect(location) {
    const { request, resolved, ws } = this;

    if (++ws._redirects > resolved.maxRedirects) {
      abortRequest(ws, request, 'Maximum redirects exceeded');
      return;
    }

    request.abort();

    let address;

    try {
      address = new URL(location, this.address);
    } catch {
      emitErrorAndClose(ws, new SyntaxError(`Invalid URL: ${location}`));
      return;
    }

    new Attempt(ws, address, this.protocols, this.options, this.origin).start();
  }

  /**
   * @param {http.IncomingMessage} response the 101
   * @param {import('node:stream').Duplex} socket the socket
   * @param {Buffer} head what was read behind the response
   */
  #onUpgrade(response, socket, head) {
    const { resolved, ws } = this;

    ws.emit('upgrade', response);

    // A listener may have closed the WebSocket.
    if (ws.readyState !== CONNECTING) return;

    this.request = ws._req = null;

    const problem = this.#check(response.headers);

    if (problem !== null) {
      abortSocket(ws, socket, problem);
      return;
    }

    ws.setSocket(socket, head, {
      allowSynchronousEvents: resolved.allowSynchronousEvents,
      generateMask: resolved.generateMask,
      maxBufferedChunks: resolved.maxBufferedChunks,
      maxFragments: resolved.maxFragments,
      maxPayload: resolved.maxPayload,
      skipUTF8Validation: resolved.skipUTF8Validation
    });
  }

  /**
   * Checks the headers of a 101, and takes over what was negotiated.
   *
   * @param {object} headers the headers
   * @returns {string | null} what is wrong with them
   */
  #check(headers) {
    const { upgrade } = headers;

    if (upgrade === undefined || upgrade.toLowerCase() !== 'websocket') {
      return 'Invalid Upgrade header';
    }

    if (headers['sec-websocket-accept'] !== acceptKey(this.key)) {
      return 'Invalid Sec-WebSocket-Accept header';
    }

    const protocol = headers['sec-websocket-protocol'];

    if (protocol === undefined) {
      if (this.protocols.length !== 0) return 'Server sent no subprotocol';
    } else if (this.protocols.length === 0) {
      return 'Server sent a subprotocol but none was requested';
    } else if (!this.protocols.includes(protocol)) {
      return 'Server sent an invalid subprotocol';
    } else {
      this.ws._protocol = protocol;
    }

    return this.#checkExtensions(headers['sec-websocket-extensions']);
  }

  /**
   * @param {string | undefined} header the extensions that the server has chosen
   * @returns {string | null} what is wrong with them
   */
  #checkExtensions(header) {
    if (header === undefined) return null;
    if (this.deflate === null) {
      return 'Server sent a Sec-WebSocket-Extensions header but no extension was requested';
    }

    try {
      const extensions = parseExtensions(header);
      const names = Object.keys(extensions);

      if (names.length !== 1 || names[0] !== DEFLATE) {
        return 'Server indicated an extension that was not requested';
      }

      this.deflate.accept(extensions[DEFLATE]);
    } catch {
      return 'Invalid Sec-WebSocket-Extensions header';
    }

    this.ws._extensions = { [DEFLATE]: this.deflate };
    return null;
  }
}

/**
 * Ends a handshake on behalf of the user.
 *
 * @param {import('./websocket')} ws a connecting WebSocket
 */
function abortConnecting(ws) {
  abortRequest(ws, ws._req, 'WebSocket was closed before the connection was established');
}

/**
 * Aborts a request; 'error' and 'close' follow in the next tick.
 *
 * @param {import('./websocket')} ws the WebSocket
 * @param {http.ClientRequest} request its request
 * @param {string} message text of the error
 */
function abortRequest(ws, request, message) {
  ws._readyState = CLOSING;

  request[kAborted] = true;
  request.abort();

  // `abort()` leaves the socket of a completed request alone.
  if (request.socket && !request.socket.destroyed) request.socket.destroy();

  process.nextTick(emitErrorAndClose, ws, new Error(message));
}

/**
 * Refuses a 101; 'error' and 'close' follow those of the socket.
 *
 * @param {import('./websocket')} ws the WebSocket
 * @param {import('node:stream').Duplex} socket the socket
 * @param {string} message text of the error
 */
function abortSocket(ws, socket, message) {
  ws._readyState = CLOSING;

  socket.destroy(new Error(message));
  socket.once('error', (err) => ws.emit('error', err));
  socket.once('close', () => ws.emitClose());
}

/**
 * Ends a handshake that has failed.
 *
 * @param {import('./websocket')} ws the WebSocket
 * @param {Error} err why
 */
function emitErrorAndClose(ws, err) {
  ws._readyState = CLOSING;
  ws._errorEmitted = true;
  ws.emit('error', err);
  ws.emitClose();
}

module.exports = { abortConnecting, connect };
