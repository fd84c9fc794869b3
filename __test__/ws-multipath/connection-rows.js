'use strict';

/**
 * What a server's connection does, as scenarios for the faces: each runs on the original and on ours (compare.js of the face).
 *
 * A scenario gets the stage and `open(options, change)`, which resolves with `{ peer, ws }`: a bare peer and the server's
 * WebSocket, with these options of the server and this change of the request (see raw-peer.js).
 */

const { once } = require('node:events');

const { closePayload, frame, parseFrames } = require('../ws/raw-peer');

/** @returns {Promise<Array>} The arguments of the next event */
const next = (emitter, name) =>
  new Promise((resolve) => emitter.once(name, (...args) => resolve(args)));

/** @returns {Promise<Array>} First byte and payload of the frames up to the end of the connection */
const framesOf = async (peer) =>
  parseFrames(await peer.readAll()).map(({ first, payload }) => [first, payload]);

/** @returns {string|Array} Text that can be compared, whatever the form of a message */
const bytesOf = (data) => {
  if (Array.isArray(data)) return data.map(bytesOf);
  return typeof data === 'string' ? data : Buffer.from(data).toString('latin1');
};

/** Sends a frame and waits until the server's side has closed; logs what came back and the events. */
async function violate(stage, { peer, ws }, ...frames) {
  const events = [];
  const closed = next(ws, 'close');

  ws.on('message', (data) => events.push(['message', data]));
  ws.on('error', (err) => events.push(['error', ws.readyState, err]));
  peer.write(...frames);
  stage.log(await framesOf(peer));
  stage.log(await closed, ws.readyState);
  stage.log(events.flat());
}

/** Fails once for each list of frames. */
const violations = (...lists) =>
  async function run(stage, open, options) {
    for (const frames of lists) await violate(stage, await open(options), ...frames);
  };

