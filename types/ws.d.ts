/// <reference types="node" />

/**
 * Typings of `ferrows/ws`: the API of `ws` 8.23. Programs that compile against `@types/ws` 8.18 compile against these.
 */

import { EventEmitter } from 'node:events';
import {
  ClientRequest,
  ClientRequestArgs,
  IncomingMessage,
  OutgoingHttpHeaders,
  Server as HTTPServer
} from 'node:http';
import { Server as HTTPSServer } from 'node:https';
import { Duplex, DuplexOptions, Writable } from 'node:stream';
import { ConnectionOptions, SecureContextOptions } from 'node:tls';
import { URL } from 'node:url';
import { ZlibOptions } from 'node:zlib';

/** Everything that `send()` takes: a string becomes a text message, the rest a binary one. A number is sent as its digits. */
type BufferLike =
  | string
  | number
  | Buffer
  | ArrayBufferView
  | ArrayBuffer
  | SharedArrayBuffer
  | Blob
  | readonly any[]
  | { valueOf(): ArrayBuffer }
  | { valueOf(): SharedArrayBuffer }
  | { valueOf(): Uint8Array }
  | { valueOf(): readonly number[] }
  | { valueOf(): string }
  | { [Symbol.toPrimitive](hint: string): string };

/** A WebSocket connection, of either side. */
declare class WebSocket extends EventEmitter {
  /** The connection is not yet open. */
  static readonly CONNECTING: 0;
  /** The connection is open. */
  static readonly OPEN: 1;
  /** The closing handshake has begun. */
  static readonly CLOSING: 2;
  /** The connection is closed. */
  static readonly CLOSED: 3;

  /** How a binary message arrives; default `'nodebuffer'`. Text is always a Buffer in `'message'`. */
  binaryType: 'nodebuffer' | 'arraybuffer' | 'fragments' | 'blob';
  /** Bytes that wait to be written, framing included. */
  readonly bufferedAmount: number;
  /** The names of the negotiated extensions, separated by commas; empty if there are none. */
  readonly extensions: string;
  /** Whether `pause()` holds the messages back. */
  readonly isPaused: boolean;
  /** The negotiated subprotocol; empty if there is none. */
  readonly protocol: string;
  /** The state of the connection. */
  readonly readyState:
    | typeof WebSocket.CONNECTING
    | typeof WebSocket.OPEN
    | typeof WebSocket.CLOSING
    | typeof WebSocket.CLOSED;
  /** The normalised address of the server; undefined on the server's side. */
  readonly url: string;

  /** The connection is not yet open. */
  readonly CONNECTING: 0;
  /** The connection is open. */
  readonly OPEN: 1;
  /** The closing handshake has begun. */
  readonly CLOSING: 2;
  /** The connection is closed. */
  readonly CLOSED: 3;

  onopen: ((event: WebSocket.Event) => void) | null;
  onerror: ((event: WebSocket.ErrorEvent) => void) | null;
  onclose: ((event: WebSocket.CloseEvent) => void) | null;
  onmessage: ((event: WebSocket.MessageEvent) => void) | null;

  /** `null`: an object without a connection, as servers make it. */
  constructor(address: null);
  /**
   * Connects to a server.
   *
   * @throws {SyntaxError} the address or a subprotocol cannot be used
   * @throws {RangeError} `protocolVersion` is neither 8 nor 13
   */
  constructor(address: string | URL, options?: WebSocket.ClientOptions | ClientRequestArgs);
  constructor(
    address: string | URL,
    protocols?: string | string[],
    options?: WebSocket.ClientOptions | ClientRequestArgs
  );

  /**
   * Starts the closing handshake.
   *
   * @throws {TypeError} the code is not one that may be sent, or the reason is neither a string nor bytes
   * @throws {RangeError} the reason is longer than 123 bytes
   */
  close(code?: number, data?: string | Uint8Array): void;
  /**
   * Sends a ping; `mask` defaults to what the side has to do.
   *
   * @throws {RangeError} more than 125 bytes
   */
  ping(data?: any, mask?: boolean, cb?: (err: Error) => void): void;
  /** Sends a pong, as `ping()`. */
  pong(data?: any, mask?: boolean, cb?: (err: Error) => void): void;
  /**
   * Sends a message. The callback runs when the operating system has taken it, or with the error.
   *
   * @throws {Error} the connection is not yet open
   */
  send(data: BufferLike, cb?: (err?: Error) => void): void;
  send(data: BufferLike, options: WebSocket.SendOptions, cb?: (err?: Error) => void): void;
  /** Destroys the connection without a closing handshake. */
  terminate(): void;
  /** Stops reading. What has been read already may still arrive. Without effect while connecting and when closed. */
  pause(): void;
  /** Reads again. */
  resume(): void;

