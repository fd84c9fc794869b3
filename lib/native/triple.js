'use strict';

/**
 * The name of this platform as it stands in binary file names and in the names of the platform packages: the one place that
 * both the loader and the build ask.
 *
 * @module lib/native/triple
 */

const fs = require('node:fs');

/**
 * Tells which C library a Linux process runs on. The report of Node knows, but takes milliseconds to make; `ldd`, where there
 * is one, is a shell script (glibc) or the loader itself (musl) and is asked first.
 *
 * @returns {'gnu' | 'musl'}
 */
function libc() {
  try {
    const ldd = fs.readFileSync('/usr/bin/ldd', 'latin1');
    if (ldd.includes('musl')) return 'musl';
    if (ldd.includes('GNU C Library') || ldd.includes('GLIBC')) return 'gnu';
  } catch {
    // A distribution without ldd: ask Node.
  }
  return process.report.getReport().header.glibcVersionRuntime ? 'gnu' : 'musl';
}

/**
 * @returns {string} `<platform>-<arch>[-<libc>]` of this process, such as `linux-x64-gnu`, `darwin-arm64`, `win32-x64-msvc`
 */
function triple() {
  const { arch, platform } = process;
  if (platform === 'linux') return `${platform}-${arch}-${libc()}`;
  if (platform === 'win32') return `${platform}-${arch}-msvc`;
  return `${platform}-${arch}`;
}

module.exports = triple;
