'use strict';

/** Words before the first header's four (docs/architecture.md, "REQUEST layout"). */
const FIXED_WORDS = 12;

const ROUTE = 1;
const MINOR = 2;
const REMOTE_PORT = 3;
const LOCAL_PORT = 4;
const REMOTE_LENGTH = 5;
const LOCAL_LENGTH = 6;
const HEAD_LENGTH = 7;
const METHOD_END = 8;
const TARGET_START = 9;
const TARGET_END = 10;
const HEADER_COUNT = 11;

/**
 * The reading side of a REQUEST payload: request line, header fields and addresses of one
 * connection. Nothing is decoded before somebody asks; then everything is decoded at once and the
 * payload is let go, so that a request which an application keeps does not keep a 64 KiB slab.
 *
 * Bytes become characters one to one (latin1), as in Node's parser.
 */
class RequestRecord {
  /**
   * @param {{ bytes: Buffer, offset: number }} view The payload, 8-byte aligned, in the byte order
   *     of this machine
   */
  constructor(view) {
    this._view = view;
    this._rawHeaders = undefined;
    this._method = '';
    this._target = '';
    this._remoteAddress = undefined;
    this._remotePort = undefined;
    this._localAddress = undefined;
    this._localPort = undefined;
    this._minor = 1;
    this._headLength = 0;
  }

  /**
   * The id of the matched route, -1 if there is none.
   *
   * @type {number}
   */
  get route() {
    return wordsOf(this._view)[ROUTE];
  }

  /** @type {string} */
  get method() {
    if (this._view !== null) this._decode();
    return this._method;
  }

  /**
   * The request target as it came.
   *
   * @type {string}
   */
  get target() {
    if (this._view !== null) this._decode();
    return this._target;
  }

  /**
   * Minor HTTP version, 0 or 1.
   *
   * @type {number}
   */
  get minor() {
    if (this._view !== null) this._decode();
    return this._minor;
  }

  /**
   * Names and values in turn, in the order and the case of the peer.
   *
   * @type {string[]}
   */
  get rawHeaders() {
    if (this._view !== null) this._decode();
    return this._rawHeaders;
  }

  /**
   * Undefined on a Unix socket.
   *
   * @type {string|undefined}
   */
  get remoteAddress() {
    if (this._view !== null) this._decode();
    return this._remoteAddress;
  }

  /** @type {number|undefined} */
  get remotePort() {
    if (this._view !== null) this._decode();
    return this._remotePort;
  }

  /** @type {string|undefined} */
  get localAddress() {
    if (this._view !== null) this._decode();
    return this._localAddress;
  }

  /** @type {number|undefined} */
  get localPort() {
    if (this._view !== null) this._decode();
    return this._localPort;
  }

  /**
   * Length of the request head in bytes.
   *
   * @type {number}
   */
  get headLength() {
    if (this._view !== null) this._decode();
    return this._headLength;
  }

  _decode() {
    const { bytes, offset } = this._view;
    const words = wordsOf(this._view);
    const count = words[HEADER_COUNT];
    const remoteStart = offset + 4 * (FIXED_WORDS + 4 * count);
    const localStart = remoteStart + words[REMOTE_LENGTH];
    const headStart = localStart + words[LOCAL_LENGTH];
    const headEnd = headStart + words[HEAD_LENGTH];
    // One native call; the fields below are slices of its result.
    const text = bytes.latin1Slice(remoteStart, headEnd);
    const head = headStart - remoteStart;
    const rawHeaders = new Array(2 * count);

    for (let i = 0; i < count; i++) {
      const word = FIXED_WORDS + 4 * i;

      rawHeaders[2 * i] = part(text, head, words, word, 2 * i);
      rawHeaders[2 * i + 1] = part(text, head, words, word + 2, 2 * i + 1);
    }

    lastHeaders = rawHeaders;

    if (words[REMOTE_LENGTH] > 0) {
      this._remoteAddress = text.slice(0, words[REMOTE_LENGTH]);
      this._remotePort = words[REMOTE_PORT];
    }

    if (words[LOCAL_LENGTH] > 0) {
      this._localAddress = text.slice(words[REMOTE_LENGTH], head);
      this._localPort = words[LOCAL_PORT];
    }

    this._rawHeaders = rawHeaders;
    this._method = text.slice(head, head + words[METHOD_END]);
    this._target = text.slice(head + words[TARGET_START], head + words[TARGET_END]);
    this._minor = words[MINOR];
    this._headLength = words[HEAD_LENGTH];
    this._view = null;
  }
}

/** The names and values of the last request. */
let lastHeaders = [];

/**
 * A name or value, as the same string that the last request had in this place if they are equal: clients of one kind send the
 * same names in the same order and mostly the same values, and a comparison is cheaper than a string.
 */
function part(text, head, words, word, index) {
  const start = head + words[word];
  const end = head + words[word + 1];
  const last = lastHeaders[index];

  return last !== undefined && last.length === end - start && text.startsWith(last, start)
    ? last
    : text.slice(start, end);
}

/**
 * The `i32` words of a payload.
 *
 * @param {{ bytes: Buffer, offset: number }} view
 * @returns {Int32Array}
 */
function wordsOf({ bytes, offset }) {
  return new Int32Array(bytes.buffer, bytes.byteOffset + offset, (bytes.length - offset) >> 2);
}

/**
 * What is left of a record when its request is done: the ends of the connection.
 *
 * @typedef {{ remoteAddress?: string, localAddress?: string, localPort?: number, headLength: number }} Peer
 */

/** By remote address; connections differ by little else than their remote port. */
const peers = new Map();
const PEERS = 256;

/**
 * @param {RequestRecord} record
 * @return {Peer} shared by connections with the same values, without the remote port
 */
function peerOf(record) {
  const { remoteAddress, localAddress, localPort, headLength } = record;
  const known = peers.get(remoteAddress);

  if (
    known !== undefined &&
    known.localAddress === localAddress &&
    known.localPort === localPort &&
    known.headLength === headLength
  ) {
    return known;
  }

  const peer = {
    remoteAddress: flat(remoteAddress),
    localAddress: flat(localAddress),
    localPort,
    headLength
  };

  if (peers.size === PEERS) peers.clear();
  peers.set(peer.remoteAddress, peer);

  return peer;
}

/** A copy: a slice of a head would keep the whole head. */
function flat(text) {
  return text === undefined ? undefined : Buffer.from(text, 'latin1').latin1Slice();
}

module.exports = { RequestRecord, peerOf };
