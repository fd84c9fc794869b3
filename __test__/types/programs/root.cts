// The programs for `ws` with the root export.
import http = require('node:http');
import { Duplex } from 'node:stream';
import WebSocket = require('ferrows');
import { WebSocketServer, createWebSocketStream } from 'ferrows';

const server = new WebSocketServer(
  { port: 0, maxPayload: 1024, perMessageDeflate: { threshold: 10 } },
  () => {}
);
const same: WebSocket.Server = new WebSocket.Server({ noServer: true });
new WebSocket.WebSocketServer({ server: http.createServer(), path: '/a' });

server.on('connection', (ws, request) => {
  const agent: string | undefined = request.headers['user-agent'];
  ws.on('message', (data, isBinary) => {
    const binary: boolean = isBinary;
    const text: string = data.toString();
    ws.send(data, { binary }, (err) => err?.message.toUpperCase());
    ws.send(text + agent);
    if (Array.isArray(data)) Buffer.concat(data);
    else if (data instanceof ArrayBuffer) data.byteLength.toFixed();
    else data.readUInt8(0);
  });
  ws.on('close', function (code, reason) {
    const state: 0 | 1 | 2 | 3 = this.readyState;
    code.toFixed(state);
    reason.toString('utf8');
  });
  ws.once('pong', (data) => data.byteLength);
  ws.addListener('ping', (data) => data.byteLength);
});
server.on('headers', (headers, request) => headers.push(`X-Path: ${request.url}`));
server.on('wsClientError', (err, socket, request) => socket.end(`${err.message} ${request.url}`));
server.on('listening', () => {
  const address = server.address();
  if (address !== null && typeof address !== 'string') address.port.toFixed();
});
server.on('custom', (first: number) => first);
for (const client of server.clients) {
  if (client.readyState === WebSocket.OPEN) client.send(new Uint8Array(3));
}

http.createServer().on('upgrade', (request, socket, head) => {
  same.handleUpgrade(request, socket, head, (ws, req) => same.emit('connection', ws, req));
});
server.close((err) => err?.message);

const client = new WebSocket('ws://localhost', ['a', 'b'], {
  headers: { a: 'b' },
  handshakeTimeout: 5
});
new WebSocket(new URL('ws://localhost'), {
  agent: new http.Agent(),
  rejectUnauthorized: false,
  auth: 'a:b'
});
client.onmessage = ({ data, target }) => target.send(typeof data === 'string' ? data : 'binary');
client.onclose = (event) => (event.wasClean ? event.code : event.reason.length);
client.addEventListener('error', ({ error, message }) => error ?? message.length, { once: true });
client.addEventListener('open', { handleEvent: (event) => event.type });
client.on('unexpected-response', (request, response) => request.destroy() && response.statusCode);
client.on('redirect', (url, request) => request.setHeader('a', url));
client.ping();
client.ping('a', true, (err) => err.message);
client.close(1000, 'bye');
client.send(5);
client.send([1, 2]);
client.send(new DataView(new ArrayBuffer(1)), { compress: false, fin: true, mask: true });
client.binaryType = 'arraybuffer';
const stream: Duplex = createWebSocketStream(client, { encoding: 'utf8' });
stream.pipe(stream);

class Session extends WebSocket {
  user = 'nobody';
}
const typed = new WebSocketServer<typeof Session>({ port: 0, WebSocket: Session });
typed.on('connection', (session) => session.user.length);

const options: WebSocket.ServerOptions = {
  noServer: true,
  clientTracking: false,
  handleProtocols: (protocols, request) =>
    protocols.has('a') ? 'a' : request.url === '/' ? 'b' : false,
  verifyClient: ({ origin, secure, req }, callback) =>
    callback(secure && origin === req.url, 401, 'No', { 'X-Reason': 'none' })
};
new WebSocket.Server(options);
const raw: WebSocket.RawData = Buffer.alloc(1);
const events: [
  WebSocket.Event,
  WebSocket.CloseEvent,
  WebSocket.MessageEvent,
  WebSocket.ErrorEvent
][] = [];
export { events, raw };
