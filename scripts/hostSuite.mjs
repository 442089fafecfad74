import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { launchChromium } from './chromium.mjs';
import { CODE_SERVERS } from './codeServer.mjs';
import { startCodeServer } from './codeServerProcess.mjs';

const SMOKE_TEST_DRIVER = ['--vscode-option', 'enable-smoke-test-driver'];

/** @typedef {{passed: number, failed: number, skipped: number}} Counts */

/**
 * Runs the extension-host suite in code-server, opened in a browser.
 *
 * @param {import('./codeServer.mjs').CodeServer} installed
 * @param {object} options
 * @param {string} options.root The project's folder.
 * @param {string} [options.extension] The extension's folder, if it is another.
 * @param {string} [options.suite] What is run: of dist/test-vscode, or an absolute path.
 * @param {string} options.chromium
 * @param {string} options.profile
 * @param {string} options.workspace
 * @param {NodeJS.ProcessEnv} options.environment
 * @param {(line: string) => void} [options.print]
 * @returns {Promise<Counts>}
 */
export async function runHostSuiteInCodeServer(installed, options) {
  const { root, chromium, profile, workspace, environment, print } = options;
  const { extension = root, suite = 'runHostTests.js' } = options;
  const tests = resolve(root, 'dist', 'test-vscode', suite);
  const report = join(profile, 'report.json');
  const server = await startCodeServer(installed, {
    profile,
    environment: { ...environment, BASIN_TEST_REPORT: report },
    // Without it a newer one does not look at what it is told to run; an older one has no such option.
    args: installed.version === CODE_SERVERS.newest.version ? SMOKE_TEST_DRIVER : [],
  });
  try {
    const browser = await launchChromium(chromium, environment);
    try {
      const page = await browser.newPage();
      /** @type {string[]} */
      const said = [];
      /** @type {(code: number) => void} */
      let exit = () => undefined;
      const exited = new Promise((resolve) => (exit = resolve));
      // What the editor says is kept for the case that there is no report.
      await page.exposeFunction(
        'codeAutomationLog',
        (/** @type {string} */ type, /** @type {unknown[]} */ args) => {
          if (type === 'error' || type === 'warn') said.push(args.map(String).join(' '));
        },
      );
      await page.exposeFunction('codeAutomationExit', (/** @type {number} */ code) => exit(code));
      await page.goto(addressOf(server.url, extension, tests, workspace));
      const code = await withTimeout(exited, 600_000, 'the suite did not end within ten minutes');
      return await readCounts(report, code, said, print);
    } finally {
      await browser.close();
    }
  } finally {
    await server.stop();
  }
}

/**
 * @param {string} report
 * @param {unknown} code
 * @param {string[]} [said] What the editor printed.
 * @param {(line: string) => void} [print]
 * @returns {Promise<Counts>}
 */
export async function readCounts(report, code, said = [], print = console.log) {
  let counts;
  try {
    counts = JSON.parse(await readFile(report, 'utf8'));
  } catch {
    throw new Error(
      `the extension-host suite ended with status ${code} and without a report\n${said.slice(-20).join('\n')}`,
    );
  }
  for (const line of counts.lines) print(line);
  return { passed: counts.passes, failed: counts.failures, skipped: counts.pending };
}

/**
 * @param {string} url
 * @param {string} extension
 * @param {string} tests
 * @param {string} workspace
 */
function addressOf(url, extension, tests, workspace) {
  const { host } = new URL(url);
  const remote = /** @param {string} path */ (path) => `vscode-remote://${host}${path}`;
  const payload = [
    ['extensionDevelopmentPath', remote(extension)],
    ['extensionTestsPath', remote(tests)],
    ['skipWelcome', 'true'],
  ];
  return `${url}/?folder=${encodeURIComponent(workspace)}&payload=${encodeURIComponent(JSON.stringify(payload))}`;
}

/**
 * @template T
 * @param {Promise<T>} promise
 * @param {number} milliseconds
 * @param {string} message
 * @returns {Promise<T>}
 */
async function withTimeout(promise, milliseconds, message) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(message)), milliseconds);
  });
  try {
    return await Promise.race([promise, /** @type {Promise<never>} */ (late)]);
  } finally {
    clearTimeout(timer);
  }
}
