/// <reference types="node" />

/**
 * Typings of `ferrows/wss`: a WebSocket server that listens like an HTTP server.
 */

import { IncomingMessage, Server as HTTPServer } from 'node:http';
import { Server as HTTPSServer, ServerOptions as HTTPSOptions } from 'node:https';
import { ListenOptions } from 'node:net';
import WebSocket = require('./ws');

/** The server of `ws`, and what `wss` adds. Calling it is what `require('wss')` has always been. */
declare class Server<
  T extends typeof WebSocket = typeof WebSocket,
  U extends typeof IncomingMessage = typeof IncomingMessage
> extends WebSocket.Server<T, U> {
  /**
   * Makes a server that does not listen yet, over HTTP, or over HTTPS if there is a key and a certificate.
   *
   * @param listener of `'connection'`
   */
  static createServer(listener?: Server.ConnectionListener): Server;
  static createServer(options: HTTPSOptions, listener?: Server.ConnectionListener): Server;
  /**
   * Makes a server on an HTTP server that exists.
   *
   * @throws {Error} without a server
   */
  static createServerFrom(
    server: HTTPServer | HTTPSServer,
    listener?: Server.ConnectionListener | null,
    options?: WebSocket.ServerOptions
  ): Server;

  /** Whether the server listens; still false in the callback of `listen()`. */
  listening: boolean;

  /** As `http.Server#listen`, which it returns. */
  listen(
    port?: number,
    hostname?: string,
    backlog?: number,
    listeningListener?: Server.ListeningListener
  ): HTTPServer | HTTPSServer;
  listen(
    port?: number,
    hostname?: string,
    listeningListener?: Server.ListeningListener
  ): HTTPServer | HTTPSServer;
  listen(
    port?: number,
    backlog?: number,
    listeningListener?: Server.ListeningListener
  ): HTTPServer | HTTPSServer;
  listen(port?: number, listeningListener?: Server.ListeningListener): HTTPServer | HTTPSServer;
  listen(
    path: string,
    backlog?: number,
    listeningListener?: Server.ListeningListener
  ): HTTPServer | HTTPSServer;
  listen(path: string, listeningListener?: Server.ListeningListener): HTTPServer | HTTPSServer;
  listen(
    options: ListenOptions,
    listeningListener?: Server.ListeningListener
  ): HTTPServer | HTTPSServer;
  listen(
    handle: any,
    backlog?: number,
    listeningListener?: Server.ListeningListener
  ): HTTPServer | HTTPSServer;
  listen(handle: any, listeningListener?: Server.ListeningListener): HTTPServer | HTTPSServer;

  /** Terminates the clients and closes the HTTP server, which it returns, one of somebody else included. */
  close(cb?: (err?: Error) => void): HTTPServer | HTTPSServer;
}

declare namespace Server {
  /** A listener of `'connection'`. */
  type ConnectionListener = (this: Server, websocket: WebSocket, request: IncomingMessage) => void;

  /** A listener of `'listening'`; `this` is the HTTP server. */
  type ListeningListener = (this: HTTPServer | HTTPSServer) => void;
}

export = Server;
