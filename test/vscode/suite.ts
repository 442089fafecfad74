import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Mocha from 'mocha';

/**
 * Runs every suite of a folder inside an extension host. What the tests said goes to the file that
 * BASIN_TEST_REPORT names: the console is shared with the editor.
 *
 * @param folder beside this file's bundle.
 * @throws when a test failed, and when there was none: a suite that finds nothing tests nothing.
 */
export async function runSuites(folder: string): Promise<void> {
  const mocha = new Mocha({ ui: 'bdd', timeout: 120_000, reporter: Silent });
  const path = join(__dirname, folder);
  for (const name of (await readdir(path)).sort()) {
    if (name.endsWith('.test.js')) mocha.addFile(join(path, name));
  }
  const report = { passes: 0, failures: 0, pending: 0, lines: [] as string[] };
  await new Promise<void>((resolve) => {
    const runner = mocha.run(() => {
      resolve();
    });
    runner.on('pass', (test) => {
      report.passes++;
      report.lines.push(`  ✔ ${test.fullTitle()} (${test.duration ?? 0} ms)`);
    });
    runner.on('pending', (test) => {
      report.pending++;
      report.lines.push(`  - ${test.fullTitle()}`);
    });
    runner.on('fail', (test, error: Error) => {
      report.failures++;
      report.lines.push(`  ✘ ${test.fullTitle()}\n${error.stack ?? error.message}`);
    });
  });
  const file = process.env.BASIN_TEST_REPORT;
  if (file !== undefined) await writeFile(file, JSON.stringify(report));
  if (report.lines.length === 0) throw new Error('No test was found.');
  if (report.failures > 0) throw new Error(`${report.failures} test(s) failed.`);
}

class Silent extends Mocha.reporters.Base {}
