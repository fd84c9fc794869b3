'use strict';

const { FedHandle } = require('./fed-handle');
const { hub } = require('./hub');
const { NativeHandle } = require('./native-handle');
const { NativeSocket, kAdopt } = require('./native-socket');
const { canTakeOver, takeOver } = require('./taken-handle');

/**
 * Puts a connection whose opening handshake is done on the engine, by the best road there is for its socket.
 *
 * @param {stream.Duplex} socket NativeSocket, net.Socket, tls.TLSSocket, any Duplex
 * @param {Buffer} head bytes that were read behind the handshake
 * @param {object} config
 * @param {boolean} config.isServer
 * @param {number} config.maxPayload bytes of a message; 0 = no limit, as for the others
 * @param {number} config.maxFragments frames of a message
 * @param {number} config.maxBufferedChunks chunks of an incomplete frame
 * @param {number} config.maxPendingAutoPongs automatic pongs that are not written
 * @param {boolean} config.autoPong whether pings are answered
 * @param {boolean} config.skipUTF8Validation
 * @param {boolean} config.allowSynchronousEvents false: one event per macrotask
 * @param {function(Buffer): void} [config.generateMask]
 * @param {object} [config.deflate] what was negotiated of permessage-deflate: `{ key, sendWindowBits, sendReset, receiveWindowBits,
 *     receiveReset, level, memLevel, strategy }`; `key` tells different parameters apart
 * @param {object} owner receives the callbacks of lib/core/symbols.js, never before the caller has returned to the event loop
 * @return {NativeHandle|FedHandle}
 */
function adopt(socket, head, config, owner) {
  if (socket instanceof NativeSocket) {
    const id = socket[kAdopt]();
    if (id !== -1) {
      const handle = new NativeHandle(hub, id, config, owner, socket);
      hub.attach(id, handle);
      hub.start(id, config);
      return handle;
    }
  } else if (canTakeOver(socket)) {
    const handle = takeOver(hub, socket, head, config, owner);
    if (handle !== null) return handle;
  }
  return new FedHandle(hub, socket, head, config, owner);
}

module.exports = { adopt };
