'use strict';

/**
 * Loads the addon: the file named by the environment variable NAPI_RS_NATIVE_LIBRARY_PATH, or else the binary built next to
 * this file, or else the platform package. What is *absent* is passed over; what is present and does not load is an error
 * with its reason, never hidden by the next candidate.
 *
 * @module lib/native
 */

const fs = require('node:fs');
const path = require('node:path');
const triple = require('./triple');

/**
 * @param {string} name the platform's name
 * @param {{ what: string, why: string }[]} tried each candidate and why it did not serve
 * @param {unknown} cause the error of the candidate that was present, if there was one
 * @returns {Error} one error that says what is missing, what was tried, and what to do; `code` is `ERR_FERROWS_NATIVE`
 */
function loadError(name, tried, cause) {
  const found = cause !== undefined;
  const root = path.join(__dirname, '..', '..');
  const lines = [
    found
      ? `The native part of ferrows is there, but does not load (${name}, Node.js ${process.version}).`
      : `The native part of ferrows is missing (${name}, Node.js ${process.version}).`,
    'Tried:',
    ...tried.map(({ what, why }) => `  - ${what}: ${why}`),
    `Cure: build it (Rust 1.88 or newer and a C linker needed): npm run build --prefix "${root}"`,
    ...(process.env.NAPI_RS_NATIVE_LIBRARY_PATH
      ? ['      or unset NAPI_RS_NATIVE_LIBRARY_PATH']
      : [])
  ];
  const err = new Error(lines.join('\n'), found ? { cause } : undefined);
  err.code = 'ERR_FERROWS_NATIVE';
  return err;
}

/** @returns {object} the addon's exports */
function load() {
  const name = triple();
  const tried = [];
  const chosen = process.env.NAPI_RS_NATIVE_LIBRARY_PATH;
  const file = chosen ? path.resolve(chosen) : path.join(__dirname, `ferrows.${name}.node`);
  const platformPackage = `@ferrows/${name}`;

  if (fs.existsSync(file)) {
    try {
      return require(file);
    } catch (err) {
      tried.push({ what: file, why: err.message });
      throw loadError(name, tried, err);
    }
  }
  tried.push({
    what: file,
    why: chosen ? 'no such file (named by NAPI_RS_NATIVE_LIBRARY_PATH)' : 'no such file'
  });
  // A path that somebody asked for and that is not there must not be replaced by another binary in silence.
  if (chosen) throw loadError(name, tried);

  let resolved;
  try {
    resolved = require.resolve(platformPackage);
  } catch {
    tried.push({ what: platformPackage, why: 'not installed' });
    throw loadError(name, tried);
  }
  try {
    return require(resolved);
  } catch (err) {
    tried.push({ what: resolved, why: err.message });
    throw loadError(name, tried, err);
  }
}

module.exports = load();
