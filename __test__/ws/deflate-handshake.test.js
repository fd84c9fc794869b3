'use strict';

// permessage-deflate on the wire: what a server answers to an offer, what a client makes of an answer.

const oracle = require('./oracle');
const { accepted, rawServer } = require('./raw-server');

const NAME = 'permessage-deflate';

/** What servers want. */
const WISHES = [
  true,
  { serverNoContextTakeover: true },
  { serverNoContextTakeover: false },
  { clientNoContextTakeover: true, clientMaxWindowBits: 8 },
  { serverMaxWindowBits: 10 },
  { serverMaxWindowBits: false, clientMaxWindowBits: false },
  { clientMaxWindowBits: 12, serverMaxWindowBits: 8 },
  { clientNoContextTakeover: false, serverMaxWindowBits: true }
];

/** What clients offer, or pretend to. */
const OFFERS = [
  undefined,
  NAME,
  `${NAME}; client_max_window_bits`,
  `${NAME}; client_max_window_bits=10`,
  `${NAME}; client_max_window_bits=8; server_max_window_bits=8`,
  `${NAME}; server_max_window_bits=9`,
  `${NAME}; server_max_window_bits=15; server_no_context_takeover`,
  `${NAME}; client_no_context_takeover; server_no_context_takeover`,
  `${NAME}; server_max_window_bits=12, ${NAME}; client_max_window_bits, ${NAME}`,
  `${NAME}; server_no_context_takeover, ${NAME}; client_max_window_bits="11"`,
  `x-other, ${NAME}`,
  'x-other',
  `${NAME}; server_max_window_bits`,
  `${NAME}; server_max_window_bits=7`,
  `${NAME}; server_max_window_bits=16`,
  `${NAME}; server_max_window_bits=""`,
  `${NAME}; server_max_window_bits=015`,
  `${NAME}; client_max_window_bits=0`,
  `${NAME}; client_max_window_bits=99`,
  `${NAME}; client_max_window_bits; client_max_window_bits`,
  `${NAME}; client_no_context_takeover=true`,
  `${NAME}; unknown`,
  `${NAME};`,
  `${NAME}; client_max_window_bits=12.5`
];

for (const wish of WISHES) {
  oracle(`offers to a server that wants ${JSON.stringify(wish)}`, async (stage) => {
    const wss = await stage.serve({ perMessageDeflate: wish });

    wss.on('connection', (ws) => stage.log(ws.extensions, ws.readyState));

    for (const offer of OFFERS) {
      const peer = await stage.raw();
      const head = await peer.upgrade({ headers: { 'Sec-WebSocket-Extensions': offer } });

      stage.log(offer, head.split('\r\n')[0], /sec-websocket-extensions: (.*)\r/i.exec(head)?.[1]);
      peer.socket.destroy();
    }
  });
}

/** What servers answer, or pretend to. */
const ANSWERS = [
  undefined,
  NAME,
  `${NAME}; server_no_context_takeover`,
  `${NAME}; client_no_context_takeover`,
  `${NAME}; server_max_window_bits=9; client_max_window_bits=9`,
  `${NAME}; client_max_window_bits=15`,
  `${NAME}; client_max_window_bits`,
  `${NAME}; server_max_window_bits=16`,
  `${NAME}; server_max_window_bits=8; server_max_window_bits=8`,
  `${NAME}; unknown`,
  `${NAME}, x-other`,
  `${NAME}, ${NAME}`,
  'x-other',
  ';'
];

for (const wish of [
  undefined,
  true,
  false,
  { clientNoContextTakeover: false },
  { clientMaxWindowBits: 10 },
  { clientMaxWindowBits: false, serverNoContextTakeover: true, serverMaxWindowBits: 11 }
]) {
  oracle.once(`answers to a client that wants ${JSON.stringify(wish)}`, async (stage) => {
    let answer;

    await rawServer(stage, (peer, head) => {
      stage.log('offer', /sec-websocket-extensions: (.*)\r/i.exec(head)?.[1]);
      peer.write(accepted(head, { 'Sec-WebSocket-Extensions': answer }));
    });

    for (answer of ANSWERS) {
      // Not stage.client(): it turns the extension off.
      const ws = new stage.WebSocket(`ws://127.0.0.1:${stage.port}/`, { perMessageDeflate: wish });
      const closed = oracle.event(ws, 'close');

      ws.on('error', (err) => stage.log(answer, err));
      ws.on('open', () => {
        stage.log(answer, ws.extensions);
        ws.terminate();
      });
      await closed;
    }
  });
}
