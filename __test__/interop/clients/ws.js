'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { bytesOf, message } = require('../../scenario/trace.js');
const { playCases } = require('./player.js');

const certificate = path.join(__dirname, '..', '..', 'scenario', 'fixtures', 'certificate.pem');

/**
 * A player on any package with the client of `ws`: the original, or this package.
 * @param {string} name module to require
 * @param {object} [options] more options of the client
 * @returns {object} the player
 */
const wsPlayer = (name, options = {}) => ({
  name,
  can: ['ping', 'fragments', 'frame', 'any-code', 'empty-close', 'terminate'],
  play: (target, cases) => {
    const { WebSocket } = require(name);
    return playCases(cases, (testCase, events) => {
      const base = target.socketPath ? `ws+unix:${target.socketPath}:` : target.url;
      const ca = target.secure ? { ca: fs.readFileSync(certificate) } : {};
      const ws = new WebSocket(base + testCase.path, testCase.protocols || [], {
        perMessageDeflate: false,
        ...ca,
        ...options
      });
      let refused = false;
      ws.on('open', () => events.push(`open:${ws.protocol}`));
      ws.on('message', (data, isBinary) => events.push(message(data, isBinary)));
      ws.on('ping', (data) => events.push(`ping:${data.toString('hex')}`));
      ws.on('pong', (data) => events.push(`pong:${data.toString('hex')}`));
      ws.on('close', (code, reason) => refused || events.push(`close:${code}:${reason}`));
      ws.on('error', (err) => {
        const status = /^Unexpected server response: (\d+)$/.exec(err.message);
        refused = status !== null;
        events.push(refused ? `refused:${status[1]}` : `error:${err.message}`);
      });
      return {
        send: ({ payload }) =>
          ws.send(payload.kind === 'text' ? bytesOf(payload).toString() : bytesOf(payload)),
        fragments: ({ payload: { kind, parts } }) =>
          parts.forEach((part, i) =>
            ws.send(bytesOf(part), { binary: kind === 'binary', fin: i === parts.length - 1 })
          ),
        frame: ({ opcode, fin, hex }) =>
          ws.send(Buffer.from(hex, 'hex'), { binary: opcode === 2, fin }),
        ping: ({ hex }) => ws.ping(Buffer.from(hex, 'hex')),
        close: ({ code, reason }) => (code === undefined ? ws.close() : ws.close(code, reason)),
        terminate: () => ws.terminate()
      };
    });
  }
});

module.exports = { certificate, wsPlayer };