module.exports = {
  async binaryTypes(stage, open) {
    for (const type of ['nodebuffer', 'arraybuffer', 'fragments', 'blob', 'nonsense']) {
      const { peer, ws } = await open();

      ws.binaryType = type;
      const got = next(ws, 'message');
      peer.write(frame(2, 'a', { fin: false }), frame(0, 'bc'));
      const [data, isBinary] = await got;
      stage.log(ws.binaryType, data.constructor.name, isBinary);
      stage.log(bytesOf(data instanceof Blob ? await data.arrayBuffer() : data));
    }
  },

  async fragments(stage, open) {
    const { peer, ws } = await open();
    const got = next(ws, 'message');

    peer.write(frame(1, 'one ', { fin: false }), frame(9, ''), frame(0, '', { fin: false }));
    peer.write(frame(0, 'tw\u00f6 ', { fin: false }), frame(0, 'three'));
    stage.log(bytesOf((await got)[0]));
  },

  async oneRun(stage, open) {
    const { peer, ws } = await open();
    const order = [];
    const last = new Promise((resolve) => {
      ws.on('message', (data) => {
        order.push(`message ${data}`);
        process.nextTick(() => order.push(`tick ${data}`));
        Promise.resolve().then(() => order.push(`microtask ${data}`));
        if (String(data) === 'c') setImmediate(resolve);
      });
    });

    peer.write(frame(1, 'a'), frame(1, 'b'), frame(1, 'c'));
    await last;
    stage.log(order);
  },

  async serial(stage, open) {
    const { peer, ws } = await open({ allowSynchronousEvents: false });
    const order = [];
    const last = new Promise((resolve) => {
      ws.on('message', (data) => {
        order.push(`message ${data}`);
        process.nextTick(() => order.push(`tick ${data}`));
        Promise.resolve().then(() => order.push(`microtask ${data}`));
        if (String(data) === 'c') setImmediate(resolve);
      });
    });

    peer.write(frame(1, 'a'), frame(1, 'b'), frame(1, 'c'));
    await last;
    stage.log(order);
  },

  async pings(stage, open) {
    const { peer, ws } = await open();

    for (const event of ['ping', 'pong']) ws.on(event, (...args) => stage.log(event, args));
    const ended = next(ws, 'pong');
    peer.write(frame(9, 'one'), frame(9, ''), frame(10, 'unasked'));
    await ended;
    ws.close();
    peer.write(frame(8, ''));
    stage.log(await framesOf(peer));
  },

  async noAutoPong(stage, open) {
    const { peer, ws } = await open({ autoPong: false });
    const pinged = next(ws, 'ping');

    peer.write(frame(9, 'one'));
    await pinged;
    ws.close();
    peer.write(frame(8, ''));
    stage.log(await framesOf(peer));
  },

  async emptyText(stage, open) {
    const { peer, ws } = await open();
    const got = next(ws, 'message');

    peer.write(frame(1, ''));
    const [data] = await got;
    stage.log(data, data.length);
  },

  unmasked: violations([frame(1, 'before'), frame(1, 'bare', { mask: false })]),
  reservedBits: violations(
    [frame(1, 'a', { rsv: 2 })],
    [frame(2, 'a', { rsv: 1 })],
    [frame(1, 'a', { rsv: 4 })],
    [frame(9, 'a', { rsv: 4 })]
  ),
  opcodes: violations([frame(3, '')], [frame(11, '')], [frame(0, 'a')]),
  controlFrames: violations(
    [frame(9, '', { fin: false })],
    [frame(10, Buffer.alloc(126))],
    [frame(8, 'x')]
  ),
  invalidText: violations(
    [frame(1, Buffer.from([0x61, 0xff]))],
    [frame(8, Buffer.concat([closePayload(1000), Buffer.from([0xff])]))]
  ),
  closeCodes: violations(
    [frame(8, closePayload(999))],
    [frame(8, closePayload(1005))],
    [frame(8, closePayload(5000))]
  ),

  async payloadLimit(stage, open) {
    const options = { maxPayload: 5 };
    const { peer, ws } = await open(options);
    const got = next(ws, 'message');

    peer.write(frame(1, '12345'));
    stage.log((await got)[0]);
    for (const frames of [
      [frame(1, '123456')],
      [frame(2, '123', { fin: false }), frame(0, '456')]
    ]) {
      await violate(stage, await open(options), ...frames);
    }
  },

  async fragmentLimit(stage, open) {
    const { peer, ws } = await open({ maxFragments: 2 });
    const got = next(ws, 'message');

    peer.write(frame(1, 'a', { fin: false }), frame(0, 'b'));
    stage.log((await got)[0]);
    const more = [frame(1, 'a', { fin: false }), frame(0, '', { fin: false }), frame(0, 'c')];
    await violate(stage, await open({ maxFragments: 2 }), ...more);
  },

  async chunkLimit(stage, open) {
    const { peer, ws } = await open({ maxBufferedChunks: 3 });
    const failed = next(ws, 'error');
    let over = false;

    failed.then(() => {
      over = true;
    });
    // How many arrive as chunks of their own is the kernel's choice; more than three do in the end.
    peer.socket.setNoDelay();
    peer.write(frame(2, '', { announce: 100_000 }));
    while (!over) {
      peer.write('x');
      await new Promise(setImmediate);
    }
    stage.log(await failed);
    stage.log(await framesOf(peer));
  },

  async pausing(stage, open) {
    const { peer, ws } = await open();
    const got = [];

    ws.on('message', (data) => got.push(String(data)));
    stage.log(ws.isPaused, ws.pause(), ws.isPaused);
    peer.write(frame(1, 'waits'));
    // Time in which it would arrive.
    await new Promise((resolve) => setTimeout(resolve, 40));
    stage.log(got);
    const resumed = next(ws, 'message');
    stage.log(ws.resume(), ws.isPaused);
    await resumed;
    stage.log(got);
    const closed = next(ws, 'close');
    ws.terminate();
    await closed;
    stage.log(ws.pause(), ws.isPaused, ws.resume());
  },

  async forms(stage, open) {
    const { peer, ws } = await open();
    const memory = Uint8Array.of(65, 66, 67, 68);

    ws.send('text \u20ac');
    ws.send(Buffer.from('buffer'));
    ws.send(memory.subarray(1, 3));
    ws.send(new Uint16Array(memory.buffer, 2, 1));
    ws.send(new DataView(memory.buffer, 1, 2));
    ws.send(memory.buffer);
    ws.send('x'.repeat(70_000));
    ws.close(1000);
    peer.write(frame(8, closePayload(1000)));
    stage.log(await framesOf(peer));
  },

  async otherForms(stage, open) {
    const { peer, ws } = await open();

    ws.send(5);
    ws.send([65, 66]);
    ws.send(null);
    ws.send();
    ws.send('');
    for (const wrong of [true, {}, Symbol.iterator, 5n, () => {}]) {
      try {
        ws.send(wrong, {});
        stage.log('fine');
      } catch (err) {
        stage.log(err.constructor.name, err.code);
      }
    }
    ws.close(1000);
    peer.write(frame(8, closePayload(1000)));
    stage.log(await framesOf(peer));
  },

  async sendOptions(stage, open) {
    const { peer, ws } = await open();

    ws.send('as binary', { binary: true });
    ws.send(Buffer.from('as text'), { binary: false });
    ws.send('not compressed', { compress: false });
    ws.send('a', { fin: false });
    ws.send('b', { fin: false });
    ws.ping('between');
    ws.send('c', { fin: true });
    ws.send('masked', { mask: true });
    ws.close(1000);
    peer.write(frame(8, closePayload(1000)));
    stage.log(await framesOf(peer));
  },

  async tooLate(stage, open) {
    const { peer, ws } = await open();

    ws.close();
    for (const name of ['closing', 'closed']) {
      const order = [];

      stage.log(name, ws.readyState, ws.send('12345'));
      await new Promise((resolve) => {
        ws.send('x', (err) => {
          order.push('callback', err.message);
          resolve();
        });
        order.push('returned');
      });
      stage.log(order, ws.bufferedAmount);
      if (name === 'closing') {
        const closed = next(ws, 'close');
        peer.write(frame(8, ''));
        await framesOf(peer);
        await closed;
      }
    }
  },

  async callbacks(stage, open) {
    const { peer, ws } = await open();
    const order = [];
    const sent = new Promise((resolve) => {
      ws.send('a', (err) => order.push('a', err ?? null));
      ws.ping('b', undefined, (err) => order.push('b', err ?? null));
      ws.send('c', {}, (err) => {
        order.push('c', err ?? null);
        resolve();
      });
      order.push('returned');
    });

    await sent;
    stage.log(order);
    stage.log(parseFrames(await peer.read(9)).map(({ payload }) => payload));
  },

  async controlSizes(stage, open) {
    const { peer, ws } = await open();

    for (const method of ['ping', 'pong']) {
      ws[method]('x'.repeat(125));
      try {
        ws[method]('x'.repeat(126));
        stage.log('fine');
      } catch (err) {
        stage.log(method, err);
      }
    }
    ws.close(1000);
    peer.write(frame(8, closePayload(1000)));
    stage.log(await framesOf(peer));
  },

  async oneFrame(stage, open) {
    const { peer, ws } = await open();
    const text = 'x'.repeat(300_000);

    ws.send(text);
    ws.close(1000);
    peer.write(frame(8, closePayload(1000)));
    const [large, close, ...rest] = await framesOf(peer);
    stage.log(large[0], large[1] === text, close, rest.length);
  },

  async bufferedAmount(stage, open) {
    const { peer, ws } = await open();

    stage.log(ws.bufferedAmount);
    ws.send('small');
    stage.log(ws.bufferedAmount);
    stage.log((await peer.read(7)).subarray(2));
    // More than the kernel takes, for a peer that does not read.
    peer.socket.pause();
    const size = 32 * 1024 * 1024;
    const written = new Promise((resolve) => ws.send(Buffer.alloc(size), resolve));
    const waiting = ws.bufferedAmount;
    stage.log(waiting > 0, waiting <= size + 10);
    // Read, and not kept.
    peer.socket.removeAllListeners('data').resume();
    await written;
    stage.log(ws.bufferedAmount);
  },

  async order(stage, open) {
    const { peer, ws } = await open();

    ws.send('first');
    ws.ping('second');
    ws.send(new Blob(['third']));
    ws.send('fourth');
    ws.pong('fifth');
    ws.send(new Blob([]));
    ws.close(1000, 'last');
    peer.write(frame(8, closePayload(1000)));
    stage.log(await framesOf(peer));
  },

  async closing(stage, open) {
    for (const args of [[], [1000], [4999, 'gr\u00fcn'], [1001, 'x'.repeat(123)]]) {
      const { peer, ws } = await open();
      const closed = next(ws, 'close');

      ws.close(...args);
      stage.log(ws.readyState);
      const [first, length] = await peer.read(2);
      const payload = await peer.read(length);
      stage.log(first, payload);
      peer.write(frame(8, payload));
      stage.log(await framesOf(peer));
      stage.log(await closed);
    }
  },

  async badCloses(stage, open) {
    for (const args of [[999], [1004], ['1000'], [5000], [1000, 'x'.repeat(124)]]) {
      const { ws } = await open();

      try {
        ws.close(...args);
        stage.log('fine');
      } catch (err) {
        stage.log(err.constructor.name, err.message, ws.readyState);
      }
    }
  },

  async peerCloses(stage, open) {
    for (const payload of ['', closePayload(1000), closePayload(4001, 'b\u00fcrste')]) {
      const { peer, ws } = await open();
      const closed = next(ws, 'close');

      peer.write(frame(8, payload), frame(1, 'ignored'));
      ws.on('message', () => stage.log('message'));
      stage.log(await framesOf(peer));
      stage.log(await closed, ws.readyState);
    }
  },

  async lost(stage, open) {
    for (const end of ['end', 'resetAndDestroy']) {
      const { peer, ws } = await open();
      const closed = next(ws, 'close');

      ws.on('error', (err) => stage.log('error', err));
      peer.socket[end]();
      stage.log(await closed, ws.readyState);
    }
  },

  async timeLimit(stage, open) {
    const { peer, ws } = await open({ closeTimeout: 30 });
    const closed = next(ws, 'close');

    peer.holdOpen = true;
    ws.close(4000, 'no answer');
    stage.log(await closed);
    stage.log(await framesOf(peer));
  },

  async flushed(stage, open) {
    const { peer, ws } = await open();
    const size = 4 * 1024 * 1024;

    ws.send(Buffer.alloc(size, 'x'));
    ws.send('last');
    ws.close(1000);
    peer.write(frame(8, closePayload(1000)));
    const [large, ...rest] = await framesOf(peer);
    stage.log(large[1] === 'x'.repeat(size), rest);
  },

  async terminated(stage, open) {
    const { peer, ws } = await open();
    const closed = next(ws, 'close');

    ws.terminate();
    stage.log(ws.readyState, await framesOf(peer), await closed, ws.readyState);
    stage.log(ws.terminate());
  },

  async listeners(stage, open) {
    const { peer, ws } = await open();
    const seen = [];
    const twice = ({ data }) => seen.push(['twice', data]);
    const object = {
      handleEvent(event) {
        seen.push(['object', event.data, this === object]);
      }
    };

    ws.addEventListener('message', twice);
    ws.addEventListener('message', twice);
    ws.addEventListener('message', object);
    ws.addEventListener('message', ({ data }) => seen.push(['once', data]), { once: true });
    ws.addEventListener('nonsense', twice);
    stage.log(ws.listenerCount('message'), ws.listenerCount('nonsense'));
    peer.write(frame(1, 'a'), frame(1, 'b'));
    await once(ws, 'pong', peer.write(frame(10, '')));
    stage.log(seen);
  },

  async removal(stage, open) {
    const { peer, ws } = await open();
    const seen = [];
    const kept = () => seen.push('kept');
    const gone = () => seen.push('gone');

    for (const listener of [kept, gone]) ws.addEventListener('message', listener);
    ws.onmessage = gone;
    ws.on('message', gone);
    ws.removeEventListener('message', gone);
    ws.removeEventListener('message', () => {});
    stage.log(ws.listenerCount('message'), ws.onmessage === gone);
    ws.onmessage = null;
    ws.removeListener('message', gone);
    const got = once(ws, 'pong');
    peer.write(frame(1, 'a'), frame(10, ''));
    await got;
    stage.log(seen, ws.onmessage);
  },

  async events(stage, open) {
    const { peer, ws } = await open();
    const log = (event, ...names) => {
      stage.log(
        event.constructor.name,
        event.type,
        event.target === ws,
        names.map((name) => event[name])
      );
    };
    const closed = new Promise((resolve) => {
      ws.onclose = (event) => resolve(log(event, 'code', 'reason', 'wasClean'));
    });

    ws.onmessage = (event) => log(event, 'data');
    peer.write(frame(1, 'text'), frame(2, 'bytes'), frame(8, closePayload(4000, 'why')));
    await framesOf(peer);
    await closed;
  }
};