  addEventListener<K extends keyof WebSocket.WebSocketEventMap>(
    type: K,
    listener:
      | ((event: WebSocket.WebSocketEventMap[K]) => void)
      | { handleEvent(event: WebSocket.WebSocketEventMap[K]): void },
    options?: WebSocket.EventListenerOptions
  ): void;
  removeEventListener<K extends keyof WebSocket.WebSocketEventMap>(
    type: K,
    listener:
      | ((event: WebSocket.WebSocketEventMap[K]) => void)
      | { handleEvent(event: WebSocket.WebSocketEventMap[K]): void }
  ): void;

  on<K extends keyof WebSocket.Events>(event: K, listener: WebSocket.Listener<K>): this;
  on(event: string | symbol, listener: (this: WebSocket, ...args: any[]) => void): this;
  once<K extends keyof WebSocket.Events>(event: K, listener: WebSocket.Listener<K>): this;
  once(event: string | symbol, listener: (this: WebSocket, ...args: any[]) => void): this;
  off<K extends keyof WebSocket.Events>(event: K, listener: WebSocket.Listener<K>): this;
  off(event: string | symbol, listener: (this: WebSocket, ...args: any[]) => void): this;
  addListener<K extends keyof WebSocket.Events>(event: K, listener: WebSocket.Listener<K>): this;
  addListener(event: string | symbol, listener: (this: WebSocket, ...args: any[]) => void): this;
  removeListener<K extends keyof WebSocket.Events>(event: K, listener: WebSocket.Listener<K>): this;
  removeListener(event: string | symbol, listener: (this: WebSocket, ...args: any[]) => void): this;
}

declare const WebSocketAlias: typeof WebSocket;
interface WebSocketAlias extends WebSocket {}

declare namespace WebSocket {
  /** What a `'message'` listener gets; a Blob too, if `binaryType` is `'blob'`. */
  type RawData = Buffer | ArrayBuffer | Buffer[];

  /** What `MessageEvent.data` holds. */
  type Data = string | Buffer | ArrayBuffer | Buffer[];

  /** Forms of certificates and keys. */
  type CertMeta = string | string[] | Buffer | Buffer[];

  /** The events of a WebSocket and the arguments of their listeners. */
  interface Events {
    close: [code: number, reason: Buffer];
    error: [error: Error];
    message: [data: RawData, isBinary: boolean];
    open: [];
    ping: [data: Buffer];
    pong: [data: Buffer];
    redirect: [url: string, request: ClientRequest];
    'unexpected-response': [request: ClientRequest, response: IncomingMessage];
    upgrade: [response: IncomingMessage];
  }

  /** A listener of one of the events. */
  type Listener<K extends keyof Events> = (this: WebSocketAlias, ...args: Events[K]) => void;

  interface SendOptions {
    /** Default: false for a string, true for anything else. */
    binary?: boolean | undefined;
    /** Default true; without effect unless compression was negotiated. */
    compress?: boolean | undefined;
    /** Default true; false begins or continues a message of several fragments. */
    fin?: boolean | undefined;
    /** Default: true for a client, false for a server. */
    mask?: boolean | undefined;
  }

  /** Decides at once whether a handshake is accepted. */
  type VerifyClientCallbackSync<Request extends IncomingMessage = IncomingMessage> = (info: {
    origin: string;
    secure: boolean;
    req: Request;
  }) => boolean;

  /** Decides later, by its second argument. */
  type VerifyClientCallbackAsync<Request extends IncomingMessage = IncomingMessage> = (
    info: { origin: string; secure: boolean; req: Request },
    callback: (res: boolean, code?: number, message?: string, headers?: OutgoingHttpHeaders) => void
  ) => void;

  /** Customises the request; it has to call `request.end()`. */
  type FinishRequestCallback = (request: ClientRequest, websocket: WebSocketAlias) => void;

  /** Options that a client and a server share. A limit of 0 is off. */
  interface SharedOptions {
    /** Several messages, pings and pongs may arrive in one tick; default true. */
    allowSynchronousEvents?: boolean | undefined;
    /** Answer pings; default true. */
    autoPong?: boolean | undefined;
    /** Milliseconds from `close()` to the forced end; default 30000. */
    closeTimeout?: number | undefined;
    /** Chunks held per connection before they are parsed; default 262144. */
    maxBufferedChunks?: number | undefined;
    /** Fragments of a message; default 16384. */
    maxFragments?: number | undefined;
    /** Bytes of a message; default 104857600. */
    maxPayload?: number | undefined;
    /** Automatic pongs that wait to be written; default 60. */
    maxPendingAutoPongs?: number | undefined;
    /** Default: false for a server, true for a client. */
    perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
    /** Neither text nor close reasons are checked; default false. */
    skipUTF8Validation?: boolean | undefined;
  }

