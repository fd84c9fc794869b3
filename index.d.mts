/**
 * Typings of `ferrows` for ES modules.
 */

import Multipath from './types/ws-multipath.js';
import WssServer from './types/wss.js';

export * from './types/ws.mjs';
export { default } from './types/ws.mjs';

/** Several WebSocket paths on one port: `ferrows/ws-multipath`. */
export { Multipath as MultipathServer };
/** The server class of `ferrows/wss`. */
export { WssServer as wss };
/** `createServer` of `ferrows/wss`. */
export declare const createServer: typeof WssServer.createServer;
/** `createServerFrom` of `ferrows/wss`. */
export declare const createServerFrom: typeof WssServer.createServerFrom;
