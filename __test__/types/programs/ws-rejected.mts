// What must not compile; also compiled against @types/ws, which refuses the same lines.
import { Server } from 'ferrows/ws';
import { createServer } from 'ferrows/ws'; // error: TS2614

new Server({ port: 0 }); // error: TS2693
createServer();
