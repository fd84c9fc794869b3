'use strict';

// Workers load the addon, serve, and are terminated in mid-traffic; the main thread may load it before, after or never.

const fs = require('node:fs');
const path = require('node:path');
const { Worker } = require('node:worker_threads');

const [, , rounds, mainLoads] = process.argv;
const descriptors = () =>
  process.platform === 'linux' ? fs.readdirSync('/proc/self/fd').length : 0;

(async () => {
  if (mainLoads === 'before') require('ferrows');
  const before = descriptors();
  for (let round = 0; round < Number(rounds); round++) {
    const worker = new Worker(path.join(__dirname, 'traffic-worker.js'));
    await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    const code = await worker.terminate();
    if (code !== 1) throw new Error(`exit code ${code}`);
  }
  if (mainLoads === 'after') require('ferrows');
  // The last worker's descriptors may take a moment; ten are well below one worker's traffic.
  const deadline = Date.now() + 5000;
  while (descriptors() > before + 10 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  console.log(
    descriptors() <= before + 10 ? 'clean' : `${descriptors() - before} descriptors left`
  );
})();
