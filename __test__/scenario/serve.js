'use strict';

/**
 * The server of the scenario, a process of its own: forked with one argument, JSON
 * `{ kind, modules: { ws, multipath, wss }, shapes }`. It records what happens on each connection, by case.
 *
 * Kinds: `port` (WebSocketServer with `port`), `attached`, `attached-unix`, `https` (with `server`), `fed`
 * (`handleUpgrade` with a Duplex), `multipath` (one handler per path), `wss`, `wss-unix`, `wss-from`, `wss-tls`.
 * `deflate-` before `port`, `attached`, `https` or `fed`: with permessage-deflate.
 * With `shapes`, the arguments of the events are described too.
 *
 * Messages in: `{ get: 'traces' }` waits (at most 10 s) until no connection is open and answers
 * `{ traces, open }`; `{ get: 'end' }` closes the server and the channel: the process then ends by itself.
 */

const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const os = require('node:os');
const path = require('node:path');
const { caught } = require('./caught.js');
const { bytesOf, message } = require('./trace.js');
const { Tunnel } = require('./tunnel.js');

const { kind, modules, shapes } = JSON.parse(process.argv[2]);
const PATHS = [
  '/echo',
  '/hello',
  '/close',
  '/terminate',
  '/ping',
  '/fragments',
  '/last',
  '/refuse'
];
/** What `/fragments` sends and `/hello` greets with; as in cases.js. */
const GREETING = [
  [{ kind: 'text', text: 'welcome' }, false],
  [{ kind: 'binary', size: 300, seed: 1 }, true],
  [{ kind: 'text', size: 70_000, seed: 1 }, false]
];

const traces = {};
let open = 0;
let idle = () => {};

/** Sends the parts of a message, each in a frame of its own. */
const sendParts = (ws, parts, binary) =>
  parts.forEach((part, i) => ws.send(part, { binary, fin: i === parts.length - 1 }));

/** What the server does on its own, by path. */
const behaviours = {
  '/echo': () => {},
  '/hello': (ws) => {
    for (const [payload, binary] of GREETING) {
      ws.send(binary ? bytesOf(payload) : bytesOf(payload).toString(), { binary });
    }
    ws.close(1000, 'bye');
  },
  '/close': (ws, query) => {
    if (query.has('code')) ws.close(Number(query.get('code')), query.get('reason'));
    else ws.close();
  },
  '/terminate': (ws) => ws.on('message', () => ws.terminate()),
  '/ping': (ws, query) => {
    ws.on('pong', (data) => {
      ws.send(`pong ${data.toString('hex')}`);
      ws.close(1000, 'answered');
    });
    ws.ping(Buffer.from(query.get('hex'), 'hex'));
  },
  '/fragments': (ws) => {
    sendParts(ws, ['one ', '', 'tw\u00f6 ', 'three'], false);
    const sizes = [
      [70_000, 1],
      [1, 2],
      [0, 3],
      [126, 4]
    ];
    sendParts(
      ws,
      sizes.map(([size, seed]) => bytesOf({ kind: 'binary', size, seed })),
      true
    );
    ws.close(1000);
  },
  '/last': (ws, query) => {
    ws.send(bytesOf({ kind: 'binary', size: Number(query.get('size')), seed: 7 }));
    ws.close(1001, 'gone');
  },
  '/refuse': () => {}
};

/** Describes the arguments of an event, for the comparison with the originals. */
const shape = (args) =>
  shapes
    ? ` (${args.map((arg) => (arg && typeof arg === 'object' ? `${arg.constructor.name}` : `${typeof arg} ${typeof arg === 'boolean' ? arg : ''}`.trim())).join(', ')})`
    : '';

/** The 'connection' listener of every server: records and behaves. */
const accept = (ws, request = ws.upgradeReq) => {
  const url = new URL(request.url, 'ws://localhost');
  const events = (traces[url.searchParams.get('case')] ||= []);
  const echo = url.pathname === '/echo';
  open++;
  ws.on('message', (data, info, ...more) => {
    const isBinary = typeof data !== 'string' && info !== false;
    events.push(message(data, isBinary) + shape([data, info, ...more]));
    if (echo) ws.send(data, { binary: isBinary });
  });
  ws.on('ping', (data, ...more) =>
    events.push(`ping:${data.toString('hex')}${shape([data, ...more])}`)
  );
  ws.on('pong', (data, ...more) =>
    events.push(`pong:${data.toString('hex')}${shape([data, ...more])}`)
  );
  ws.on('error', (err) => events.push(`error:${err.message}`));
  ws.on('close', (code, reason, ...more) => {
    events.push(`close:${code}:${reason}${shape([code, reason, ...more])}`);
    if (--open === 0) idle();
  });
  behaviours[url.pathname](ws, url.searchParams);
};

