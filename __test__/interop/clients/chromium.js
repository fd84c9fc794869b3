'use strict';

const { existsSync } = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const pagePlayer = require('./page.js');

/** Where distributions put it. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
/** How long a step waits for its event, in milliseconds. */
const PATIENCE = 10_000;

/** @returns {string|null} the browser's executable: `CHROMIUM`, or the first known name on the path */
const findChromium = () => {
  if (process.env.CHROMIUM) return existsSync(process.env.CHROMIUM) ? process.env.CHROMIUM : null;
  for (const dir of (process.env.PATH || '').split(path.delimiter)) {
    const found = NAMES.map((name) => path.join(dir, name)).find((file) => existsSync(file));
    if (found) return found;
  }
  return null;
};

/** A player in a page of headless Chromium. */
module.exports = {
  name: 'Chromium',
  /** @returns {string|null} why it cannot play, null if it can */
  missing: () => {
    if (findChromium() === null) return 'Chromium is not installed (scripts/peers.sh chromium)';
    try {
      require.resolve('playwright-core');
      return null;
    } catch {
      return 'playwright-core is not installed';
    }
  },
  can: ['empty-close'],
  blind: ['ping'],
  /** A page is not told why a handshake was refused. */
  quirk: (step) => (step.see === 'refused' ? { ...step, status: 0 } : step),
  play: async (target, cases) => {
    const { chromium } = require('playwright-core');
    // A page of 127.0.0.1 is a secure context, which the digests need.
    const front = http.createServer((request, response) =>
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>scenario</title>')
    );
    await new Promise((resolve) => front.listen(0, '127.0.0.1', resolve));
    const args = ['--no-sandbox', '--ignore-certificate-errors'];
    let browser;
    try {
      browser = await chromium.launch({ executablePath: findChromium(), args });
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${front.address().port}/`);
      return await page.evaluate(
        `(${pagePlayer.toString()})(${JSON.stringify({ url: target.url, cases, patience: PATIENCE })})`
      );
    } finally {
      if (browser) await browser.close();
      front.close();
    }
  }
};
