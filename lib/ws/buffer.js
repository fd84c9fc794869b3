'use strict';

/**
 * Conversions between what users hand in, what they get, and Buffers.
 *
 * @module lib/ws/buffer
 */

const { isAnyArrayBuffer } = require('node:util').types;

const { EMPTY_BUFFER } = require('./constants');

/** The class behind Buffer; constructing it makes a view without going through `Buffer.from`. */
const FastBuffer = Buffer[Symbol.species];

/**
 * Makes a Buffer of anything that `send()` takes. Views and array buffers are not copied.
 *
 * @param {*} data a view, an array buffer, or what `Buffer.from` accepts
 * @returns {Buffer} the bytes
 * @throws {TypeError} `ERR_INVALID_ARG_TYPE` for what cannot be bytes
 */
function toBuffer(data) {
  if (Buffer.isBuffer(data)) return data;
  if (ArrayBuffer.isView(data)) {
    return new FastBuffer(data.buffer, data.byteOffset, data.byteLength);
  }
  if (isAnyArrayBuffer(data)) return new FastBuffer(data);

  return Buffer.from(data);
}

/**
 * @param {*} data what `toBuffer` was given
 * @returns {boolean} whether `toBuffer` gives a view of memory that belongs to the caller
 */
function isCallersMemory(data) {
  return ArrayBuffer.isView(data) || isAnyArrayBuffer(data);
}

/**
 * @param {Buffer} buffer the bytes
 * @returns {ArrayBuffer} the buffer's own memory if it fills it, else a copy
 */
function toArrayBuffer(buffer) {
  const { buffer: memory, byteOffset, length } = buffer;

  return length === memory.byteLength ? memory : memory.slice(byteOffset, byteOffset + length);
}

/**
 * Cuts a message into the payloads of the frames it came in, without copying.
 *
 * @param {Buffer} message the whole message
 * @param {Uint32Array} [lengths] the payload lengths, if there was more than one frame
 * @returns {Buffer[]} the payloads; empty ones are left out, as `ws` does
 */
function cut(message, lengths) {
  if (lengths === undefined) return message.length === 0 ? [] : [message];

  const parts = [];
  let start = 0;

  for (const length of lengths) {
    if (length !== 0) parts.push(message.subarray(start, start + length));
    start += length;
  }

  return parts;
}

/**
 * @param {Buffer} data a binary message in one piece
 * @param {string} binaryType any form but 'nodebuffer'
 * @param {Uint32Array} [fragments] the payload lengths of its frames
 * @returns {ArrayBuffer | Blob | Buffer[]} the message in that form
 */
function toBinaryType(data, binaryType, fragments) {
  switch (binaryType) {
    case 'arraybuffer':
      return toArrayBuffer(data);
    case 'blob':
      return new Blob([data]);
    default:
      return cut(data, fragments);
  }
}

/**
 * @param {Buffer[]} list the parts
 * @param {number} length the sum of their lengths
 * @returns {Buffer} the parts in one piece; the part itself if there is one
 */
function join(list, length) {
  if (list.length === 0) return EMPTY_BUFFER;
  if (list.length === 1) return list[0];

  return Buffer.concat(list, length);
}

/**
 * Applies a mask key (RFC 6455, 5.3) from `source` to `target`; they may be the same memory.
 *
 * @param {Uint8Array} source the bytes to mask or unmask
 * @param {Uint8Array} key four bytes
 * @param {Uint8Array} target where the result goes
 * @param {number} offset where in `target` it starts
 */
function applyMask(source, key, target, offset) {
  for (let i = 0; i < source.length; i++) target[offset + i] = source[i] ^ key[i & 3];
}

module.exports = {
  applyMask,
  FastBuffer,
  isCallersMemory,
  join,
  toArrayBuffer,
  toBinaryType,
  toBuffer
};
