// Echo and broadcast server on Bun's own server. Prints `READY <pid>`.

const payload = Buffer.alloc(64, 0x61);
globalThis.Bun.serve({
  port: Number(process.env.PORT),
  hostname: '127.0.0.1',
  fetch(request, server) {
    return server.upgrade(request) ? undefined : new Response('', { status: 426 });
  },
  websocket: {
    maxPayloadLength: 64 << 20,
    idleTimeout: 0,
    perMessageDeflate: Boolean(process.env.DEFLATE),
    open(ws) {
      ws.subscribe('all');
    },
    message(ws, data) {
      if (typeof data === 'string' && data.length === 1) {
        ws.publish('all', payload);
        ws.send(payload);
      } else {
        ws.send(data, Boolean(process.env.DEFLATE));
      }
    }
  }
});
console.log(`READY ${process.pid}`);
