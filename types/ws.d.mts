/**
 * Typings of `ferrows/ws` for ES modules: the eight names of `ws`, and the types.
 */

import type { IncomingMessage } from 'node:http';
import WebSocket from './ws.js';

export import AddressInfo = WebSocket.AddressInfo;
export import CertMeta = WebSocket.CertMeta;
export import ClientOptions = WebSocket.ClientOptions;
export import CloseEvent = WebSocket.CloseEvent;
export import Data = WebSocket.Data;
export import ErrorEvent = WebSocket.ErrorEvent;
export import Event = WebSocket.Event;
export import EventListenerOptions = WebSocket.EventListenerOptions;
export import Events = WebSocket.Events;
export import FinishRequestCallback = WebSocket.FinishRequestCallback;
export import MessageEvent = WebSocket.MessageEvent;
export import PerMessageDeflateOptions = WebSocket.PerMessageDeflateOptions;
export import RawData = WebSocket.RawData;
export import SendOptions = WebSocket.SendOptions;
export import ServerEvents = WebSocket.ServerEvents;
export import ServerOptions = WebSocket.ServerOptions;
export import VerifyClientCallbackAsync = WebSocket.VerifyClientCallbackAsync;
export import VerifyClientCallbackSync = WebSocket.VerifyClientCallbackSync;

/** A type only: the class is exported as `WebSocketServer`. */
export type Server<
  T extends typeof WebSocket = typeof WebSocket,
  U extends typeof IncomingMessage = typeof IncomingMessage
> = WebSocket.Server<T, U>;

export import createWebSocketStream = WebSocket.createWebSocketStream;
export import extension = WebSocket.extension;
export import PerMessageDeflate = WebSocket.PerMessageDeflate;
export import Receiver = WebSocket.Receiver;
export import Sender = WebSocket.Sender;
export import subprotocol = WebSocket.subprotocol;
export import WebSocketServer = WebSocket.WebSocketServer;

export { WebSocket };
export default WebSocket;
