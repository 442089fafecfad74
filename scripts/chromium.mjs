import { access } from 'node:fs/promises';
import { chromium } from 'playwright-core';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Arguments that keep a browser from doing anything but showing the page it is given. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** @returns {Promise<string | undefined>} A Chromium on this machine; CHROMIUM names one. */
export async function findChromium() {
  for (const path of [process.env.CHROMIUM, ...PLACES]) {
    if (path === undefined || path === '') continue;
    try {
      await access(path);
      return path;
    } catch {
      // The next one.
    }
  }
  return undefined;
}

/**
 * @param {string} executablePath
 * @param {NodeJS.ProcessEnv} environment
 */
export function launchChromium(executablePath, environment) {
  return chromium.launch({
    executablePath,
    args: ARGUMENTS,
    env: /** @type {Record<string, string>} */ (environment),
  });
}
