'use strict';

/**
 * The negotiation of permessage-deflate (RFC 7692, 7): what a client offers, what a server accepts
 * and what a client accepts of the answer. Compressing is the core's business.
 *
 * @module lib/ws/permessage-deflate
 */

const SERVER_BITS = 'server_max_window_bits';
const CLIENT_BITS = 'client_max_window_bits';
const SERVER_RESET = 'server_no_context_takeover';
const CLIENT_RESET = 'client_no_context_takeover';

/** What `memory: 'shared'` stands for. */
const NO_CONTEXT = { clientNoContextTakeover: true, serverNoContextTakeover: true };

/** One side's wishes, and after `accept()` what both sides agreed to. */
class PerMessageDeflate {
  /**
   * @param {object} [options] wishes
   * @param {boolean | number} [options.clientMaxWindowBits] window size of the client: a number
   *     asks for it, `false` forbids the parameter
   * @param {boolean} [options.clientNoContextTakeover=false] the client starts every message with
   *     an empty window; `false` on a client forbids the parameter
   * @param {boolean} [options.isServer=false] which side this is
   * @param {number} [options.maxPayload=0] limit of an inflated message, bytes; 0 = none
   * @param {string} [options.memory] `'shared'`: unless the options say otherwise neither side keeps
   *     a context, so that a few compressors serve all connections; not in `ws`
   * @param {boolean | number} [options.serverMaxWindowBits] as the client's
   * @param {boolean} [options.serverNoContextTakeover=false] as the client's
   * @param {number} [options.threshold=1024] bytes; smaller messages are not compressed if the own
   *     side keeps no context
   */
  constructor(options) {
    this._options = options?.memory === 'shared' ? { ...NO_CONTEXT, ...options } : options || {};
    this._threshold = this._options.threshold === undefined ? 1024 : this._options.threshold;
    this._maxPayload = this._options.maxPayload | 0;
    this._isServer = !!this._options.isServer;

    /** The parameters agreed to; `null` before `accept()`. */
    this.params = null;
  }

  /** @type {string} The registered name of the extension. */
  static get extensionName() {
    return 'permessage-deflate';
  }

  /** @returns {object} the parameters of a client's offer, for `extension.format` */
  offer() {
    const options = this._options;
    const params = {};

    if (options.serverNoContextTakeover) params[SERVER_RESET] = true;
    if (options.clientNoContextTakeover) params[CLIENT_RESET] = true;
    if (options.serverMaxWindowBits) params[SERVER_BITS] = options.serverMaxWindowBits;

    // Without a wish of its own a client says that it understands the parameter.
    const clientBits = options.clientMaxWindowBits ?? true;
    if (clientBits) params[CLIENT_BITS] = clientBits;

    return params;
  }

  /**
   * Accepts one of a client's offers, or a server's answer.
   *
   * @param {object[]} configurations what `extension.parse` gave for this extension; it is
   *     normalised in place
   * @returns {object} the parameters agreed to, also in `params`
   * @throws {Error | TypeError} if nothing can be accepted
   */
  accept(configurations) {
    const normalized = this.normalizeParams(configurations);

    this.params = this._isServer
      ? this.acceptAsServer(normalized)
      : this.acceptAsClient(normalized);

    return this.params;
  }

  /**
   * @param {object[]} offers normalised offers; the first acceptable one is completed in place
   * @returns {object} the answer's parameters
   * @throws {Error} if no offer is acceptable
   */
  acceptAsServer(offers) {
    const options = this._options;
    const params = offers.find((offer) => isAcceptable(offer, options));

    if (params === undefined) throw new Error('None of the extension offers can be accepted');

    if (options.serverNoContextTakeover) params[SERVER_RESET] = true;
    if (options.clientNoContextTakeover) params[CLIENT_RESET] = true;
    if (isNumber(options.serverMaxWindowBits)) params[SERVER_BITS] = options.serverMaxWindowBits;

    if (isNumber(options.clientMaxWindowBits)) {
      params[CLIENT_BITS] = options.clientMaxWindowBits;
    } else if (params[CLIENT_BITS] === true || options.clientMaxWindowBits === false) {
      delete params[CLIENT_BITS];
    }

    return params;
  }

