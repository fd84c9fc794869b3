'use strict';

/**
 * What a server reads out of an upgrade request besides what every request must have.
 *
 * @module lib/ws/negotiation
 */

const { BAD_EXTENSIONS, requestVersion } = require('../core/handshake');
const extension = require('./extension');
const PerMessageDeflate = require('./permessage-deflate');
const subprotocol = require('./subprotocol');

const DEFLATE = PerMessageDeflate.extensionName;

/**
 * @param {object} req a request
 * @returns {Set<string> | null} the subprotocols it offers, null if the header is malformed
 */
function offeredProtocols(req) {
  const header = req.headers['sec-websocket-protocol'];

  if (header === undefined) return new Set();

  try {
    return subprotocol.parse(header);
  } catch {
    return null;
  }
}

/**
 * Negotiates extensions.
 *
 * @param {object} options the server's options
 * @param {object} req the request
 * @param {object} extensions where the negotiated ones go
 * @returns {object | null} why the request must be refused
 */
function negotiate(options, req, extensions) {
  const header = req.headers['sec-websocket-extensions'];

  if (!options.perMessageDeflate || header === undefined) return null;

  const deflate = new PerMessageDeflate({
    ...options.perMessageDeflate,
    isServer: true,
    maxPayload: options.maxPayload
  });

  try {
    const offers = extension.parse(header)[DEFLATE];

    if (offers) {
      deflate.accept(offers);
      extensions[DEFLATE] = deflate;
    }
  } catch {
    return BAD_EXTENSIONS;
  }

  return null;
}

/**
 * @param {object} req a request
 * @returns {{origin: string | undefined, secure: boolean, req: object}} what `verifyClient` gets
 */
function clientInfo(req) {
  const { headers, socket } = req;

  return {
    // Version 8 had a header of its own (draft-ietf-hybi-thewebsocketprotocol-08).
    origin: requestVersion(req) === 8 ? headers['sec-websocket-origin'] : headers.origin,
    secure: !!(socket.authorized || socket.encrypted),
    req
  };
}

module.exports = { clientInfo, negotiate, offeredProtocols };
