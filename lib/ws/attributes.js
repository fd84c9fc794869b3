'use strict';

/**
 * The members that make a WebSocket look like the one of the DOM: constants, enumerable
 * attributes, `on...` and `addEventListener`.
 *
 * @module lib/ws/attributes
 */

const { STATE_NAMES } = require('./constants');
const { defineEventAttribute, EventTarget } = require('./event-target');

const ATTRIBUTES = [
  'binaryType',
  'bufferedAmount',
  'extensions',
  'isPaused',
  'protocol',
  'readyState',
  'url'
];

/** @param {typeof import('./websocket')} WebSocket the class, with its accessors defined */
function defineAttributes(WebSocket) {
  const { prototype } = WebSocket;

  for (const [value, name] of STATE_NAMES.entries()) {
    const descriptor = { enumerable: true, value };

    Object.defineProperty(WebSocket, name, descriptor);
    Object.defineProperty(prototype, name, descriptor);
  }

  for (const name of ATTRIBUTES) Object.defineProperty(prototype, name, { enumerable: true });
  for (const type of ['open', 'error', 'close', 'message']) defineEventAttribute(prototype, type);

  // Assigned, not in the class body: in `ws` they are enumerable.
  prototype.addEventListener = EventTarget.addEventListener;
  prototype.removeEventListener = EventTarget.removeEventListener;
}

/**
 * Defines members of a prototype that an assignment to an instance hides; not enumerable.
 *
 * @param {object} prototype the prototype
 * @param {object} values by name or symbol
 */
function defineDefaults(prototype, values) {
  for (const key of Reflect.ownKeys(values)) {
    Object.defineProperty(prototype, key, {
      configurable: true,
      enumerable: false,
      value: values[key],
      writable: true
    });
  }
}

module.exports = { defineAttributes, defineDefaults };
