// What must not compile; also compiled against @types/ws, which refuses the same lines.
import WebSocket = require('ferrows/ws');

new WebSocket(); // error: TS2554
new WebSocket(5); // error: TS2769
new WebSocket('ws://a', { handshakeTimeout: 'long' }); // error: TS2769
const ws = new WebSocket('ws://a');
ws.readyState = 1; // error: TS2540
ws.bufferedAmount = 1; // error: TS2540
ws.binaryType = 'text'; // error: TS2322
ws.send(); // error: TS2554
ws.send(Symbol('a')); // error: TS2345
ws.send('a', { binary: 1 }); // error: TS2769
ws.close('1000'); // error: TS2345
ws.close(1000, 5); // error: TS2345
ws.onmessage = 5; // error: TS2322
ws.addEventListener('message', 'listener'); // error: TS2345
ws.addEventListener('unknown', () => {}); // error: TS2345
ws.on('message'); // error: TS2554
new WebSocket.Server({ port: '80' }); // error: TS2322
new WebSocket.Server({ path: 5 }); // error: TS2322
new WebSocket.Server({ unknown: true }); // error: TS2353
new WebSocket.Server({ handleProtocols: () => 5 }); // error: TS2322
new WebSocket.Server({ port: 1 }).address().port; // error: TS2339, TS2531
WebSocket.OPEN = 2; // error: TS2540