  /** Options of a client; whatever `http.request()` and `tls.connect()` take is passed on. */
  interface ClientOptions
    extends SharedOptions,
      SecureContextOptions,
      Omit<ClientRequestArgs, 'createConnection' | 'headers' | keyof SecureContextOptions> {
    ALPNProtocols?: ConnectionOptions['ALPNProtocols'];
    checkServerIdentity?: ((servername: string, cert: any) => any) | undefined;
    createConnection?: ((...args: any[]) => any) | undefined;
    finishRequest?: FinishRequestCallback | undefined;
    /** Follow redirects; default false. */
    followRedirects?: boolean | undefined;
    /** Fills the mask key of a frame. */
    generateMask?(mask: Buffer): void;
    /** Milliseconds; default none. */
    handshakeTimeout?: number | undefined;
    headers?: OutgoingHttpHeaders | { [key: string]: string } | undefined;
    /** Default 10. */
    maxRedirects?: number | undefined;
    origin?: string | undefined;
    rejectUnauthorized?: boolean | undefined;
    /** The name for SNI; empty for none. */
    servername?: string | undefined;
    session?: Buffer | undefined;
    /** Subprotocols, if the argument is not given. */
    protocols?: string | string[] | undefined;
    /** 8 or 13, the default. */
    protocolVersion?: number | undefined;
  }

  interface PerMessageDeflateOptions {
    clientMaxWindowBits?: number | boolean | undefined;
    clientNoContextTakeover?: boolean | undefined;
    /** Compressions at a time in the process; default 10. */
    concurrencyLimit?: number | undefined;
    /** `'shared'`: neither side keeps a context unless asked to; saves memory. Not in `ws`. */
    memory?: 'shared' | undefined;
    serverMaxWindowBits?: number | boolean | undefined;
    serverNoContextTakeover?: boolean | undefined;
    /** Bytes below which a message is not compressed; default 1024. */
    threshold?: number | undefined;
    zlibDeflateOptions?: ZlibOptions | undefined;
    zlibInflateOptions?: ZlibOptions | undefined;
  }

  interface Event {
    type: string;
    target: WebSocketAlias;
  }

  interface ErrorEvent {
    error: any;
    message: string;
    type: string;
    target: WebSocketAlias;
  }

  interface CloseEvent {
    /** Whether both sides have sent a close frame. */
    wasClean: boolean;
    code: number;
    reason: string;
    type: string;
    target: WebSocketAlias;
  }

  interface MessageEvent {
    data: Data;
    type: string;
    target: WebSocketAlias;
  }

  interface WebSocketEventMap {
    open: Event;
    error: ErrorEvent;
    close: CloseEvent;
    message: MessageEvent;
  }

  interface EventListenerOptions {
    once?: boolean | undefined;
  }

  /** Options of a server; exactly one of `port`, `server` and `noServer`. */
  interface ServerOptions<
    U extends typeof WebSocketAlias = typeof WebSocketAlias,
    V extends typeof IncomingMessage = typeof IncomingMessage
  > extends SharedOptions {
    /** Connections that the operating system holds before they are accepted; default 511. */
    backlog?: number | undefined;
    /** Keep `clients`; default true. */
    clientTracking?: boolean | undefined;
    /** Chooses a subprotocol; default the first one offered. */
    handleProtocols?:
      | ((protocols: Set<string>, request: InstanceType<V>) => string | false)
      | undefined;
    host?: string | undefined;
    noServer?: boolean | undefined;
    path?: string | undefined;
    port?: number | undefined;
    server?: HTTPServer<V> | HTTPSServer<V> | undefined;
    verifyClient?:
      | VerifyClientCallbackAsync<InstanceType<V>>
      | VerifyClientCallbackSync<InstanceType<V>>
      | undefined;
    /** The class of the server's sockets. */
    WebSocket?: U | undefined;
  }

  interface AddressInfo {
    address: string;
    family: string;
    port: number;
  }

  /** The events of a server and the arguments of their listeners. */
  interface ServerEvents<
    T extends typeof WebSocketAlias = typeof WebSocketAlias,
    U extends typeof IncomingMessage = typeof IncomingMessage
  > {
    close: [];
    connection: [websocket: InstanceType<T>, request: InstanceType<U>];
    error: [error: Error];
    headers: [headers: string[], request: InstanceType<U>];
    listening: [];
    wsClientError: [error: Error, socket: Duplex, request: InstanceType<U>];
  }

