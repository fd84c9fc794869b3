/**
 * The names of the `ws` face for ES modules.
 *
 * @module lib/ws/wrapper
 */

import createWebSocketStream from './stream.js';
import extension from './extension.js';
import PerMessageDeflate from './permessage-deflate.js';
import Receiver from './receiver.js';
import Sender from './sender.js';
import subprotocol from './subprotocol.js';
import WebSocket from './index.js';
import WebSocketServer from './websocket-server.js';

export {
  createWebSocketStream,
  extension,
  PerMessageDeflate,
  Receiver,
  Sender,
  subprotocol,
  WebSocket,
  WebSocketServer
};

export default WebSocket;
