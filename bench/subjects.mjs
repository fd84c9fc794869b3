// What is measured, and under which load.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const serverFile = (name) => path.join(ROOT, 'bench', 'servers', name);

/** A server on a package with the API of `ws`. */
const wsLike = (module, { attached = false, env = {} } = {}) => ({
  command: [process.execPath, serverFile('ws.cjs')],
  env: { MODULE: module, ...(attached ? { ATTACHED: '1' } : {}), ...env },
  base: attached ? 'ws-att' : 'ws'
});

/**
 * Servers by name: `{ command, env, base }`; `base` is whom the ratios of `--base auto` are taken against.
 * `module` and `module-att` measure the package that MODULE names; `bun` needs that program (or BUN).
 */
export const servers = {
  ws: wsLike('ws'),
  'ws-plain': wsLike('ws', { env: { WS_NO_BUFFER_UTIL: '1', WS_NO_UTF_8_VALIDATE: '1' } }),
  'ws-att': wsLike('ws', { attached: true }),
  ferrows: wsLike(ROOT),
  'ferrows-att': wsLike(ROOT, { attached: true }),
  module: wsLike(process.env.MODULE || ''),
  'module-att': wsLike(process.env.MODULE || '', { attached: true }),
  websocket: {
    command: [process.execPath, serverFile('websocket.cjs')],
    env: { MODULE: 'websocket' },
    base: 'ws'
  },
  bun: { command: [process.env.BUN || 'bun', serverFile('bun.js')], env: {}, base: 'ws' }
};

/** Loads by name: `{ args, about }` and perhaps `{ same, env, memory }`. */
export const scenarios = {
  a1: { args: ['echo', '--conns', '1'], about: '64 B echo, one connection' },
  a1same: {
    args: ['echo', '--conns', '1'],
    same: true,
    about: '64 B echo, one connection, both programs on one core'
  },
  a100: { args: ['echo', '--conns', '100'], about: '64 B echo, 100 connections' },
  a100text: {
    args: ['echo', '--conns', '100', '--text'],
    about: '64 B text echo, 100 connections'
  },
  a1000: { args: ['echo', '--conns', '1000'], about: '64 B echo, 1,000 connections' },
  b: {
    args: ['echo', '--conns', '50', '--k', '32'],
    about: '64 B echo, 32 outstanding on each of 50 connections'
  },
  b1: {
    args: ['echo', '--conns', '1', '--k', '32'],
    about: '64 B echo, 32 outstanding on one connection'
  },
  c: { args: ['fanout', '--conns', '1000'], about: 'broadcast of 64 B to 1,000 connections' },
  d: {
    args: ['connect', '--conns', '32', '--max', '60000'],
    about: 'connect, upgrade, close; 32 at a time'
  },
  e: { args: ['echo', '--conns', '4', '--size', '1048576'], about: '1 MiB echo, 4 connections' },
  e16: { args: ['echo', '--conns', '20', '--size', '16384'], about: '16 KiB echo, 20 connections' },
  f: {
    args: ['idle', '--conns', '10000', '--settle', '1.5'],
    memory: true,
    about: '10,000 idle connections'
  },
  g: {
    args: ['echo', '--conns', '50', '--size', '1024', '--deflate'],
    env: { DEFLATE: '1' },
    about: 'permessage-deflate echo of 1 KiB texts'
  },
  r5k: {
    args: ['echo', '--conns', '100', '--rate', '5000'],
    about: '5,000 messages a second over 100 connections'
  },
  r20k: {
    args: ['echo', '--conns', '100', '--rate', '20000'],
    about: '20,000 messages a second over 100 connections'
  }
};

/** What the project has promised: a quantity of one server, as a ratio to its base or absolute, and its limit. */
export const targets = [
  { scenario: 'a100', server: 'ferrows', key: 'cpu_us', atMost: 0.6 },
  { scenario: 'a100', server: 'ferrows', key: 'main_us', atMost: 0.1 },
  { scenario: 'b', server: 'ferrows', key: 'per_s', atLeast: 15 },
  { scenario: 'd', server: 'ferrows', key: 'cpu_us', atMost: 0.35 },
  { scenario: 'a100', server: 'ferrows-att', key: 'cpu_us', atMost: 0.8 },
  { scenario: 'f', server: 'ferrows', key: 'idle_bytes', absolute: true, atMost: 3000 }
];

/** Whether a server can be measured with a scenario. */
export const suits = (server, scenario) => !(scenario === 'g' && server === 'websocket');

/** Whether the programs that a server needs are there; `null`, or what is missing. */
export const missing = (name) => {
  if (name.startsWith('module') && !process.env.MODULE) return 'MODULE is not set';
  const native = existsSync(path.join(ROOT, 'lib', 'native'));
  return name.startsWith('ferrows') && !native ? 'the addon is not built' : null;
};
