/// <reference types="node" />

/**
 * Typings of `ferrows/wss`: a WebSocket server that listens like an HTTP server. Its sockets follow `ws` 2: a text message is a string.
 */

import { EventEmitter } from 'node:events';
import { IncomingMessage, Server as HTTPServer } from 'node:http';
import { Server as HTTPSServer, ServerOptions as HTTPSOptions } from 'node:https';
import { ListenOptions } from 'node:net';
import { Duplex } from 'node:stream';
import Base = require('./ws');

/** The class that `require('wss')` is, with its two factories. */
declare class Server extends EventEmitter {
  /**
   * Makes a server that does not listen yet: over HTTPS with `key` and `cert`, or `pfx`, else over HTTP. Other options are not read.
   *
   * @param listener of `'connection'`
   */
  static createServer(listener?: Server.ConnectionListener): Server;
  static createServer(options: HTTPSOptions, listener?: Server.ConnectionListener): Server;
  /**
   * Makes a server on an HTTP server that exists.
   *
   * @param options get `server` assigned
   * @throws {Error} without a server
   */
  static createServerFrom(
    server: HTTPServer | HTTPSServer,
    listener?: Server.ConnectionListener | null,
    options?: Server.Options
  ): Server;

  /**
   * @param callback a listener of `'listening'`, with a `port`
   * @throws {TypeError} without `port`, `server` and `noServer`
   */
  constructor(options: Server.Options, callback?: () => void);

  /** The open connections; absent without `clientTracking`. */
  clients: Set<Server.WebSocket>;
  /** Whether the server listens because of `listen()`; still false in its callback. */
  listening: boolean;
  /** The options, defaults included. */
  options: Server.Options;
  path: string | null;

  /** Where the server listens; null if it does not. */
  address(): Base.AddressInfo | string | null;
  /**
   * Terminates the clients and closes the server beneath, which it returns, one that was given included. The callback runs when
   * every connection has ended.
   */
  close(callback?: (err?: Error) => void): Server.Listener | undefined;
  /** Completes the handshake of an `'upgrade'` that somebody else has received. */
  handleUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    callback: (websocket: Server.WebSocket) => void
  ): void;
  /** Whether a request is for this server. */
  shouldHandle(request: IncomingMessage): boolean;

  /**
   * Listens, in every form of `net.Server#listen`. Returns the server beneath.
   *
   * @throws {Error} `ERR_SERVER_ALREADY_LISTEN`
   */
  listen(
    port?: number,
    hostname?: string,
    backlog?: number,
    callback?: Server.ListeningListener
  ): Server.Listener;
  listen(port?: number, hostname?: string, callback?: Server.ListeningListener): Server.Listener;
  listen(port?: number, backlog?: number, callback?: Server.ListeningListener): Server.Listener;
  listen(port?: number, callback?: Server.ListeningListener): Server.Listener;
  listen(path: string, backlog?: number, callback?: Server.ListeningListener): Server.Listener;
  listen(path: string, callback?: Server.ListeningListener): Server.Listener;
  listen(options: ListenOptions, callback?: Server.ListeningListener): Server.Listener;
  listen(handle: any, backlog?: number, callback?: Server.ListeningListener): Server.Listener;
  listen(handle: any, callback?: Server.ListeningListener): Server.Listener;

  on<K extends keyof Server.Events>(
    event: K,
    listener: (this: Server, ...args: Server.Events[K]) => void
  ): this;
  on(event: string | symbol, listener: (this: Server, ...args: any[]) => void): this;
  once<K extends keyof Server.Events>(
    event: K,
    listener: (this: Server, ...args: Server.Events[K]) => void
  ): this;
  once(event: string | symbol, listener: (this: Server, ...args: any[]) => void): this;
  off<K extends keyof Server.Events>(
    event: K,
    listener: (this: Server, ...args: Server.Events[K]) => void
  ): this;
  off(event: string | symbol, listener: (this: Server, ...args: any[]) => void): this;
  addListener<K extends keyof Server.Events>(
    event: K,
    listener: (this: Server, ...args: Server.Events[K]) => void
  ): this;
  addListener(event: string | symbol, listener: (this: Server, ...args: any[]) => void): this;
  removeListener<K extends keyof Server.Events>(
    event: K,
    listener: (this: Server, ...args: Server.Events[K]) => void
  ): this;
  removeListener(event: string | symbol, listener: (this: Server, ...args: any[]) => void): this;
}

