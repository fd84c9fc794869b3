// The other faces, and their names on the root.
import http = require('node:http');
import https = require('node:https');
import WebSocket = require('ferrows');
import WebSocketOfWs = require('ferrows/ws');
import MultipathServer = require('ferrows/ws-multipath');
import Server = require('ferrows/wss');

const multipath = new MultipathServer({
  port: 0,
  maxPayload: 5,
  requestListener: (req, res) => res.end(req.url)
});
const handler: WebSocket.Server = multipath.createHandler({ path: '/a', clientTracking: true });
handler.on('connection', (ws, request) => ws.send(request.url ?? ''));
multipath
  .on('connection', (ws, request, pathname) => ws.send(pathname.slice(1) + request.method))
  .on('unhandled', (socket, request, head) => socket.destroyed || request.url || head.length)
  .on('close', () => {})
  .createHandler({ path: '/b' });
const removed: boolean = multipath.removeHandler('/b');
new MultipathServer({
  port: 80,
  autoListen: false,
  rejectUnhandled: false,
  host: '::1'
}).listen?.();
multipath.on('request', (request, response) => response.end(request.url));
multipath.close((err) => err?.message).unref();

const wss: Server = Server.createServer((ws) => ws.send('hello'));
wss.listen(8080, () => {}).address();
wss.listen(0, '127.0.0.1', function () {
  this.close();
});
wss.listen('/tmp/a.sock');
wss.listen({ port: 0, host: '::' }, () => {});
Server.createServer({ key: 'a', cert: 'b' }, (ws) => ws.close(1000, ws.upgradeReq.url));
wss.on('connection', (ws) => {
  ws.on('message', (data, flags) =>
    ws.send(typeof data === 'string' && !flags.binary ? data.trim() : data)
  );
  ws.once('close', (code, reason) => reason.charAt(code));
  ws.on('ping', (data) => ws.pong(data, false, true));
});
wss.on('connection/chat', (ws) => ws.send('hello'));
for (const client of wss.clients) client.send(`${client.bytesReceived} ${client.protocolVersion}`);
wss.close(() => {})?.getConnections((err, count) => err ?? count);
Server.createServerFrom(http.createServer(), (ws) => ws.terminate());
Server.createServerFrom(https.createServer({}), null, { path: '/a' }).close();
new Server({ port: 0 }).on('connection', (ws) => ws.ping());

const root: MultipathServer = new WebSocket.MultipathServer({ port: 0 });
const typed: WebSocket.MultipathServer = root;
WebSocket.createServer().listen(0);
WebSocket.createServerFrom(http.createServer());
new WebSocket.wss({ port: 0 }).listen(0);
const same: WebSocket = new WebSocketOfWs('ws://a');
const back: WebSocketOfWs = new WebSocket('ws://a');
class Session extends WebSocket {
  user = 'nobody';
}
const options: WebSocket.ServerOptions<typeof Session> = { WebSocket: Session };
if (back instanceof WebSocket) back.send('a');
export { options, removed, same, typed };
const beneath: http.Server | https.Server = wss.listen(0);
const closed: http.Server = multipath.close();
export { beneath, closed };
