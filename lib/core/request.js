'use strict';

const { IncomingMessage } = require('node:http');
const { Readable } = require('node:stream');

const { distinctHeaders, foldHeaders } = require('./header-fields');

const kRecord = Symbol('kRecord');
const kMethod = Symbol('kMethod');
const kUrl = Symbol('kUrl');
const kHeaders = Symbol('kHeaders');
const kHeadersDistinct = Symbol('kHeadersDistinct');

/** Makes `class ... extends` use IncomingMessage's prototype without running its constructor. */
function MessageShape() {}
MessageShape.prototype = IncomingMessage.prototype;

/**
 * The request of an upgrade that the native listener read: an `http.IncomingMessage` whose
 * properties are decoded when somebody reads them and which becomes a stream when somebody uses
 * it as one (the body of an upgrade request is empty). A constructed IncomingMessage costs twenty
 * times as much.
 */
class NativeRequest extends MessageShape {
  /**
   * @param {import('./request-record').RequestRecord} record
   * @param {import('./native-socket').NativeSocket} socket
   */
  constructor(record, socket) {
    super();

    this.socket = socket;
    this[kRecord] = record;
    this[kMethod] = undefined;
    this[kUrl] = undefined;
    this[kHeaders] = undefined;
    this[kHeadersDistinct] = undefined;
  }

  /** @type {string} */
  get method() {
    const method = this[kMethod];
    return method === undefined ? this[kRecord].method : method;
  }

  set method(method) {
    this[kMethod] = method;
  }

  /**
   * The request target. Routers assign to it, as they do with Node's.
   *
   * @type {string}
   */
  get url() {
    const url = this[kUrl];
    return url === undefined ? this[kRecord].target : url;
  }

  set url(url) {
    this[kUrl] = url;
  }

  /**
   * Names and values in turn, with the client's order and case.
   *
   * @type {string[]}
   */
  get rawHeaders() {
    return this[kRecord].rawHeaders;
  }

  set rawHeaders(rawHeaders) {
    own(this, 'rawHeaders', rawHeaders);
  }

  /** @type {Object<string, string|string[]>} */
  get headers() {
    if (this[kHeaders] === undefined) this[kHeaders] = foldHeaders(this.rawHeaders);
    return this[kHeaders];
  }

  set headers(headers) {
    this[kHeaders] = headers;
  }

  /** @type {Object<string, string[]>} */
  get headersDistinct() {
    if (this[kHeadersDistinct] === undefined) {
      this[kHeadersDistinct] = distinctHeaders(this.rawHeaders);
    }

    return this[kHeadersDistinct];
  }

  set headersDistinct(headers) {
    this[kHeadersDistinct] = headers;
  }

  /** @type {number} */
  get httpVersionMinor() {
    return this[kRecord].minor;
  }

  set httpVersionMinor(minor) {
    own(this, 'httpVersionMinor', minor);
  }

  /** @type {string} */
  get httpVersion() {
    return `1.${this[kRecord].minor}`;
  }

  set httpVersion(version) {
    own(this, 'httpVersion', version);
  }

  /** @type {string[]} */
  get rawTrailers() {
    return own(this, 'rawTrailers', []);
  }

  set rawTrailers(rawTrailers) {
    own(this, 'rawTrailers', rawTrailers);
  }

  /** @type {import('./native-socket').NativeSocket} */
  get client() {
    return this.socket;
  }

  set client(client) {
    own(this, 'client', client);
  }

  /**
   * Every stream method of Node reads this first, so this is where the message becomes a stream:
   * one that has ended, because the message is complete.
   */
  get _readableState() {
    Readable.call(this);
    // The end came from outside, as from Node's parser: 'readable' is not owed to anybody.
    this._readableState.sync = false;
    this.push(null);

    return this._readableState;
  }

  set _readableState(state) {
    own(this, '_readableState', state);
  }

  /** There is nothing to read, and the socket's bytes are not the message's. */
  _read() {}

  /**
   * As in Node, a message destroyed before its end was read counts as aborted and takes the
   * socket with it.
   *
   * @param {Error|null} err
   * @param {function(Error=): void} cb
   */
  _destroy(err, cb) {
    if (!this.readableEnded || !this.complete) {
      this.aborted = true;
      this.emit('aborted');
      if (this.socket && !this.socket.destroyed) this.socket.destroy(err);
    }

    process.nextTick(destroyed, this, err, cb);
  }
}

// What every upgrade request of HTTP/1 has in common, as writable members that an assignment
// shadows.
Object.assign(NativeRequest.prototype, {
  httpVersionMajor: 1,
  complete: true,
  aborted: false,
  upgrade: true,
  joinDuplicateHeaders: null,
  statusCode: null,
  statusMessage: null,
  parser: null,
  _consuming: false,
  _dumped: false
});

module.exports = { NativeRequest };

/**
 * Turns an accessor into a data property of the object.
 *
 * @param {object} target
 * @param {string} name
 * @param {*} value
 * @returns {*} The value
 */
function own(target, name, value) {
  Object.defineProperty(target, name, {
    value,
    configurable: true,
    enumerable: true,
    writable: true
  });

  return value;
}

/** Node keeps the error of a destroyed message to itself if nobody listens for it. */
function destroyed(message, err, cb) {
  if (message.listenerCount('error') === 0) cb();
  else cb(err);
}
