'use strict';

const fs = require('node:fs');
const { bytesOf, message } = require('../../scenario/trace.js');
const { playCases } = require('./player.js');
const { certificate } = require('./ws.js');

/** A player on the client of the package `websocket` (WebSocket-Node). */
module.exports = {
  name: 'websocket',
  can: ['ping', 'fragments', 'frame', 'any-code', 'terminate'],
  /** It answers every close frame with 1000 and no reason. */
  answer: () => [1000, ''],
  /** It does not tell an empty close frame from a dropped connection. */
  quirk: (step) => (step.see === 'close' && step.code === 1005 ? { ...step, code: 1006 } : step),
  play: (target, cases) => {
    const { client: WebSocketClient, connection: Connection, frame: Frame } = require('websocket');
    const OPCODE = { text: 1, binary: 2 };
    return playCases(cases, (testCase, events) => {
      const client = new WebSocketClient({
        maxReceivedFrameSize: 64 << 20,
        maxReceivedMessageSize: 64 << 20,
        fragmentOutgoingMessages: false,
        tlsOptions: target.secure ? { ca: fs.readFileSync(certificate) } : {}
      });
      let connection;
      const sendFrame = (opcode, fin, data) => {
        const frame = new Frame(Buffer.alloc(4), Buffer.alloc(10), connection.config);
        Object.assign(frame, { opcode, fin, binaryPayload: data, mask: true });
        connection.sendFrame(frame);
      };
      client.on('connectFailed', (err) => {
        const status = /non-101 status: (\d+)/.exec(err.message);
        events.push(status ? `refused:${status[1]}` : `error:${err.message}`);
      });
      client.on('connect', (opened) => {
        connection = opened;
        events.push(`open:${connection.protocol || ''}`);
        connection.on('message', (m) =>
          events.push(message(m.type === 'utf8' ? m.utf8Data : m.binaryData, m.type === 'binary'))
        );
        connection.on('ping', (cancel, data) => events.push(`ping:${data.toString('hex')}`));
        connection.on('pong', (data) => events.push(`pong:${data.toString('hex')}`));
        connection.on('error', (err) => events.push(`error:${err.message}`));
        connection.on('close', (code, description) => {
          // The package fills in a sentence of its own where the frame has no reason.
          const own = description === Connection.CLOSE_DESCRIPTIONS[code] || code === 1006;
          events.push(`close:${code}:${own || !description ? '' : description}`);
        });
      });
      client.connect(target.url + testCase.path, testCase.protocols || []);
      return {
        send: ({ payload }) =>
          payload.kind === 'text'
            ? connection.sendUTF(bytesOf(payload).toString())
            : connection.sendBytes(bytesOf(payload)),
        fragments: ({ payload: { kind, parts } }) =>
          parts.forEach((part, i) =>
            sendFrame(i === 0 ? OPCODE[kind] : 0, i === parts.length - 1, bytesOf(part))
          ),
        frame: ({ opcode, fin, hex }) => sendFrame(opcode, fin, Buffer.from(hex, 'hex')),
        ping: ({ hex }) => connection.ping(Buffer.from(hex, 'hex')),
        close: ({ code, reason }) => connection.close(code, reason),
        terminate: () => connection.socket.destroy()
      };
    });
  }
};
