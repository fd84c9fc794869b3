/// <reference types="node" />

/**
 * Typings of `ferrows`: the API of `ws`, and by name what the other faces offer.
 */

import Multipath = require('./types/ws-multipath');
import WebSocket = require('./types/ws');
import WssServer = require('./types/wss');

declare const ferrows: typeof WebSocket & {
  /** Several WebSocket paths on one port: `ferrows/ws-multipath`. */
  readonly MultipathServer: typeof Multipath;
  /** `createServer` of `ferrows/wss`. */
  readonly createServer: typeof WssServer.createServer;
  /** `createServerFrom` of `ferrows/wss`. */
  readonly createServerFrom: typeof WssServer.createServerFrom;
  /** The server class of `ferrows/wss`. */
  readonly wss: typeof WssServer;
};

/** A WebSocket connection, of either side. */
type ferrows = WebSocket;

declare namespace ferrows {
  type AddressInfo = WebSocket.AddressInfo;
  type CertMeta = WebSocket.CertMeta;
  type ClientOptions = WebSocket.ClientOptions;
  type CloseEvent = WebSocket.CloseEvent;
  type Data = WebSocket.Data;
  type ErrorEvent = WebSocket.ErrorEvent;
  type Event = WebSocket.Event;
  type EventListenerOptions = WebSocket.EventListenerOptions;
  type Events = WebSocket.Events;
  type FinishRequestCallback = WebSocket.FinishRequestCallback;
  type MessageEvent = WebSocket.MessageEvent;
  type PerMessageDeflate = WebSocket.PerMessageDeflate;
  type PerMessageDeflateOptions = WebSocket.PerMessageDeflateOptions;
  type RawData = WebSocket.RawData;
  type Receiver = WebSocket.Receiver;
  type SendOptions = WebSocket.SendOptions;
  type Sender = WebSocket.Sender;
  type Server<
    T extends typeof WebSocket = typeof WebSocket,
    U extends
      typeof import('node:http').IncomingMessage = typeof import('node:http').IncomingMessage
  > = WebSocket.Server<T, U>;
  type ServerEvents<
    T extends typeof WebSocket = typeof WebSocket,
    U extends
      typeof import('node:http').IncomingMessage = typeof import('node:http').IncomingMessage
  > = WebSocket.ServerEvents<T, U>;
  type ServerOptions<
    U extends typeof WebSocket = typeof WebSocket,
    V extends
      typeof import('node:http').IncomingMessage = typeof import('node:http').IncomingMessage
  > = WebSocket.ServerOptions<U, V>;
  type VerifyClientCallbackAsync<
    Request extends import('node:http').IncomingMessage = import('node:http').IncomingMessage
  > = WebSocket.VerifyClientCallbackAsync<Request>;
  type VerifyClientCallbackSync<
    Request extends import('node:http').IncomingMessage = import('node:http').IncomingMessage
  > = WebSocket.VerifyClientCallbackSync<Request>;
  type WebSocketServer = WebSocket.WebSocketServer;

  type MultipathServer = Multipath;
  type wss = WssServer;
}

export = ferrows;
