'use strict';

const WebSocketServer = require('../ws/websocket-server');

/** The handlers of a MultipathServer by path. */
class Handlers {
  /**
   * @param {import('../core/native-server').NativeServer} server Routed
   * @param {object} sharedOptions Options of the MultipathServer that every handler gets
   */
  constructor(server, sharedOptions) {
    this._server = server;
    this._sharedOptions = sharedOptions;
    this._byPath = new Map();
  }

  /**
   * Creates a handler and routes its path to it.
   *
   * As in the original the caller's object gets the shared options assigned over its own, so that
   * these win; a shared `path` replaces the handler's, and with it the handler that had it before.
   *
   * @param {object} options Of a WebSocketServer, without `port`, `host` and `server`
   * @param {string} options.path
   * @returns {WebSocketServer}
   * @throws {Error} Without options or path, with one of the three options, for a path that is taken
   */
  create(options) {
    if (options === undefined) {
      throw new Error('The "options" argument for a handler must be of type Object');
    }

    if (typeof options.path !== 'string') {
      throw new Error('The "options.path" option of a handler to be of type String');
    }

    // Port 0 is a port; the original leaves the error to ws.
    if (options.port || options.port === 0 || options.host || options.server) {
      throw new Error(
        'It appears that you have specified a port, a host or a server option to a ' +
          'path-specific handler. A handler should not have none of those options.'
      );
    }

    if (this._byPath.has(options.path)) {
      throw new Error(`A server handler for '${options.path}' already exists`);
    }

    Object.assign(options, this._sharedOptions, { noServer: true });

    const handler = new WebSocketServer(options);

    this._byPath.set(options.path, handler);
    this._server.addRoute(options.path);

    return handler;
  }

  /**
   * @param {string} path
   * @returns {WebSocketServer|undefined}
   */
  get(path) {
    return this._byPath.get(path);
  }

  /**
   * @param {string} path Free from now on
   * @returns {boolean} Whether a handler had it
   */
  remove(path) {
    this._server.removeRoute(path);
    return this._byPath.delete(path);
  }
}

module.exports = { Handlers };
