// What `ws` 8.23 has and @types/ws does not know yet.
import WebSocket = require('ferrows/ws');

const ws = new WebSocket('ws://a', {
  protocols: ['a'],
  closeTimeout: 5,
  maxPendingAutoPongs: 0,
  headers: { 'X-Many': ['a', 'b'] },
  servername: ''
});
ws.binaryType = 'blob';
ws.close(1000, new Uint8Array(1));
new WebSocket.Server({ port: 0, closeTimeout: 5, maxPendingAutoPongs: 0 });
const names: Set<string> = WebSocket.subprotocol.parse('a, b');
const offers = WebSocket.extension.parse('permessage-deflate; a=b');
const value: string | true = offers['permessage-deflate'][0].a[0];
const header: string = WebSocket.extension.format({ a: { b: 1 } });
const frame: (Buffer | string)[] = WebSocket.Sender.frame(Buffer.alloc(1), {
  opcode: 1,
  fin: true
});
new WebSocket.Receiver({ isServer: true }).write(frame[0]);
const name: 'permessage-deflate' = WebSocket.PerMessageDeflate.extensionName;
ws.on('message', (data: number) => data); // as in @types/ws: unknown events take any listener
export { header, name, names, value };
