'use strict';

/**
 * The DOM's way to listen, on top of EventEmitter: `addEventListener`, the `on...` attributes, and
 * the small event classes that such listeners get.
 *
 * @module lib/ws/event-target
 */

/** On a wrapper: the listener that the user gave. */
const kListener = Symbol('kListener');

/** On a wrapper: whether it was set through an `on...` attribute. */
const kForOnEventAttribute = Symbol('kForOnEventAttribute');

/** `(event, target) => event`: says where an event happened; defined by the class it opens up. */
let dispatchedTo;

/** What a listener of `'open'` gets. */
class Event {
  #type;
  #target = null;

  /** @param {string} type name of the event */
  constructor(type) {
    this.#type = type;
  }

  /** @type {*} The WebSocket. */
  get target() {
    return this.#target;
  }

  /** @type {string} */
  get type() {
    return this.#type;
  }

  static {
    dispatchedTo = (event, target) => {
      event.#target = target;
      return event;
    };
  }
}

/** What a listener of `'close'` gets. */
class CloseEvent extends Event {
  #code;
  #reason;
  #wasClean;

  /**
   * @param {string} type name of the event
   * @param {{code?: number, reason?: string, wasClean?: boolean}} [options] attributes
   */
  constructor(type, { code = 0, reason = '', wasClean = false } = {}) {
    super(type);
    this.#code = code;
    this.#reason = reason;
    this.#wasClean = wasClean;
  }

  /** @type {number} The peer's close code. */
  get code() {
    return this.#code;
  }

  /** @type {string} The peer's reason. */
  get reason() {
    return this.#reason;
  }

  /** @type {boolean} Whether a close frame went each way. */
  get wasClean() {
    return this.#wasClean;
  }
}

/** What a listener of `'error'` gets. */
class ErrorEvent extends Event {
  #error;
  #message;

  /**
   * @param {string} type name of the event
   * @param {{error?: *, message?: string}} [options] attributes
   */
  constructor(type, { error = null, message = '' } = {}) {
    super(type);
    this.#error = error;
    this.#message = message;
  }

  /** @type {*} The error. */
  get error() {
    return this.#error;
  }

  /** @type {string} Its message. */
  get message() {
    return this.#message;
  }
}

/** What a listener of `'message'` gets. */
class MessageEvent extends Event {
  #data;

  /**
   * @param {string} type name of the event
   * @param {{data?: *}} [options] attributes
   */
  constructor(type, { data = null } = {}) {
    super(type);
    this.#data = data;
  }

  /** @type {*} A string for text, else what `binaryType` asks for. */
  get data() {
    return this.#data;
  }
}

for (const [EventClass, names] of [
  [Event, ['target', 'type']],
  [CloseEvent, ['code', 'reason', 'wasClean']],
  [ErrorEvent, ['error', 'message']],
  [MessageEvent, ['data']]
]) {
  for (const name of names) {
    Object.defineProperty(EventClass.prototype, name, { enumerable: true });
  }
}

/** How the arguments of an emitted event become an event object; other types are ignored. */
const EVENTS = {
  __proto__: null,
  close: (ws, code, reason) =>
    new CloseEvent('close', {
      code,
      reason: reason.toString(),
      wasClean: ws._closeFrameReceived && ws._closeFrameSent
    }),
  error: (ws, error) => new ErrorEvent('error', { error, message: error.message }),
  message: (ws, data, isBinary) =>
    new MessageEvent('message', { data: isBinary ? data : data.toString() }),
  open: () => new Event('open')
};

/** The methods, to be put on a prototype that inherits from EventEmitter. */
const EventTarget = {
  /**
   * Adds a listener; the same one is added once.
   *
   * @param {string} type 'open', 'message', 'close' or 'error'
   * @param {Function | {handleEvent: Function}} handler the listener
   * @param {{once?: boolean}} [options]
   */
  addEventListener(type, handler, options = {}) {
    const forAttribute = !!options[kForOnEventAttribute];

    if (!forAttribute && findWrapper(this, type, handler) !== undefined) return;

    const toEvent = EVENTS[type];
    if (toEvent === undefined) return;

    const wrapper = function wrapper(...args) {
      callListener(handler, this, dispatchedTo(toEvent(this, ...args), this));
    };

    wrapper[kForOnEventAttribute] = forAttribute;
    wrapper[kListener] = handler;

    if (options.once) this.once(type, wrapper);
    else this.on(type, wrapper);
  },

  /**
   * Removes a listener that `addEventListener` added; not one of an `on...` attribute.
   *
   * @param {string} type name of the event
   * @param {Function | object} handler the listener
   */
  removeEventListener(type, handler) {
    const wrapper = findWrapper(this, type, handler);

    if (wrapper !== undefined) this.removeListener(type, wrapper);
  }
};

/**
 * Defines an `on...` attribute.
 *
 * @param {object} prototype a prototype with the methods of `EventTarget`
 * @param {string} type name of the event
 */
function defineEventAttribute(prototype, type) {
  Object.defineProperty(prototype, `on${type}`, {
    configurable: true,
    enumerable: true,
    get() {
      const wrapper = findAttribute(this, type);

      return wrapper === undefined ? null : wrapper[kListener];
    },
    set(handler) {
      const wrapper = findAttribute(this, type);

      if (wrapper !== undefined) this.removeListener(type, wrapper);
      if (typeof handler === 'function') {
        this.addEventListener(type, handler, { [kForOnEventAttribute]: true });
      }
    }
  });
}

/**
 * @param {import('node:events')} emitter the WebSocket
 * @param {string} type name of the event
 * @param {*} handler a listener
 * @returns {Function | undefined} the wrapper around it, unless it belongs to an attribute
 */
function findWrapper(emitter, type, handler) {
  return emitter
    .listeners(type)
    .find((wrapper) => wrapper[kListener] === handler && !wrapper[kForOnEventAttribute]);
}

/**
 * @param {import('node:events')} emitter the WebSocket
 * @param {string} type name of the event
 * @returns {Function | undefined} the wrapper that belongs to the attribute
 */
function findAttribute(emitter, type) {
  return emitter.listeners(type).find((wrapper) => wrapper[kForOnEventAttribute]);
}

/**
 * @param {Function | {handleEvent: Function}} listener what the user gave
 * @param {*} target the WebSocket
 * @param {Event} event what happened
 */
function callListener(listener, target, event) {
  if (typeof listener === 'object' && listener.handleEvent) listener.handleEvent(event);
  else listener.call(target, event);
}

module.exports = {
  CloseEvent,
  defineEventAttribute,
  ErrorEvent,
  Event,
  EventTarget,
  MessageEvent
};
