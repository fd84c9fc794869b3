/// <reference types="node" />

/**
 * Typings of `ferrows/ws-multipath`: several WebSocket paths on one port.
 */

import { EventEmitter } from 'node:events';
import { IncomingMessage, RequestListener, Server as HTTPServer, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import WebSocket = require('./ws');

/** A server on one port that hands each connection to the handler of its path. */
declare class MultipathServer extends EventEmitter {
  /**
   * @throws {Error} without options, or without a port
   * @throws {RangeError} the port cannot be one
   */
  constructor(options: MultipathServer.Options);

  /**
   * Registers a path.
   *
   * @throws {Error} without a path, with a `port`, `host` or `server`, or if the path is registered already
   */
  createHandler(options: MultipathServer.HandlerOptions): WebSocket.Server;
  /** Makes the path free again; its connections stay open. Tells whether it was registered. */
  removeHandler(path: string): boolean;
  /** Only with `autoListen: false`: starts listening, and returns the server beneath. */
  listen?(): HTTPServer;
  /** Whether the server listens. */
  readonly listening: boolean;
  /** Where the server listens; null if it does not. */
  address(): WebSocket.AddressInfo | string | null;
  /** Stops accepting, and returns the server beneath. The connections stay open; the callback waits for the last of them. */
  close(callback?: (err?: Error) => void): HTTPServer;

  on<K extends keyof MultipathServer.Events>(event: K, listener: MultipathServer.Listener<K>): this;
  on(event: string | symbol, listener: (this: MultipathServer, ...args: any[]) => void): this;
  once<K extends keyof MultipathServer.Events>(
    event: K,
    listener: MultipathServer.Listener<K>
  ): this;
  once(event: string | symbol, listener: (this: MultipathServer, ...args: any[]) => void): this;
  off<K extends keyof MultipathServer.Events>(
    event: K,
    listener: MultipathServer.Listener<K>
  ): this;
  off(event: string | symbol, listener: (this: MultipathServer, ...args: any[]) => void): this;
  addListener<K extends keyof MultipathServer.Events>(
    event: K,
    listener: MultipathServer.Listener<K>
  ): this;
  addListener(
    event: string | symbol,
    listener: (this: MultipathServer, ...args: any[]) => void
  ): this;
  removeListener<K extends keyof MultipathServer.Events>(
    event: K,
    listener: MultipathServer.Listener<K>
  ): this;
  removeListener(
    event: string | symbol,
    listener: (this: MultipathServer, ...args: any[]) => void
  ): this;
}

declare namespace MultipathServer {
  /** Options of the handlers that the server shares; they win over those of a handler. */
  interface Options extends Omit<WebSocket.ServerOptions, 'server' | 'noServer'> {
    /** Listen in the constructor; default true. Otherwise `listen()` exists. */
    autoListen?: boolean | undefined;
    port: number;
    /** Refuse and destroy what no handler wants; default true. */
    rejectUnhandled?: boolean | undefined;
    /** Answers plain HTTP; default an answer of 426. */
    requestListener?: RequestListener | undefined;
  }

  /** Options of a handler. The object is changed: the server's options are assigned over it. */
  interface HandlerOptions
    extends Omit<WebSocket.ServerOptions, 'host' | 'path' | 'port' | 'server'> {
    path: string;
  }

  /** The events and the arguments of their listeners. */
  interface Events {
    close: [];
    connection: [websocket: WebSocket, request: IncomingMessage, pathname: string];
    error: [error: Error];
    listening: [];
    /** Plain HTTP; answered with 426 as long as there is neither a listener nor `requestListener`. */
    request: [request: IncomingMessage, response: ServerResponse];
    /** The socket is destroyed already, unless `rejectUnhandled` is false. */
    unhandled: [socket: Socket, request: IncomingMessage, head: Buffer];
  }

  /** A listener of one of the events. */
  type Listener<K extends keyof Events> = (this: MultipathServer, ...args: Events[K]) => void;
}

export = MultipathServer;
