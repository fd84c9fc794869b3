'use strict';

/**
 * Starts the servers of the scenario and plays it: the part that the tests share.
 *
 * The subject is this package, or what `SUBJECT` names: `SUBJECT=original` runs everything on ws, ws-multipath and
 * wss themselves, which checks the scenario and not the package.
 */

const { fork } = require('node:child_process');
const path = require('node:path');
const { cases } = require('./cases.js');
const { fit } = require('./trace.js');

/** The originals, by face. */
const ORIGINAL = { ws: 'ws', multipath: 'ws-multipath', wss: 'wss' };
/** This package, by face. */
const OURS = { ws: 'ferrows', multipath: 'ferrows/ws-multipath', wss: 'ferrows/wss' };
/** What is tested. */
const SUBJECT = process.env.SUBJECT === 'original' ? ORIGINAL : OURS;

/** What the servers of `serve.js` can do, by kind, and where they differ from ws. */
const abilities = (kind) =>
  kind.startsWith('wss')
    ? { can: [], quirk: wssQuirk }
    : { can: ['refuse', 'choose', 'new-codes'] };

/** Where the sockets of wss differ: `close()` without a code sends 1000, and an empty close frame counts as 1000. */
const wssQuirk = (step) =>
  step.see === 'close' && step.code === 1005 ? { ...step, code: 1000 } : step;

/**
 * Forks a server of the scenario.
 * @param {string} kind a kind of serve.js
 * @param {{ws: string, multipath: string, wss: string}} [modules] which packages, default the subject
 * @param {{shapes?: boolean}} [options] `shapes`: describe the arguments of events
 * @returns {Promise<object>} `{ kind, abilities, target, traces(), stop(), kill() }`; `target` is `{ url } | { socketPath }` and `secure`
 */
const startServer = async (kind, modules = SUBJECT, { shapes = false } = {}) => {
  const child = fork(
    path.join(__dirname, 'serve.js'),
    [JSON.stringify({ kind, modules, shapes })],
    { stdio: ['ignore', 'inherit', 'pipe', 'ipc'] }
  );
  let errors = '';
  child.stderr.on('data', (chunk) => (errors += chunk));
  const exited = new Promise((resolve) =>
    child.on('exit', (code, signal) => resolve({ code, signal }))
  );
  const next = (key) =>
    new Promise((resolve, reject) => {
      const heard = (message) => {
        if (message[key] === undefined) return;
        child.off('message', heard);
        resolve(message);
      };
      child.on('message', heard);
      exited.then(({ code, signal }) =>
        reject(new Error(`the server (${kind}) ended: ${signal || code}\n${errors}`))
      );
    });
  const { ready } = await next('ready');
  return {
    kind,
    abilities: abilities(kind),
    target: ready,
    /** Traces by case, once no connection is open any more; `open` counts those that stayed. */
    traces: () => {
      const answer = next('traces');
      if (child.connected) child.send({ get: 'traces' });
      return answer;
    },
    /** Closes the server. The process has to end by itself: killed after 10 s, which the result tells. */
    stop: async () => {
      if (child.connected) child.send({ get: 'end' });
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      const end = await exited;
      clearTimeout(timer);
      return { ...end, errors };
    },
    /** Ends the process, if it is still there: for a test that failed. */
    kill: () => child.kill('SIGKILL')
  };
};

/** Reads the differences between two sets of traces, as text; empty if there are none. */
const differences = (wanted, got) => {
  const lines = [];
  for (const [name, expected] of Object.entries(wanted)) {
    const seen = got[name] || [];
    if (expected.join('\n') !== seen.join('\n')) {
      const at = expected.findIndex((event, i) => event !== seen[i]);
      const index = at < 0 ? expected.length : at;
      lines.push(
        `${name}: event ${index} should be ${expected[index] || 'none'}, is ${seen[index] || 'none'} (${seen.length} events)`
      );
    }
  }
  return lines;
};

/**
 * Plays the scenario with a client of another hand against a server of the scenario.
 * @param {object} player a player (clients/*.js): `{ name, can, play(target, cases) }`
 * @param {object} server from `startServer`
 * @returns {Promise<{lines: string[], played: number, left: number}>} differences, and how many cases there were
 */
const playAgainst = async (player, server) => {
  const { play, wanted, wantedServer, left } = fit(cases, player, server.abilities);
  const seen = await player.play(server.target, play);
  const { traces, open } = await server.traces();
  const lines = [
    ...differences(wanted, seen).map((line) => `client: ${line}`),
    ...differences(wantedServer, traces).map((line) => `server: ${line}`)
  ];
  if (open > 0) lines.push(`${open} connections of the server stayed open`);
  return { lines, played: play.length, left };
};

module.exports = { ORIGINAL, OURS, SUBJECT, differences, playAgainst, startServer };