  /**
   * @param {object[]} response the normalised answer; only the first configuration counts
   * @returns {object} the parameters agreed to
   * @throws {Error} if the answer holds what was not offered
   */
  acceptAsClient(response) {
    const [params] = response;
    const { clientMaxWindowBits, clientNoContextTakeover } = this._options;

    if (clientNoContextTakeover === false && params[CLIENT_RESET]) {
      throw new Error(`Unexpected parameter "${CLIENT_RESET}"`);
    }

    if (!params[CLIENT_BITS]) {
      if (isNumber(clientMaxWindowBits)) params[CLIENT_BITS] = clientMaxWindowBits;
    } else if (
      clientMaxWindowBits === false ||
      (isNumber(clientMaxWindowBits) && params[CLIENT_BITS] > clientMaxWindowBits)
    ) {
      throw new Error(`Unexpected or invalid parameter "${CLIENT_BITS}"`);
    }

    return params;
  }

  /**
   * Replaces each parameter's list of values by its one value, checked.
   *
   * @param {object[]} configurations as parsed
   * @returns {object[]} the same array
   * @throws {Error | TypeError} for unknown, repeated and malformed parameters
   */
  normalizeParams(configurations) {
    for (const params of configurations) {
      for (const name of Object.keys(params)) {
        const values = params[name];

        if (values.length > 1) {
          throw new Error(`Parameter "${name}" must have only a single value`);
        }

        params[name] = this.#normalizeValue(name, values[0]);
      }
    }

    return configurations;
  }

  /**
   * @param {string} name the parameter
   * @param {string | true} value as parsed
   * @returns {number | true} checked
   */
  #normalizeValue(name, value) {
    switch (name) {
      case CLIENT_BITS:
        // Only in an offer the parameter may stand without a value (RFC 7692, 7.1.2.2).
        return value === true && this._isServer ? true : windowBits(name, value);
      case SERVER_BITS:
        return windowBits(name, value);
      case CLIENT_RESET:
      case SERVER_RESET:
        if (value !== true) throw invalidValue(name, value);
        return true;
      default:
        throw new Error(`Unknown parameter "${name}"`);
    }
  }
}

/**
 * @param {object} offer normalised
 * @param {object} options the server's wishes
 * @returns {boolean} whether the offer asks for nothing that the options forbid, and allows what
 *     they demand
 */
function isAcceptable(offer, options) {
  const { clientMaxWindowBits, serverMaxWindowBits } = options;
  const serverBits = offer[SERVER_BITS];
  const clientBits = offer[CLIENT_BITS];

  if (options.serverNoContextTakeover === false && offer[SERVER_RESET]) return false;

  if (serverBits) {
    if (serverMaxWindowBits === false) return false;
    if (isNumber(serverMaxWindowBits) && serverMaxWindowBits > serverBits) return false;
  }

  if (!isNumber(clientMaxWindowBits)) return true;
  return isNumber(clientBits) ? clientMaxWindowBits <= clientBits : !!clientBits;
}

/**
 * @param {string} name the parameter
 * @param {string | true} value as parsed
 * @returns {number} 8 to 15 (RFC 7692, 7.1.2)
 * @throws {TypeError} otherwise
 */
function windowBits(name, value) {
  const bits = value === true ? Number.NaN : +value;

  if (!Number.isInteger(bits) || bits < 8 || bits > 15) throw invalidValue(name, value);

  return bits;
}

/**
 * @param {string} name the parameter
 * @param {string | true} value as parsed
 * @returns {TypeError} what to throw
 */
function invalidValue(name, value) {
  return new TypeError(`Invalid value for parameter "${name}": ${value}`);
}

/**
 * @param {*} value anything
 * @returns {boolean} whether it is a number
 */
function isNumber(value) {
  return typeof value === 'number';
}

module.exports = PerMessageDeflate;