declare namespace Server {
  /** What the server stands on; the native listener is an `http.Server` as well. */
  type Listener = HTTPServer | HTTPSServer;

  /** A listener of `'connection'`. */
  type ConnectionListener = (this: Server, websocket: WebSocket) => void;

  /** A listener of `'listening'`; `this` is the server beneath. */
  type ListeningListener = (this: Listener) => void;

  /** Options; of `port`, `server` and `noServer` the first one that is given counts. */
  interface Options
    extends Pick<
      Base.ServerOptions,
      | 'backlog'
      | 'clientTracking'
      | 'maxPayload'
      | 'noServer'
      | 'perMessageDeflate'
      | 'server'
      | 'verifyClient'
    > {
    /** Chooses a subprotocol; false refuses the connection with 401. */
    handleProtocols?:
      | ((protocols: string[], request: IncomingMessage) => string | false)
      | null
      | undefined;
    host?: string | null | undefined;
    path?: string | null | undefined;
    port?: number | null | undefined;
  }

  /** The events and the arguments of their listeners; beside them there is `'connection' + request.url`. */
  interface Events {
    close: [];
    connection: [websocket: WebSocket];
    error: [error: Error];
    headers: [headers: string[], request: IncomingMessage];
    listening: [];
  }

  /** What comes with a message, a ping or a pong. */
  interface Flags {
    masked: boolean;
    binary?: true;
  }

  /** The events of a socket and the arguments of their listeners. */
  interface SocketEvents {
    close: [code: number, reason: string];
    error: [error: Error];
    message: [data: string | Buffer | ArrayBuffer | Buffer[], flags: Flags];
    ping: [data: Buffer, flags: Flags];
    pong: [data: Buffer, flags: Flags];
  }

  /** A server's connection, as `ws` 2 has it: text is a string. */
  interface WebSocket
    extends Omit<Base, 'addListener' | 'off' | 'on' | 'once' | 'ping' | 'pong' | 'removeListener'> {
    /** Bytes of the frames that have arrived. */
    readonly bytesReceived: number;
    /** 8 or 13. */
    readonly protocolVersion: number;
    /** The request that was upgraded. */
    readonly upgradeReq: IncomingMessage;

    /** @throws {Error} "not opened", unless `failSilently` */
    ping(data?: any, mask?: boolean, failSilently?: boolean): void;
    /** @throws {Error} "not opened", unless `failSilently` */
    pong(data?: any, mask?: boolean, failSilently?: boolean): void;

    on<K extends keyof SocketEvents>(
      event: K,
      listener: (this: WebSocket, ...args: SocketEvents[K]) => void
    ): this;
    on(event: string | symbol, listener: (this: WebSocket, ...args: any[]) => void): this;
    once<K extends keyof SocketEvents>(
      event: K,
      listener: (this: WebSocket, ...args: SocketEvents[K]) => void
    ): this;
    once(event: string | symbol, listener: (this: WebSocket, ...args: any[]) => void): this;
    off(event: string | symbol, listener: (this: WebSocket, ...args: any[]) => void): this;
    addListener<K extends keyof SocketEvents>(
      event: K,
      listener: (this: WebSocket, ...args: SocketEvents[K]) => void
    ): this;
    addListener(event: string | symbol, listener: (this: WebSocket, ...args: any[]) => void): this;
    removeListener(
      event: string | symbol,
      listener: (this: WebSocket, ...args: any[]) => void
    ): this;
  }
}

export = Server;
