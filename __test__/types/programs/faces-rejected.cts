// What must not compile.
import WebSocket = require('ferrows');
import MultipathServer = require('ferrows/ws-multipath');
import Server = require('ferrows/wss');

new MultipathServer(); // error: TS2554
new MultipathServer({}); // error: TS2345
new MultipathServer({ port: '80' }); // error: TS2322
new MultipathServer({ port: 80, server: 5 }); // error: TS2353
const multipath = new MultipathServer({ port: 80 });
multipath.createHandler(); // error: TS2554
multipath.createHandler({}); // error: TS2345
multipath.createHandler({ path: 5 }); // error: TS2322
multipath.createHandler({ path: '/a', port: 5 }); // error: TS2353
multipath.listen(); // error: TS2722
multipath.listening = true; // error: TS2540
multipath.on('connection', (ws, request, pathname) => pathname.missing); // error: TS2339

Server.createServer(5); // error: TS2769
Server.createServerFrom(); // error: TS2554
Server.createServerFrom('server'); // error: TS2345
new Server({ port: 0 }).listen(true, 'a', 'b', 'c'); // error: TS2345
new Server({ port: 0 }).listen(0).missing; // error: TS2339

WebSocket.MultipathServer = MultipathServer; // error: TS2540
WebSocket.missing; // error: TS2339
const ws: WebSocket = 5; // error: TS2322
export { ws };
