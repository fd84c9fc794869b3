// ES modules for `ws` with the root export.
import WebSocket, { WebSocketServer, createWebSocketStream } from 'ferrows';
import type { AddressInfo, ClientOptions, Data, RawData, Server, ServerOptions } from 'ferrows';
import * as all from 'ferrows';

const options: ServerOptions = { port: 0 };
const server: Server = new WebSocketServer(options);
const address = server.address() as AddressInfo;
const clientOptions: ClientOptions = { origin: 'http://a', perMessageDeflate: false };
const ws = new WebSocket(`ws://localhost:${address.port}`, clientOptions);
ws.on('message', (data: RawData) => data.toString());
ws.onmessage = (event) => {
  const data: Data = event.data;
  return data;
};
createWebSocketStream(ws).end();
const again: WebSocket = new all.WebSocket('ws://a');
const servers: WebSocketServer[] = [new all.WebSocketServer({ noServer: true })];
export { again, servers };
