'use strict';

/** What a program does to the WebSocket under test. */

const { digest } = require('./peer');

const { frame } = require('../ws/raw-peer');

/** @returns {string | Buffer | ...} data of the kind and size, different for each number */
function makeData(kind, size, number) {
  const letter = 65 + (number % 26);

  switch (kind) {
    case 'text':
      return String.fromCharCode(letter).repeat(size);
    case 'wide':
      return 'ü€'.repeat(size >> 2);
    case 'buffer':
      return Buffer.alloc(size, letter);
    case 'view':
      return new Uint16Array(size >> 1).fill(letter);
    case 'memory':
      return new Uint8Array(size).fill(letter).buffer;
    case 'number':
      return number * 1.5;
    case 'nothing':
      return [undefined, null, '', false][number % 4];
    case 'blob':
      return new Blob([new Uint8Array(size).fill(letter)]);
    default:
      throw new TypeError(kind);
  }
}

/** @returns {*} a message or the like in a form that can be compared */
function comparable(value) {
  if (Array.isArray(value)) return ['list', ...value.map(comparable)];
  if (value instanceof ArrayBuffer) return ['memory', digest(Buffer.from(value))];
  if (value instanceof Blob) return ['blob', value.size];
  if (Buffer.isBuffer(value)) return digest(value);
  if (value instanceof Error) return [value.constructor.name, value.code, value.message];
  if (typeof value === 'string' && value.length > 130) return digest(Buffer.from(value));
  return value;
}

/**
 * Does one act.
 *
 * @param {object} run the runner's state: `ws`, `number`, `callback()`
 * @param {object} act what to do
 * @returns {Array} what it led to at once
 */
function perform(run, act) {
  const { ws } = run;
  const number = run.number++;
  const before = ws.readyState;
  let outcome = 'done';

  try {
    const cb = act.cb ? [run.callback(number)] : [];
    switch (act.do) {
      case 'send':
        ws.send(makeData(act.kind, act.size, number), ...(act.options ? [act.options] : []), ...cb);
        break;
      case 'sendBad':
        ws.send({});
        break;
      case 'ping':
      case 'pong':
        ws[act.do](`${act.do} ${number}`.padEnd(act.size).slice(0, act.size), ...cb);
        break;
      case 'raw':
        // An unsolicited pong, past the WebSocket.
        ws._socket.write(
          frame(act.size > 125 ? 2 : 10, Buffer.alloc(act.size), { mask: run.masks })
        );
        break;
      case 'close':
        if (before === 1) run.closing = true;
        try {
          ws.close(...act.args);
        } finally {
          if (ws.readyState === 1) run.closing = false;
        }
        break;
      case 'terminate':
        ws.terminate();
        run.dead = true;
        break;
      case 'destroySocket':
        ws._socket.destroy();
        run.dead = true;
        break;
      case 'endSocket':
        ws._socket.end();
        break;
      case 'binaryType':
        ws.binaryType = act.value;
        break;
      default:
        ws[act.do]();
    }
  } catch (err) {
    outcome = comparable(err);
    run.forget(number);
  }
  return [act.do, number, outcome, ws.readyState, ws.isPaused];
}

module.exports = { comparable, perform };
