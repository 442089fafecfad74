// Runs one file of interface tests and tells its parent how many passed. A process for each: what
// the tests are given is a global of theirs.
import Mocha from 'mocha';

/** @typedef {{file: string, given: object}} Message */

process.once('message', (/** @type {Message} */ { file, given }) => {
  Object.assign(globalThis, { basinTest: given });
  const mocha = new Mocha({ ui: 'bdd', timeout: 300_000, bail: false, color: false });
  mocha.addFile(file);
  const running = mocha.run(() => {
    const { passes = 0, failures = 0, pending = 0 } = running.stats ?? {};
    process.send?.({ passed: passes, failed: failures, skipped: pending }, () =>
      process.disconnect(),
    );
  });
});
