'use strict';

/** Builds frames, right or wrong, as bytes. */

const MASK = Buffer.from([0x12, 0x34, 0x56, 0x78]);

/**
 * A frame (RFC 6455, 5.2).
 * @param {object} [parts]
 * @param {number} [parts.opcode] default 1
 * @param {boolean} [parts.fin] default true
 * @param {number} [parts.rsv] the three bits, 4 = RSV1; default 0
 * @param {Buffer|string} [parts.payload] default empty
 * @param {boolean} [parts.masked] as a client sends it; default true
 * @param {bigint|number} [parts.length] what the header says, if not the payload's length
 * @param {7|16|64} [parts.bits] size of the length, if not the smallest
 * @returns {Buffer} the bytes
 */
const frame = ({
  opcode = 1,
  fin = true,
  rsv = 0,
  payload = '',
  masked = true,
  length,
  bits
} = {}) => {
  const data = Buffer.from(payload);
  const said = length === undefined ? data.length : length;
  const form = bits || (said < 126 ? 7 : said < 65_536 ? 16 : 64);
  const header = Buffer.alloc({ 7: 2, 16: 4, 64: 10 }[form]);
  header[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  header[1] = (masked ? 0x80 : 0) | { 7: Number(said) & 0x7f, 16: 126, 64: 127 }[form];
  if (form === 16) header.writeUInt16BE(Number(said), 2);
  if (form === 64) header.writeBigUInt64BE(BigInt(said), 2);
  if (!masked) return Buffer.concat([header, data]);
  for (let i = 0; i < data.length; i++) data[i] ^= MASK[i & 3];
  return Buffer.concat([header, MASK, data]);
};

/**
 * The payload of a close frame.
 * @param {number} code status code
 * @param {Buffer|string} [reason] default empty
 * @returns {Buffer} the payload
 */
const closing = (code, reason = '') =>
  Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]);

module.exports = { closing, frame };
