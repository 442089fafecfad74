// The main job on the example: npm start
//
// Builds, analyses every checkpoint of examples/digits-resnet/runs, and writes the panel as one page.
// Other arguments than none are a path to analyse instead.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

const root = join(import.meta.dirname, '..');
const subject = resolve(process.argv[2] ?? join(root, 'examples/digits-resnet/runs'));
const page = join(subject, '.basin', 'report.html');
const basin = join(root, 'dist/basin.js');

const built = await run('esbuild.config.mjs');
if (built !== 0) process.exit(built);
const analyzed = await run(basin, 'analyze', subject);
if (analyzed === 130) process.exit(analyzed);
const reported = await run(basin, 'report', subject, '--out', page);
if (reported === 0 && existsSync(page)) {
  const here = relative(process.cwd(), subject) || '.';
  console.log(`
Documents: ${here}/**/.basin/results/
The panel: open ${relative(process.cwd(), page)} in a browser, or the folder in VS Code:

  code --extensionDevelopmentPath="${root}" "${subject}"
`);
}
process.exitCode = analyzed || reported;

/**
 * @param {string} script
 * @param {...string} args
 * @returns {Promise<number>}
 */
function run(script, ...args) {
  return new Promise((done) => {
    const child = spawn(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' });
    // Ctrl-C reaches the child too: it says what was kept.
    process.once('SIGINT', () => undefined);
    child.on('close', (code) => done(code ?? 130));
  });
}
