// node check.mjs FOLDER…: what Basin computes of each run in a folder beside what PyTorch said in float64.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { globSync } from 'tinyglobby';

const basin = fileURLToPath(new URL('../../dist/basin.js', import.meta.url));
let failed = 0;
for (const file of process.argv
  .slice(2)
  .flatMap((folder) => globSync(['**/expected.json'], { cwd: folder, absolute: true }))
  .sort()) {
  const folder = file.replace(/\/expected\.json$/, '');
  const expected = JSON.parse(readFileSync(file, 'utf8'));
  const name = folder.split('/').at(-1);
  if (!existsSync(join(folder, 'basin.json'))) {
    console.log(`${name}: no basin.json`);
    failed += 1;
    continue;
  }
  try {
    const out = execFileSync(
      process.execPath,
      [basin, 'analyze', folder, '--only', 'metrics,hessian', '--json'],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const parsed = JSON.parse(out);
    const last = Array.isArray(parsed) ? parsed.at(-1) : parsed;
    const loss = Math.abs(last.metrics.loss - expected.loss) / Math.abs(expected.loss);
    const largest =
      Math.abs(last.hessian.eigenvalues[0].value - expected.largest) / Math.abs(expected.largest);
    const ok = loss < 1e-5 && largest < 1e-4 && last.parameters === expected.parameters;
    if (!ok) failed += 1;
    console.log(
      `${ok ? '✓' : '✗'} ${name}: loss ${last.metrics.loss} (off by ${loss.toExponential(1)}), λmax ${last.hessian.eigenvalues[0].value} (${largest.toExponential(1)}), ${last.parameters} of ${expected.parameters} parameters`,
    );
    for (const note of last.notes) console.log(`    ${note}`);
  } catch (error) {
    failed += 1;
    console.log(
      `✗ ${name}: ${String(error.stderr ?? error)
        .trim()
        .split('\n')
        .slice(-2)
        .join(' ')}`,
    );
  }
}
// What must be refused, and what the message must name.
for (const file of process.argv
  .slice(2)
  .flatMap((folder) => globSync(['**/refused.json'], { cwd: folder, absolute: true }))
  .sort()) {
  const folder = file.replace(/\/refused\.json$/, '');
  const { names } = JSON.parse(readFileSync(file, 'utf8'));
  const { status, stderr } = spawnSync(
    process.execPath,
    [basin, 'analyze', folder, '--only', 'metrics'],
    { encoding: 'utf8' },
  );
  const ok = status === 1 && stderr.includes(names);
  if (!ok) failed += 1;
  console.log(`${ok ? '✓' : '✗'} ${folder.split('/').at(-1)}: refused: ${stderr.trim()}`);
}
process.exit(failed === 0 ? 0 : 1);
