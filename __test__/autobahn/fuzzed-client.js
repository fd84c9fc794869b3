'use strict';

/**
 * The client that the Autobahn TestSuite's fuzzing server drives: plays every case of the server's set, then asks
 * for the report.
 *
 *   node fuzzed-client.js --subject MODULE --url ws://127.0.0.1:PORT --agent NAME [--max-fragments N] [--deflate]
 */

const { parseArgs } = require('node:util');

const { values } = parseArgs({
  options: {
    subject: { type: 'string', default: 'ws' },
    url: { type: 'string' },
    agent: { type: 'string', default: 'subject' },
    'max-fragments': { type: 'string' },
    deflate: { type: 'boolean', default: false }
  }
});
const { WebSocket } = require(values.subject);

const options = { perMessageDeflate: values.deflate, maxPayload: 64 << 20 };
if (values['max-fragments'] !== undefined) options.maxFragments = Number(values['max-fragments']);

/**
 * Opens one connection and waits for its end.
 * @param {string} path request target
 * @param {(ws: object, data: Buffer, isBinary: boolean) => void} onMessage called for each message
 * @returns {Promise<boolean>} whether the connection was ever open
 */
const visit = (path, onMessage) =>
  new Promise((resolve) => {
    const ws = new WebSocket(values.url + path, options);
    let opened = false;
    ws.on('open', () => (opened = true));
    ws.on('error', () => {});
    ws.on('message', (data, isBinary) => onMessage(ws, data, isBinary));
    ws.on('close', () => resolve(opened));
  });

/** Plays all cases, one after the other as the suite wants it. */
const main = async () => {
  let count = 0;
  await visit('/getCaseCount', (ws, data) => (count = JSON.parse(data)));
  for (let i = 1; i <= count; i++) {
    await visit(`/runCase?case=${i}&agent=${values.agent}`, (ws, data, isBinary) =>
      ws.send(data, { binary: isBinary })
    );
  }
  const told = await visit(`/updateReports?agent=${values.agent}`, () => {});
  process.exitCode = count > 0 && told ? 0 : 1;
};

main();
