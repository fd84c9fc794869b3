'use strict';

/**
 * Record kinds, command ops and control words of the crossing: the JavaScript half of the tables in docs/architecture.md.
 *
 * @module lib/core/records
 */

/** Kinds of inbound records. */
const kind = {
  TEXT: 1,
  BINARY: 2,
  PING: 3,
  PONG: 4,
  CLOSE_FRAME: 5,
  PROTOCOL_ERROR: 6,
  END: 7,
  CLOSED: 8,
  WRITTEN: 9,
  TEXT_LARGE: 10,
  BINARY_LARGE: 11,
  FRAGMENTS: 12,
  REQUEST: 13,
  HANDED_OVER: 15,
  LISTENER_CLOSED: 16,
  UNHANDLED: 17
};

/** Ops of outbound commands. */
const op = {
  /** Nothing: a command that was taken back. */
  NONE: 0,
  DATA: 1,
  DATA_MASK: 2,
  NOTIFY: 3,
  END: 4,
  DESTROY: 5,
  PAUSE: 6,
  RESUME: 7,
  START: 8,
  CLOSING: 9,
  RELEASE: 10,
  HAND_OVER: 11,
  AUTO_PONG: 12,
  LARGE: 13,
  PONG: 14,
  DATA_DEFLATE: 15,
  LARGE_DEFLATE: 16
};

/** Indexes of the control words (`src/binding/crossing.rs`). */
const control = { COMMANDS: 0, OUT_USED: 1, FROM: 2, TO: 3, DRAINING: 4 };

/** Bit of a PING record's length: JavaScript must answer. */
const PING_OWED = 1 << 31;

/** `errno` of a CLOSED record after a panic in native code. */
const INTERNAL_ERROR = 0xffff;

module.exports = { kind, op, control, PING_OWED, INTERNAL_ERROR };
