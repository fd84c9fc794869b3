'use strict';

const { kCloseFrame, kMessage, kPing, kPong } = require('../core/symbols');
const { toBinaryType } = require('../ws/buffer');
const { kPlainPong } = require('../ws/constants');
const { answerPing } = require('../ws/sending');
const BaseWebSocket = require('../ws/websocket');

/** RFC 6455, 7.4.1: what an empty close frame is reported as, and what `ws` 2.x makes of it. */
const NO_STATUS = 1005;
const NORMAL = 1000;

/** Bytes of a masking key: every frame of a client has one. */
const KEY_SIZE = 4;

/**
 * A server's connection with the conventions of `ws` 2.x: text messages are strings, the second
 * argument of 'message', 'ping' and 'pong' is an object of flags, close reasons are strings, and
 * what is sent too late throws "not opened".
 */
class WebSocket extends BaseWebSocket {
  constructor(address, protocols, options) {
    super(address, protocols, options);

    /** Bytes of the frames that have been delivered. */
    this.bytesReceived = 0;
    /** The request that was upgraded. */
    this.upgradeReq = null;
    /** 8 or 13. */
    this.protocolVersion = 13;
  }

  /**
   * @param {*} data
   * @param {object|Function} [options] As in `ws` 8, or the callback
   * @param {function(Error=): void} [cb]
   * @throws {Error} "not opened", unless there is a callback to get it
   */
  send(data, options, cb) {
    if (this.readyState === BaseWebSocket.OPEN) {
      super.send(data, options, cb);
      return;
    }

    const callback = typeof options === 'function' ? options : cb;

    if (!callback) throw notOpened();
    callback(notOpened());
  }

  /**
   * @param {*} [data]
   * @param {boolean} [mask]
   * @param {boolean} [failSilently=false] Do not throw if it is not open
   * @throws {Error} "not opened"
   */
  ping(data, mask, failSilently) {
    if (this._canSend(failSilently)) super.ping(data, mask, callbackOf(failSilently));
  }

  /** As {@link WebSocket#ping}. */
  pong(data, mask, failSilently) {
    if (this._canSend(failSilently)) super.pong(data, mask, callbackOf(failSilently));
  }

  /** @throws {Error} "not opened" */
  pause() {
    this._canSend(false);
    super.pause();
  }

  /** @throws {Error} "not opened" */
  resume() {
    this._canSend(false);
    super.resume();
  }

  /**
   * @param {number} [code=1000]
   * @param {string} [data]
   */
  close(code, data) {
    super.close(code === undefined ? NORMAL : code, data);
  }

  /** Emits 'close' and lets all listeners go; a late 'error' hits nobody. */
  emitClose() {
    this._closeMessage = this._closeMessage.toString();
    super.emitClose();

    this.removeAllListeners();
    this.on('error', () => {});
  }

  [kMessage](data, isBinary, fragments) {
    this.bytesReceived += frameSize(data.length);

    if (isBinary) {
      const message =
        this.binaryType === 'nodebuffer' ? data : toBinaryType(data, this.binaryType, fragments);

      this.emit('message', message, { masked: true, binary: true });
    } else {
      this.emit('message', data.toString(), { masked: true });
    }
  }

  [kPing](data, owed) {
    this.bytesReceived += frameSize(data.length);
    answerPing(this, data, owed);
    this.emit('ping', data, { masked: true, binary: true });
  }

  [kPong](data) {
    this.bytesReceived += frameSize(data.length);
    this.emit('pong', data, { masked: true, binary: true });
  }

  [kCloseFrame](code, reason) {
    this.bytesReceived += frameSize(code === NO_STATUS ? 0 : reason.length + 2);
    super[kCloseFrame](code === NO_STATUS ? NORMAL : code, reason);
  }

  _canSend(failSilently) {
    if (this.readyState === BaseWebSocket.OPEN) return true;
    if (!failSilently) throw notOpened();

    return false;
  }
}

WebSocket.prototype[kPlainPong] = WebSocket.prototype.pong;

module.exports = WebSocket;

function notOpened() {
  return new Error('not opened');
}

/** The third argument is a callback when an automatic pong is sent. */
function callbackOf(value) {
  return typeof value === 'function' ? value : undefined;
}

/** RFC 6455, 5.2. */
function frameSize(length) {
  return length + KEY_SIZE + (length < 126 ? 2 : length <= 0xffff ? 4 : 10);
}
