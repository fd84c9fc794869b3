'use strict';

/**
 * The player inside the browser's page: one self-contained function, handed over as source text.
 * @param {{url: string, cases: object[], patience: number}} task what to play; `patience` in milliseconds
 * @returns {Promise<Record<string, string[]>>} traces by case
 */
/* global WebSocket, crypto -- of the page */
module.exports = async ({ url, cases, patience }) => {
  const made = (payload) => {
    if (payload.text !== undefined) return new TextEncoder().encode(payload.text);
    if (payload.hex !== undefined)
      return Uint8Array.from(payload.hex.match(/../g) || [], (byte) => parseInt(byte, 16));
    const { kind, size, seed } = payload;
    const data = new Uint8Array(size);
    for (let i = 0; i < size; i++)
      data[i] = kind === 'text' ? 97 + ((i * 7 + (i >> 8) + seed) % 26) : i * 31 + (i >> 8) + seed;
    return data;
  };
  const message = async (data) => {
    const kind = typeof data === 'string' ? 'text' : 'binary';
    const content = kind === 'text' ? new TextEncoder().encode(data) : data;
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-1', content));
    const sha1 = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
    return `${kind}:${content.byteLength}:${sha1}`;
  };

  const play = async (testCase) => {
    const queue = [];
    let waiting = null;
    const happened = (event) => {
      if (waiting) waiting(event);
      else queue.push(event);
      waiting = null;
    };
    const next = () =>
      queue.length > 0
        ? queue.shift()
        : Promise.race([
            new Promise((resolve) => (waiting = resolve)),
            new Promise((resolve) => setTimeout(resolve, patience, 'timeout'))
          ]);

    const ws = new WebSocket(url + testCase.path, testCase.protocols || []);
    ws.binaryType = 'arraybuffer';
    let opened = false;
    ws.onopen = () => {
      opened = true;
      happened(`open:${ws.protocol}`);
    };
    ws.onmessage = ({ data }) => happened({ data });
    ws.onclose = ({ code, reason }) => happened(opened ? `close:${code}:${reason}` : 'refused:0');

    const trace = [];
    for (const step of testCase.steps) {
      if (step.do === 'send') {
        ws.send(
          step.payload.kind === 'text'
            ? new TextDecoder('utf-8', { ignoreBOM: true }).decode(made(step.payload))
            : made(step.payload)
        );
      } else if (step.do === 'close') {
        if (step.code === undefined) ws.close();
        else ws.close(step.code, step.reason);
      } else {
        const event = await next();
        trace.push(typeof event === 'string' ? event : await message(event.data));
        if (
          event === 'timeout' ||
          (typeof event === 'string' && event.startsWith('close') && step.see !== 'close')
        )
          break;
      }
    }
    return trace;
  };

  const traces = {};
  for (const testCase of cases) {
    traces[testCase.name] = await play(testCase);
    // A peer that hangs would do so in many cases: the rest stays without a trace.
    if (traces[testCase.name].at(-1) === 'timeout') break;
  }
  return traces;
};
