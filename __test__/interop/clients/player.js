'use strict';

/** What the players in JavaScript share: a queue of events, and going through the steps of the cases. */

/** How long a step waits for its event, in milliseconds. */
const PATIENCE = 10_000;

/** Events that happened and have not been asked for. */
class Events {
  constructor() {
    this.queue = [];
    this.waiting = null;
  }

  /** @param {string} event an event in the form of the trace */
  push(event) {
    if (this.waiting) {
      this.waiting(event);
      this.waiting = null;
    } else {
      this.queue.push(event);
    }
  }

  /** @returns {Promise<string>} the next event, or `timeout` */
  async next() {
    if (this.queue.length > 0) return this.queue.shift();
    let timer;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, PATIENCE, 'timeout')));
    const event = await Promise.race([new Promise((resolve) => (this.waiting = resolve)), late]);
    clearTimeout(timer);
    return event;
  }
}

/**
 * Plays cases one after the other.
 * @param {object[]} cases from `fit`
 * @param {(testCase: object, events: Events) => Record<string, (step: object) => void>} connect opens the connection
 *   of a case and returns its actions, by the name in `do`
 * @returns {Promise<Record<string, string[]>>} traces by case
 */
const playCases = async (cases, connect) => {
  const traces = {};
  for (const testCase of cases) {
    const trace = (traces[testCase.name] = []);
    const events = new Events();
    const actions = connect(testCase, events);
    for (const step of testCase.steps) {
      if (step.do) {
        actions[step.do](step);
        continue;
      }
      const event = await events.next();
      trace.push(event);
      // A peer that hangs would do so in many cases: the rest stays without a trace.
      if (event === 'timeout') {
        if (actions.terminate) actions.terminate();
        return traces;
      }
      // Out of step: what follows would only wait.
      if (event.startsWith('close') && step.see !== 'close') break;
    }
  }
  return traces;
};

module.exports = { Events, playCases };
