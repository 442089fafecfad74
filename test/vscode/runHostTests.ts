import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Mocha from 'mocha';

/**
 * What VS Code calls in its extension host. Counts go to the file BASIN_TEST_REPORT names.
 *
 * @throws when a test failed, and when there was none: a suite that finds nothing tests nothing.
 */
export async function run(): Promise<void> {
  const mocha = new Mocha({ ui: 'bdd', timeout: 120_000, color: false });
  const folder = join(__dirname, 'host');
  for (const name of (await readdir(folder)).sort()) {
    if (name.endsWith('.test.js')) mocha.addFile(join(folder, name));
  }
  const counts = await new Promise<Mocha.Stats | undefined>((resolve) => {
    const runner = mocha.run(() => {
      resolve(runner.stats);
    });
    runner.on('fail', (test, error: Error) => {
      console.error(`FAILED ${test.fullTitle()}\n${error.stack ?? error.message}`);
    });
  });
  const { passes = 0, failures = 0, pending = 0 } = counts ?? {};
  const report = process.env.BASIN_TEST_REPORT;
  if (report !== undefined) {
    await writeFile(report, JSON.stringify({ passes, failures, pending }));
  }
  if (passes + failures + pending === 0) throw new Error('No test was found.');
  if (failures > 0) throw new Error(`${failures} test(s) failed.`);
}
