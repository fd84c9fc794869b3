'use strict';

/**
 * A proxy on loopback that keeps the bytes of both directions, and their description: heads line by line, frames by
 * header and digest, how each side ended. What is random or says where a server is, is replaced by a constant, so two
 * runs can be compared byte for byte.
 */

const { createHash } = require('node:crypto');
const net = require('node:net');

/** Header fields whose values differ from run to run. */
const VARIABLE = /^(sec-websocket-key|sec-websocket-accept|host|date): .*$/i;

/** How long a connection may still be open when its case is over, in milliseconds; then it is cut. */
const PATIENCE = 3000;

/**
 * Describes the frames of one direction.
 * @param {Buffer} data the bytes after the head
 * @returns {string[]} per frame: the header as on the wire (mask key left out) and the unmasked payload's digest
 */
const frames = (data) => {
  const lines = [];
  let at = 0;
  while (at < data.length) {
    if (data.length - at < 2) return [...lines, `rest ${data.subarray(at).toString('hex')}`];
    const short = data[at + 1] & 0x7f;
    let start = at + 2;
    let length = short;
    if (short === 126) {
      length = data.readUInt16BE(start);
      start += 2;
    } else if (short === 127) {
      length = Number(data.readBigUInt64BE(start));
      start += 8;
    }
    const header = data.subarray(at, start).toString('hex');
    const masked = (data[at + 1] & 0x80) !== 0;
    const key = masked ? data.subarray(start, start + 4) : null;
    if (masked) start += 4;
    const payload = Buffer.from(data.subarray(start, start + length));
    if (masked) for (let i = 0; i < payload.length; i++) payload[i] ^= key[i & 3];
    const content =
      payload.length <= 125
        ? payload.toString('hex')
        : createHash('sha1').update(payload).digest('hex');
    lines.push(`${header} ${content}${payload.length < length ? ' (cut off)' : ''}`);
    at = start + length;
  }
  return lines;
};

/**
 * Describes one direction of a connection.
 * @param {Buffer} data all its bytes
 * @returns {string[]} lines of the head, then frames or, after a refusal, the body
 */
const describe = (data) => {
  const end = data.indexOf('\r\n\r\n');
  if (end < 0) return [`no head: ${data.toString('latin1')}`];
  const head = data
    .toString('latin1', 0, end)
    .split('\r\n')
    .map((line) => line.replace(VARIABLE, '$1: *'));
  const rest = data.subarray(end + 4);
  const answer = head[0].startsWith('HTTP/');
  return [
    ...head,
    '',
    ...(answer && !/ 101 /.test(head[0]) ? [rest.toString('latin1')] : frames(rest))
  ];
};

/**
 * Starts a tap.
 * @param {object} target of a server of the scenario: `{ url }` or `{ socketPath }`; not over TLS
 * @returns {Promise<object>} `{ target, recorded(), stop() }`; `recorded` waits for the open connections and gives, by
 *   case, `{ client: string[], server: string[] }`
 */
const startTap = async (target) => {
  const connections = [];
  const server = net.createServer({ allowHalfOpen: true }, (near) => {
    const url = target.url && new URL(target.url);
    const far = net.connect({
      allowHalfOpen: true,
      ...(url ? { port: url.port, host: url.hostname } : { path: target.socketPath })
    });
    const cut = () => {
      near.destroy();
      far.destroy();
    };
    const connection = { client: [], server: [], cut };
    connections.push(connection);
    const relay = (from, to, name) =>
      new Promise((resolve) => {
        from.setNoDelay?.(true);
        from.on('data', (chunk) => {
          connection[name].push(chunk);
          if (!to.write(chunk)) from.pause();
        });
        to.on('drain', () => from.resume());
        from.on('end', () => {
          connection[`${name}End`] = 'FIN';
          to.end();
        });
        from.on('error', () => {
          connection[`${name}End`] ||= 'reset';
          to.destroy();
        });
        from.on('close', resolve);
      });
    connection.over = Promise.all([relay(near, far, 'client'), relay(far, near, 'server')]);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    target: { url: `ws://127.0.0.1:${server.address().port}`, secure: false },
    recorded: async () => {
      const byCase = {};
      for (const connection of connections) {
        const timer = setTimeout(connection.cut, PATIENCE);
        await connection.over;
        clearTimeout(timer);
        const client = describe(Buffer.concat(connection.client));
        const name = decodeURIComponent(/[?&]case=([^& ]+)/.exec(client[0])[1]);
        byCase[name] = {
          client: [...client, `ended by ${connection.clientEnd}`],
          server: [
            ...describe(Buffer.concat(connection.server)),
            `ended by ${connection.serverEnd}`
          ]
        };
      }
      return byCase;
    },
    stop: () => server.close()
  };
};

module.exports = { describe, startTap };
