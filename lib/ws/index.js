'use strict';

/**
 * The `ws` face: the WebSocket class with the rest of the API as its members.
 *
 * @module lib/ws
 */

const createWebSocketStream = require('./stream');
const extension = require('./extension');
const PerMessageDeflate = require('./permessage-deflate');
const Receiver = require('./receiver');
const Sender = require('./sender');
const subprotocol = require('./subprotocol');
const WebSocket = require('./websocket');
const WebSocketServer = require('./websocket-server');

WebSocket.createWebSocketStream = createWebSocketStream;
WebSocket.extension = extension;
WebSocket.PerMessageDeflate = PerMessageDeflate;
WebSocket.Receiver = Receiver;
WebSocket.Sender = Sender;
WebSocket.Server = WebSocketServer;
WebSocket.subprotocol = subprotocol;
WebSocket.WebSocket = WebSocket;
WebSocket.WebSocketServer = WebSocketServer;

module.exports = WebSocket;
