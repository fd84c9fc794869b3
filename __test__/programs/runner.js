'use strict';

/** Runs a program on one implementation and gives its trace. */

const { comparable, perform } = require('./acts');
const { toBytes } = require('./generator-frames');
const { connect } = require('./roads');

/** Milliseconds that a program may take; what it has seen until then is its trace. */
const LIMIT = Number(process.env.PROGRAMS_LIMIT ?? 5_000);

/** Milliseconds until a peer that does not answer is dropped. */
const CLOSE_TIMEOUT = 80;

class Run {
  /** Whoever waits for something to become true. */
  #waiting = new Set();
  #pending = new Set();
  #counts = new Map();
  #barriers = 0;
  #seenPongs = new Set();

  /** Numbers of acts. */
  number = 0;
  /** `close()` was called while open. */
  closing = false;
  /** `terminate()` and the like were called. */
  dead = false;
  closed = false;

  /** Events and acts of listeners; acts of the steps; callbacks; each in its order. */
  trace = { events: [], acts: [], callbacks: [], wire: [] };

  constructor(program, peer, ws) {
    this.program = program;
    this.peer = peer;
    this.ws = ws;
    this.masks = program.road.startsWith('client');
    peer.hold = program.last.hold;
    this.#listen();
  }

  #listen() {
    const { dom, ticks } = this.program;
    const note = (name, ...args) => {
      this.trace.events.push([name, this.ws.readyState, ...args.map(comparable)]);
      if (ticks) this.#noteTicks(name);
      this.#react(name, this.trace.events);
      this.#tell();
    };

