'use strict';

const { EventEmitter } = require('node:events');

const { NativeServer } = require('../core/native-server');
const { Handlers } = require('./handlers');

const kServer = Symbol('kServer');
const kHandlers = Symbol('kHandlers');

/** Options that concern the server itself and are not passed on to the handlers. */
const OWN_OPTIONS = ['port', 'autoListen', 'requestListener'];

/**
 * Several WebSocket servers, told apart by path, on one port.
 *
 * The original returns a plain object with a few bound functions; here it is a real EventEmitter
 * that has these functions as own members, bound as well, so that they can be taken off the object.
 *
 * Events:
 * - 'connection'(websocket, request, pathname), after that of the handler;
 * - 'unhandled'(socket, request, head): no handler has the path. With `rejectUnhandled` the socket
 *   was answered and destroyed before; otherwise it is open and the listener's;
 * - 'listening'(), 'close'(), 'error'(Error). An error that nobody listens for is an uncaught
 *   exception, as in the original;
 * - 'request'(request, response): a request without upgrade. Without a listener it is answered
 *   with 426; the original does not answer at all.
 */
class MultipathServer extends EventEmitter {
  /**
   * @param {object} options Besides these, options for all handlers; they win over a handler's own
   * @param {number} options.port Port to listen on; 0 = any free one, see `address()`
   * @param {string} [options.host] Address to bind; every address without it
   * @param {number} [options.backlog=511] Connections that wait to be accepted
   * @param {boolean} [options.autoListen=true] Listen at once; otherwise there is a `listen()`
   * @param {boolean} [options.rejectUnhandled=true] Refuse connections that no handler wants
   * @param {function(object, object): void} [options.requestListener] A 'request' listener
   * @throws {Error} If there are no options or `port` is no number
   * @throws {RangeError} ERR_SOCKET_BAD_PORT, from here or from `listen()`
   */
  constructor(options) {
    super();

    if (options === undefined) throw new Error('The "options" argument must of type Object');

    if (typeof options.port !== 'number') {
      throw new Error('The "options.port" option must be of type Number');
    }

    const settings = { autoListen: true, rejectUnhandled: true, ...options };
    const server = new NativeServer({
      plain: 'answer',
      routed: true,
      rejectUnhandled: !!settings.rejectUnhandled,
      requestListener: settings.requestListener
    });
    const handlers = new Handlers(server, withoutOwnOptions(settings));

    hide(this, kServer, server);
    hide(this, kHandlers, handlers);
    this._attach(server, handlers);

    // Own, enumerable and bound, like the members of the original's object.
    this.createHandler = (handlerOptions) => handlers.create(handlerOptions);
    this.on = EventEmitter.prototype.on.bind(this);
    this.once = EventEmitter.prototype.once.bind(this);
    this.close = (callback) => server.close(callback);
    Object.defineProperty(this, 'listening', {
      configurable: true,
      enumerable: true,
      get: () => server.listening
    });

    const { port, host, backlog } = settings;
    const listen = () => server.listen({ port, host, backlog });

    if (settings.autoListen) listen();
    else this.listen = listen;
  }

  /**
   * Where the server listens.
   *
   * @returns {{ address: string, family: string, port: number }|null} null if it does not
   */
  address() {
    return this[kServer].address();
  }

  /**
   * Takes a handler off its path: upgrades to it are unhandled from now on, and the path can be
   * registered again. The handler itself and its connections stay as they are.
   *
   * @param {string} path
   * @returns {boolean} Whether there was a handler
   */
  removeHandler(path) {
    return this[kHandlers].remove(path);
  }

  _attach(server, handlers) {
    for (const event of ['listening', 'error', 'close']) {
      server.on(event, (...args) => this.emit(event, ...args));
    }

    server.on('upgrade', (request, socket, head, pathname) => {
      const handler = handlers.get(pathname);

      handler.handleUpgrade(request, socket, head, (websocket) => {
        handler.emit('connection', websocket, request);
        this.emit('connection', websocket, request, pathname);
      });
    });

    server.on('unhandled', (request, socket, head) => {
      this.emit('unhandled', socket, request, head);
    });

    // The core answers plain requests until somebody wants them.
    EventEmitter.prototype.on.call(this, 'newListener', (event) => {
      if (event === 'request' && server.listenerCount('request') === 0) {
        server.on('request', (request, response) => this.emit('request', request, response));
      }
    });
  }
}

module.exports = MultipathServer;

function withoutOwnOptions(settings) {
  const shared = { ...settings };

  for (const name of OWN_OPTIONS) delete shared[name];
  return shared;
}

/** Sets a member that is nobody's business. */
function hide(target, name, value) {
  Object.defineProperty(target, name, { value });
}