/** `verifyClient` of the scenario: one path that is refused, and the unknown ones. */
const verifyClient = ({ req }, done) => {
  const { pathname } = new URL(req.url, 'ws://localhost');
  if (pathname === '/refuse') done(false, 403, 'Not for you', { 'X-Reason': 'scenario' });
  else if (PATHS.includes(pathname)) done(true);
  else done(false, 400);
};
const handleProtocols = (offered) => (offered.has('echo.v1') ? 'echo.v1' : false);
const compressed = kind.startsWith('deflate');
const options = {
  verifyClient,
  handleProtocols,
  ...(compressed ? { perMessageDeflate: true } : {})
};

const tls = () => ({
  key: fs.readFileSync(path.join(__dirname, 'fixtures', 'key.pem')),
  cert: fs.readFileSync(path.join(__dirname, 'fixtures', 'certificate.pem'))
});
const socketPath = path.join(os.tmpdir(), `scenario-${process.pid}.sock`);
const local = { port: 0, host: '127.0.0.1' };

/** Tells the parent where the server is. */
const ready = (address) => {
  const secure = kind.endsWith('https') || kind === 'wss-tls';
  const where =
    typeof address === 'string'
      ? { socketPath: address }
      : { url: `${secure ? 'wss' : 'ws'}://127.0.0.1:${address.port}` };
  process.send({ ready: { ...where, secure } });
};

/** Attaches a WebSocketServer to an HTTP server and listens. */
const attach = (front, where, extra) => {
  const { WebSocketServer } = require(modules.ws);
  const server = new WebSocketServer({ ...options, ...(extra || { server: front }) });
  server.on('connection', accept);
  front.listen(where, () => ready(front.address()));
  const close = () => {
    server.close();
    front.close();
  };
  return { server, close };
};

/** Listens with a server of `wss`. */
const listen = (server, args) => {
  server.listen(...args, function () {
    ready(this.address());
  });
  return server;
};

const starters = {
  port: () => {
    const { WebSocketServer } = require(modules.ws);
    const server = new WebSocketServer({ ...options, ...local }, () => ready(server.address()));
    return server.on('connection', accept);
  },
  attached: () => attach(http.createServer(), local),
  'attached-unix': () => attach(http.createServer(), { path: socketPath }),
  https: () => attach(https.createServer(tls()), local),
  fed: () => {
    const front = http.createServer();
    const attached = attach(front, local, { noServer: true });
    front.on('upgrade', (request, socket, head) =>
      attached.server.handleUpgrade(request, new Tunnel(socket), head, (ws) =>
        attached.server.emit('connection', ws, request)
      )
    );
    return attached;
  },
  multipath: () => {
    const MultipathServer = require(modules.multipath);
    const { server, inner } = caught(() => new MultipathServer({ port: 0 }));
    for (const route of PATHS)
      server.createHandler({ ...options, path: route }).on('connection', accept);
    if (inner.address() === null) inner.on('listening', () => ready(inner.address()));
    else ready(inner.address());
    return server;
  },
  wss: () => listen(require(modules.wss).createServer(accept), [0, '127.0.0.1']),
  'wss-unix': () => listen(require(modules.wss).createServer(accept), [socketPath]),
  'wss-tls': () => listen(require(modules.wss).createServer(tls(), accept), [0, '127.0.0.1']),
  'wss-from': () => {
    const front = http.createServer();
    const server = require(modules.wss).createServerFrom(front, accept);
    front.listen(0, '127.0.0.1', () => ready(front.address()));
    return server;
  }
};

const running = starters[compressed ? kind.slice('deflate-'.length) : kind]();

process.on('message', ({ get }) => {
  if (get === 'end') {
    running.close();
    process.disconnect();
    return;
  }
  const answer = () => {
    clearTimeout(timer);
    idle = () => {};
    process.send({ traces, open });
  };
  const timer = setTimeout(answer, 10_000);
  if (open === 0) answer();
  else idle = answer;
});
