// How long reading checkpoints takes, beside PyTorch, safetensors, NumPy and h5py:
// npm run bench:checkpoints -- [--python PYTHON] [--megabytes 500] [--folder FOLDER]
// The files are made once, in FOLDER, and are in the page cache when they are read.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, closeSync, ftruncateSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import esbuild from 'esbuild';

const { values } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    megabytes: { type: 'string', default: '500' },
    folder: { type: 'string' },
  },
});
const root = join(import.meta.dirname, '..');
const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'basin-bench-'));
const peers = join(import.meta.dirname, 'checkpoints_peers.py');

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

/** Milliseconds of a process, the median of nine. */
function ofProcess(...args) {
  const times = Array.from({ length: 9 }, () => {
    const begun = process.hrtime.bigint();
    const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' });
    if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}`);
    return Number(process.hrtime.bigint() - begun) / 1e6;
  });
  return median(times);
}

/** A safetensors file of 2 GB that takes no room: a header, and a hole. */
function sparse(path) {
  const size = 2 * 2 ** 30;
  const count = 512;
  const each = size / count;
  const header = {};
  for (let k = 0; k < count; k++) {
    header[`layer.${k}.weight`] = {
      dtype: 'F32',
      shape: [each / 4],
      data_offsets: [k * each, (k + 1) * each],
    };
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const file = openSync(path, 'w');
  writeSync(file, Buffer.concat([length, text]));
  ftruncateSync(file, 8 + text.length + size);
  closeSync(file);
}

const large = join(folder, 'header-2GB.safetensors');
sparse(large);
const basin = join(root, 'dist/basin.js');
const start = {
  'node -e 0': ofProcess('-e', '0'),
  'basin --version': ofProcess(basin, '--version'),
  'basin inspect, 2 GB': ofProcess(basin, 'inspect', large),
};
console.log('| process | ms |\n|---|--:|');
for (const [name, ms] of Object.entries(start)) console.log(`| \`${name}\` | ${ms.toFixed(0)} |`);

if (!existsSync(join(folder, 'large.pt'))) {
  execFileSync(values.python, [peers, 'make', folder, values.megabytes], { stdio: 'inherit' });
}
const own = join(root, 'dist', 'bench-checkpoints.cjs');
await esbuild.build({
  stdin: {
    contents: `export { openCheckpoint } from './src/engine/checkpoint/openCheckpoint';`,
    resolveDir: root,
    loader: 'ts',
  },
  bundle: true,
  platform: 'node',
  format: 'cjs',
  outfile: own,
  logLevel: 'error',
});
const { openCheckpoint } = createRequire(import.meta.url)(own);

async function ofBasin(name) {
  let [best, bytes] = [Infinity, 0];
  for (let round = 0; round < 3; round++) {
    const begun = performance.now();
    const checkpoint = await openCheckpoint(join(folder, name));
    bytes = 0;
    for (const key of checkpoint.tensors.keys()) {
      bytes += (await checkpoint.read(key)).data.byteLength;
    }
    await checkpoint.close();
    best = Math.min(best, (performance.now() - begun) / 1000);
  }
  return { seconds: best, bytes };
}

const theirs = JSON.parse(
  execFileSync(values.python, [peers, 'read', folder], { encoding: 'utf8' }),
);
console.log('\n| file | Basin, s | | s | Basin is |\n|---|--:|---|--:|--:|');
for (const [name, { way, seconds }] of Object.entries(theirs)) {
  const { seconds: ours } = await ofBasin(name);
  const cells = [name, ours.toFixed(2), `\`${way}\``, seconds.toFixed(2)];
  console.log(`| ${cells.join(' | ')} | ${(seconds / ours).toFixed(2)} × |`);
}