  /** A WebSocket server. */
  class Server<
    T extends typeof WebSocketAlias = typeof WebSocketAlias,
    U extends typeof IncomingMessage = typeof IncomingMessage
  > extends EventEmitter {
    /** The options, defaults included. */
    options: ServerOptions<T, U>;
    path: string;
    /** The open connections; absent without `clientTracking`. */
    clients: Set<InstanceType<T>>;

    /**
     * @param callback a listener of the HTTP server's `'listening'`
     * @throws {TypeError} not exactly one of `port`, `server` and `noServer`
     */
    constructor(options?: ServerOptions<T, U>, callback?: () => void);

    /** Where the server listens: a string for a pipe, null when it is closed. */
    address(): AddressInfo | string | null;
    /** Stops accepting; the connections stay open. */
    close(cb?: (err?: Error) => void): void;
    /** Completes the handshake of an `'upgrade'` that somebody else has received. */
    handleUpgrade(
      request: InstanceType<U>,
      socket: Duplex,
      upgradeHead: Buffer,
      callback: (client: InstanceType<T>, request: InstanceType<U>) => void
    ): void;
    /** Whether a request is for this server. */
    shouldHandle(request: InstanceType<U>): boolean | Promise<boolean>;

    on<K extends keyof ServerEvents>(
      event: K,
      listener: (this: Server<T>, ...args: ServerEvents<T, U>[K]) => void
    ): this;
    on(event: string | symbol, listener: (this: Server<T>, ...args: any[]) => void): this;
    once<K extends keyof ServerEvents>(
      event: K,
      listener: (this: Server<T>, ...args: ServerEvents<T, U>[K]) => void
    ): this;
    once(event: string | symbol, listener: (this: Server<T>, ...args: any[]) => void): this;
    off<K extends keyof ServerEvents>(
      event: K,
      listener: (this: Server<T>, ...args: ServerEvents<T, U>[K]) => void
    ): this;
    off(event: string | symbol, listener: (this: Server<T>, ...args: any[]) => void): this;
    addListener<K extends keyof ServerEvents>(
      event: K,
      listener: (this: Server<T>, ...args: ServerEvents<T, U>[K]) => void
    ): this;
    addListener(event: string | symbol, listener: (this: Server<T>, ...args: any[]) => void): this;
    removeListener<K extends keyof ServerEvents>(
      event: K,
      listener: (this: Server<T>, ...args: ServerEvents<T, U>[K]) => void
    ): this;
    removeListener(
      event: string | symbol,
      listener: (this: Server<T>, ...args: any[]) => void
    ): this;
  }

  const WebSocketServer: typeof Server;
  interface WebSocketServer extends Server {}
  const WebSocket: typeof WebSocketAlias;
  interface WebSocket extends WebSocketAlias {}

  /** A Duplex over a WebSocket: each write is a message. */
  function createWebSocketStream(websocket: WebSocketAlias, options?: DuplexOptions): Duplex;

  /** The parameters of an extension, each with all its values. */
  interface ExtensionParameters {
    [parameter: string]: (string | true)[];
  }

  /** Parser and writer of the Sec-WebSocket-Extensions header. */
  const extension: {
    format(extensions: Record<string, Record<string, any> | Record<string, any>[]>): string;
    /** @throws {SyntaxError} */
    parse(header: string): Record<string, ExtensionParameters[]>;
  };

  /** Parser of the Sec-WebSocket-Protocol header. */
  const subprotocol: {
    /** @throws {SyntaxError} */
    parse(header: string): Set<string>;
  };

  /** The permessage-deflate extension (RFC 7692). */
  class PerMessageDeflate {
    static readonly extensionName: 'permessage-deflate';
    constructor(options?: PerMessageDeflateOptions & { isServer?: boolean; maxPayload?: number });
    offer(): Record<string, any>;
    accept(configurations: ExtensionParameters[]): Record<string, any>;
  }

  /** The parser of frames, as a stream. */
  class Receiver extends Writable {
    constructor(options?: {
      allowSynchronousEvents?: boolean;
      binaryType?: 'nodebuffer' | 'arraybuffer' | 'fragments' | 'blob';
      extensions?: Record<string, any>;
      isServer?: boolean;
      maxBufferedChunks?: number;
      maxFragments?: number;
      maxPayload?: number;
      skipUTF8Validation?: boolean;
    });
  }

  /** The writer of frames. */
  class Sender {
    constructor(
      socket: Duplex,
      extensions?: Record<string, any>,
      generateMask?: (mask: Buffer) => void
    );
    /** Makes a frame: its header and its payload, or both in one. */
    static frame(
      data: Buffer | string,
      options: {
        fin?: boolean;
        generateMask?: (mask: Buffer) => void;
        mask?: boolean;
        maskBuffer?: Buffer;
        opcode: number;
        readOnly?: boolean;
        rsv1?: boolean;
      }
    ): (Buffer | string)[];
  }
}

export = WebSocket;
