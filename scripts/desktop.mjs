import { join } from 'node:path';
import { downloadAndUnzipVSCode, runTests } from '@vscode/test-electron';
import { readCounts } from './hostSuite.mjs';

const RELEASES = 'https://update.code.visualstudio.com/api/releases/stable';

/**
 * Why no desktop VS Code can be downloaded and shown here; nothing if it can.
 *
 * @returns {Promise<string | undefined>}
 */
export async function desktopObstacle() {
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) {
    return 'there is no display (xvfb-run gives one)';
  }
  try {
    const response = await fetch(RELEASES, { signal: AbortSignal.timeout(5000) });
    return response.ok ? undefined : `the download of VS Code answers ${response.status}`;
  } catch {
    return 'the download of VS Code cannot be reached';
  }
}

/**
 * @param {string} version 'stable' or a number.
 * @param {string} cache
 */
export function downloadDesktop(version, cache) {
  return downloadAndUnzipVSCode({ version, cachePath: cache });
}

/**
 * Runs the extension-host suite in a VS Code that is there.
 *
 * @param {string} executable
 * @param {{root: string, profile: string, workspace: string, environment: NodeJS.ProcessEnv}} options
 * @returns {Promise<import('./hostSuite.mjs').Counts>}
 */
export async function runHostSuiteInDesktop(executable, options) {
  const { root, profile, workspace, environment } = options;
  const report = join(profile, 'report.json');
  let code = 0;
  try {
    await runTests({
      vscodeExecutablePath: executable,
      extensionDevelopmentPath: root,
      extensionTestsPath: join(root, 'dist', 'test-vscode', 'runHostTests.js'),
      extensionTestsEnv: /** @type {Record<string, string>} */ ({
        ...environment,
        BASIN_TEST_REPORT: report,
      }),
      launchArgs: [
        workspace,
        '--user-data-dir',
        join(profile, 'user'),
        '--extensions-dir',
        join(profile, 'extensions'),
        '--disable-workspace-trust',
        '--skip-welcome',
        '--no-sandbox',
        '--disable-gpu',
      ],
    });
  } catch {
    // The report says which tests failed; without one there was no run.
    code = 1;
  }
  return readCounts(report, code);
}
