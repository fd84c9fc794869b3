'use strict';

/**
 * The errors that a peer earns by breaking a rule of the protocol, with the class, text, `code`
 * property and close code that `ws` gives them.
 *
 * @module lib/core/errors
 */

const { constants } = require('node:zlib');

const { kStatusCode } = require('./symbols');

const PREFIX = 'Invalid WebSocket frame: ';

/**
 * What each index of a PROTOCOL_ERROR record means; the order is that of
 * `src/protocol/error.rs`. A text that is a function takes the record's detail.
 *
 * @type {{ErrorClass: Function, text: string | Function, code: string, status: number}[]}
 */
const TABLE = [
  entry(RangeError, `${PREFIX}FIN must be set`, 'EXPECTED_FIN', 1002),
  entry(RangeError, `${PREFIX}MASK must be set`, 'EXPECTED_MASK', 1002),
  entry(RangeError, (code) => `${PREFIX}invalid status code ${code}`, 'INVALID_CLOSE_CODE', 1002),
  entry(
    RangeError,
    (length) => `${PREFIX}invalid payload length ${length}`,
    'INVALID_CONTROL_PAYLOAD_LENGTH',
    1002
  ),
  entry(RangeError, (opcode) => `${PREFIX}invalid opcode ${opcode}`, 'INVALID_OPCODE', 1002),
  entry(Error, `${PREFIX}invalid UTF-8 sequence`, 'INVALID_UTF8', 1007),
  entry(RangeError, 'Too many message fragments', 'TOO_MANY_BUFFERED_PARTS', 1008),
  entry(RangeError, 'Too many buffered chunks', 'TOO_MANY_BUFFERED_PARTS', 1008),
  entry(RangeError, `${PREFIX}MASK must be clear`, 'UNEXPECTED_MASK', 1002),
  entry(RangeError, `${PREFIX}RSV1 must be clear`, 'UNEXPECTED_RSV_1', 1002),
  entry(RangeError, `${PREFIX}RSV2 and RSV3 must be clear`, 'UNEXPECTED_RSV_2_3', 1002),
  entry(
    RangeError,
    'Unsupported WebSocket frame: payload length > 2^53 - 1',
    'UNSUPPORTED_DATA_PAYLOAD_LENGTH',
    1009
  ),
  entry(RangeError, 'Max payload size exceeded', 'UNSUPPORTED_MESSAGE_LENGTH', 1009),
  entry(
    RangeError,
    (length) => `Frame size of ${length} bytes exceeds maximum accepted frame size`,
    'UNSUPPORTED_MESSAGE_LENGTH',
    1009
  )
];

/** The index of zlib's own errors, behind the table. */
const DAMAGED_DATA = TABLE.length;

/** zlib's words for damaged data; the detail of a DAMAGED_DATA record (`src/protocol/deflate/inflating.rs`). */
const DATA_ERRORS = [
  'unexpected end of file',
  'invalid block type',
  'invalid stored block lengths',
  'too many length or distance symbols',
  'invalid code lengths set',
  'invalid bit length repeat',
  'invalid code -- missing end-of-block',
  'invalid literal/lengths set',
  'invalid distances set',
  'invalid literal/length code',
  'invalid distance code',
  'invalid distance too far back',
  'incorrect header check',
  'incorrect data check',
  'not enough memory'
];

/** The detail of `DATA_ERRORS` that is no matter of the data. */
const NOT_ENOUGH_MEMORY = DATA_ERRORS.length - 1;

/** Names for the indexes of {@link protocolError}, so that callers need no bare numbers. */
const ProtocolErrorIndex = Object.freeze({
  EXPECTED_FIN: 0,
  EXPECTED_MASK: 1,
  INVALID_CLOSE_CODE: 2,
  INVALID_CONTROL_PAYLOAD_LENGTH: 3,
  INVALID_OPCODE: 4,
  INVALID_UTF8: 5,
  TOO_MANY_FRAGMENTS: 6,
  TOO_MANY_CHUNKS: 7,
  UNEXPECTED_MASK: 8,
  UNEXPECTED_RSV_1: 9,
  UNEXPECTED_RSV_2_3: 10,
  UNSUPPORTED_DATA_PAYLOAD_LENGTH: 11,
  UNSUPPORTED_MESSAGE_LENGTH: 12,
  FRAME_TOO_LARGE: 13,
  DAMAGED_DATA: 14
});

/**
 * Builds the error for a PROTOCOL_ERROR record.
 *
 * @param {number} index which rule was broken, see {@link ProtocolErrorIndex}
 * @param {number} [detail] the number in the text (op code, length or status), if it has one
 * @returns {Error} with `code` (`WS_ERR_...`) and, under `kStatusCode`, the close code to send
 *     (RFC 6455, 7.4.1). An index that is not in the table is an error of this package and
 *     gives a plain `Error` with status 1002, so that the connection still ends
 */
function protocolError(index, detail) {
  if (index === DAMAGED_DATA) return damagedData(detail);

  const row = TABLE[index];

  if (row === undefined) {
    const unknown = new Error(`Unknown protocol error ${index}`);
    unknown[kStatusCode] = 1002;
    return unknown;
  }

  const { ErrorClass, text } = row;
  const err = new ErrorClass(typeof text === 'function' ? text(detail) : text);

  err.code = row.code;
  err[kStatusCode] = row.status;
  return err;
}

/**
 * @param {number} detail which of zlib's words
 * @returns {Error} what `node:zlib` makes of it
 */
function damagedData(detail) {
  const err = new Error(DATA_ERRORS[detail]);
  const memory = detail === NOT_ENOUGH_MEMORY;

  err.errno = memory ? constants.Z_MEM_ERROR : constants.Z_DATA_ERROR;
  err.code = memory ? 'Z_MEM_ERROR' : 'Z_DATA_ERROR';
  err[kStatusCode] = 1007;
  return err;
}

/**
 * @param {Function} ErrorClass the constructor
 * @param {string | Function} text the message, or what makes it from the detail
 * @param {string} code the part of the code after `WS_ERR_`
 * @param {number} status the close code
 * @returns {object} a row of the table
 */
function entry(ErrorClass, text, code, status) {
  return { ErrorClass, text, code: `WS_ERR_${code}`, status };
}

module.exports = { ProtocolErrorIndex, protocolError };