    if (dom) {
      this.ws.addEventListener('message', ({ data }) => note('message', data));
      this.ws.addEventListener('error', ({ error, message }) => note('error', error, message));
      this.ws.addEventListener('close', ({ code, reason, wasClean }) => {
        this.closed = true;
        note('close', code, reason, wasClean);
      });
    } else {
      this.ws.on('message', (data, isBinary) => note('message', data, isBinary));
      this.ws.on('error', (err) => note('error', err));
      this.ws.on('close', (code, reason) => {
        this.closed = true;
        note('close', code, reason);
      });
    }
    this.ws.on('ping', (data) => note('ping', data));
    this.ws.on('pong', (data) => {
      const text = data.toString('latin1');
      if (!text.startsWith('~')) return note('pong', data);
      this.#seenPongs.add(text);
      return this.#tell();
    });
  }

  #noteTicks(name) {
    const { events } = this.trace;
    const at = events.length;
    process.nextTick(() => events.push(['tick of', at, name]));
    Promise.resolve().then(() => events.push(['microtask of', at, name]));
  }

  #react(name, into) {
    const count = this.#counts.get(name) ?? 0;
    this.#counts.set(name, count + 1);
    for (const { on, at, acts } of this.program.reactions) {
      if (on !== name || at !== count) continue;
      for (const act of acts) into.push(['reaction', ...perform(this, act)]);
    }
  }

  /** @returns {Function} a callback that is noted */
  callback(number) {
    this.#pending.add(number);
    return (err) => {
      this.#pending.delete(number);
      this.trace.callbacks.push([number, comparable(err ?? null)]);
      this.#react('cb', this.trace.callbacks);
      this.#tell();
    };
  }

  /** The act has thrown: its callback is not called. */
  forget(number) {
    this.#pending.delete(number);
  }

  #tell() {
    for (const look of this.#waiting) look();
  }

  /** @param {() => boolean} ready looked at after every event */
  #until(ready) {
    return new Promise((resolve) => {
      const look = () => {
        if (!ready()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Does acts of the WebSocket's side in one go. */
  act(acts) {
    for (const act of acts) this.trace.acts.push(perform(this, act));
  }

  /**
   * Sends frames of the peer in one write, with a marker behind them, and waits until the
   * WebSocket has seen it all.
   */
  async send(items) {
    const { peer } = this;
    const marker = `~${this.#barriers++}`;
    const wasPaused = this.ws.isPaused;
    const parts = items.map((item) => toBytes(item, !this.masks));
    parts.push(toBytes({ opcode: 10, hex: Buffer.from(marker).toString('hex') }, !this.masks));
    peer.send(parts);
    if (!wasPaused) await this.#until(() => this.#seenPongs.has(marker) || this.#isOver());
  }

  /** Whether nothing more is to be expected of the connection. */
  #isOver() {
    return this.closed || this.dead || this.ws.readyState === 3;
  }

  /** Waits until all that was sent has been seen by the other side. */
  async settle() {
    const { peer, ws } = this;

    await this.#until(() => this.#pending.size === 0 || this.closed);
    if (ws.readyState === 1) {
      const marker = `~${this.#barriers++}`;
      // A fragmented message may be under way: control frames can go between.
      ws.ping(marker);
      await peer.until(() => peer.pings.has(marker) || peer.gone);
    } else if (this.closing) {
      await peer.until(() => peer.closeSeen || peer.gone);
    }
    if (this.dead) {
      if (ws.readyState !== 3) await this.#until(() => this.closed);
      await peer.until(() => peer.gone);
    }
    if (this.#pending.size === 0) {
      this.trace.acts.push(['settled', ws.readyState, ws.isPaused, ws.bufferedAmount]);
    }
    this.trace.callbacks.push('settled');
    this.trace.events.push('settled');
  }

  /** Ends the connection as the program says. */
  async end() {
    const { last } = this.program;
    const { peer, ws } = this;
    const mask = !this.masks;
    const bytes = (items) => (items ?? []).map((item) => toBytes(item, mask));

    // Listeners may pause again.
    for (let i = 0; i < 9 && ws.isPaused && ws.readyState === 1 && !this.dead; i++) {
      this.act([{ do: 'resume' }]);
      await this.send([]);
      await this.settle();
    }

    if (ws.readyState === 1 && !this.dead) {
      switch (last.how) {
        case 'close':
          this.act([{ do: 'close', args: last.args }, ...last.more]);
          break;
        case 'terminate':
        case 'destroySocket':
        case 'endSocket':
          this.act([{ do: last.how }]);
          break;
        case 'peerClose':
          peer.send([
            ...bytes(last.before),
            toBytes({ opcode: 8, close: last.args }, mask),
            ...bytes(last.behind)
          ]);
          break;
        case 'violation':
          peer.send([...bytes(last.before), toBytes(last.frame, mask), ...bytes(last.behind)]);
          break;
        case 'fin':
          if (last.before.length > 0) peer.send(bytes(last.before));
          peer.socket.end();
          break;
        case 'reset':
          peer.socket.resetAndDestroy();
          break;
      }
    }
    if (this.closing && !this.dead) await this.#answerClose();
    await this.#until(() => this.closed);
    if (last.how !== 'reset') await peer.until(() => peer.gone);
    await this.#until(() => this.#pending.size === 0);
    this.trace.callbacks.push('closed');
    this.act(last.after);
    await this.#until(() => this.#pending.size === 0);
    this.trace.acts.push(['end', ws.readyState, ws.isPaused, ws.bufferedAmount, ws.bufferedAmount]);
  }

  /** Our close frame is out: what the peer does about it. */
  async #answerClose() {
    const { last } = this.program;
    const { peer } = this;
    const mask = !this.masks;

    await peer.until(() => peer.closeSeen || peer.gone);
    if (peer.gone || this.closed) return;
    if (this.ws.isPaused) this.act([{ do: 'resume' }]);
    if (last.incoming?.length > 0) await this.send(last.incoming);
    if (peer.gone || this.closed) return;

    switch (last.answer ?? 'echo') {
      case 'echo':
        peer.send([toBytes({ opcode: 8, close: last.args ?? [] }, mask)]);
        break;
      case 'other':
        peer.send([toBytes({ opcode: 8, close: [4321, 'other'] }, mask)]);
        break;
      case 'fin':
        peer.socket.end();
        break;
      case 'violation':
        peer.send([toBytes(last.frame, mask)]);
        break;
      case 'terminate':
        this.act([{ do: 'terminate' }]);
        break;
    }
  }

  /** The whole program. */
  async whole() {
    for (const step of this.program.steps) {
      if (this.dead || this.closed || this.peer.gone) break;
      const wasPaused = this.ws.isPaused;
      if (step.ws) this.act(step.ws);
      else await this.send(step.peer);
      // What has waited comes now.
      if (wasPaused && !this.ws.isPaused && !this.dead) await this.send([]);
      await this.settle();
    }
    await this.end();
  }

  /** @returns {object} the trace */
  result() {
    return { ...this.trace, wire: this.peer.frames };
  }
}

/**
 * @param {Function} WebSocket the implementation
 * @param {object} program see `generator.js`
 * @returns {Promise<object>} its trace, with `stuck: true` if it did not come to its end
 */
async function run(WebSocket, program) {
  const options = { closeTimeout: CLOSE_TIMEOUT, ...program.options };
  const { peer, ws } = await connect(WebSocket, program.road, options);
  const running = new Run(program, peer, ws);
  let timer;
  const limit = new Promise((resolve) => {
    timer = setTimeout(resolve, LIMIT, true);
  });
  const stuck = await Promise.race([running.whole(), limit]);

  clearTimeout(timer);
  const trace = running.result();
  const copy = JSON.parse(JSON.stringify(stuck === true ? { stuck, ...trace } : trace));
  ws.terminate();
  peer.socket.destroy();
  return copy;
}

module.exports = { run };
