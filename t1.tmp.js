const WS = require('ws');
const F = require('/work/main/lib/ws');
const mode = process.argv[2] || 'port';
const http=require('http');
let wss, srv;
const on = (ws, req) => {
  console.log('conn', req.url, ws.readyState, ws._socket.remoteAddress);
  ws.on('message', (d, b) => { console.log('srv msg', d.length, b); ws.send(d, {binary:b}, (e)=>console.log('cb', e)); console.log('ba', ws.bufferedAmount)});
  ws.on('close', (c, r) => { console.log('srv close', c, r.toString()); wss.close(()=>{console.log('wss closed'); srv && srv.close()}); });
  ws.on('ping', d=>console.log('srv ping', d.toString()));
};
function go(port){
  const c = new WS('ws://127.0.0.1:'+port+'/x');
  c.on('open', ()=>{ c.send('hello'); c.ping('p'); c.send(Buffer.alloc(100000,1)); });
  let n=0;
  c.on('message', (d,b)=>{ console.log('cli msg', d.length, b); if(++n==2) c.close(4001,'bye') });
  c.on('pong', d=>console.log('cli pong', d.toString()));
  c.on('close',(c,r)=>console.log('cli close',c,r.toString()));
  c.on('error',e=>console.log('cli err', e));
}
if (mode==='port'){ wss = new F.WebSocketServer({port:0}, function(){ console.log('listening', wss.address()); go(wss.address().port)}); }
else { srv=http.createServer(); wss=new F.WebSocketServer({server:srv}); srv.listen(0,()=>go(srv.address().port)); }
wss.on('connection', on);
setTimeout(()=>{console.log('TIMEOUT');process.exit(1)},4000).unref();
