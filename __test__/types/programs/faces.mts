// The other faces for ES modules.
import WebSocket, {
  createServer,
  createServerFrom,
  MultipathServer,
  WebSocketServer,
  wss,
  type RawData,
  type ServerOptions
} from 'ferrows';
import OtherWebSocket from 'ferrows/ws';
import OtherMultipathServer from 'ferrows/ws-multipath';
import Server from 'ferrows/wss';
import { createServer as createHttpServer } from 'node:http';

const options: ServerOptions = { noServer: true };
const server: WebSocketServer = new WebSocketServer(options);
server.on('connection', (ws: WebSocket) => ws.on('message', (data: RawData) => ws.send(data)));
const multipath: MultipathServer = new OtherMultipathServer({ port: 0 });
multipath.createHandler({ path: '/a' }).on('connection', (ws) => ws.readyState === WebSocket.OPEN);
const plain: wss = createServer((ws) => ws.send('a'));
const other: Server = createServerFrom(createHttpServer());
Server.createServer().listen(0);
const ws: WebSocket = new OtherWebSocket('ws://a');
export { other, plain, ws };
