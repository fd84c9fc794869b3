/**
 * The root export for ES modules: the eight names of `ws`, and what the other faces offer.
 *
 * @module ferrows
 */

import WebSocket from './index.js';

export const {
  createWebSocketStream,
  extension,
  PerMessageDeflate,
  Receiver,
  Sender,
  subprotocol,
  WebSocketServer,
  MultipathServer,
  createServer,
  createServerFrom,
  wss
} = WebSocket;

export { WebSocket };
export default WebSocket;
