// How long reading checkpoints takes, beside PyTorch, safetensors, NumPy and h5py:
// npm run bench:checkpoints -- [--python PYTHON] [--megabytes 500] [--folder FOLDER]
// The files are made once, in FOLDER, and are in the page cache when they are read. Each reading is the first of a
// process of its own, whose start does not count, and keeps all tensors, as whoever loads a model does; Basin and its
// peer take turns.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, closeSync, ftruncateSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
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
    contents: `
      import { openCheckpoint } from './src/engine/checkpoint/openCheckpoint';
      import { readEach } from './src/engine/checkpoint/readEach';
      async function read(path: string): Promise<void> {
        const [begun, processor] = [performance.now(), process.cpuUsage()];
        const checkpoint = await openCheckpoint(path);
        const tensors = new Map<string, unknown>();
        for await (const { name, tensor } of readEach(checkpoint, [...checkpoint.tensors.keys()])) {
          tensors.set(name, tensor);
        }
        const wall = (performance.now() - begun) / 1e3;
        const { user, system } = process.cpuUsage(processor);
        await checkpoint.close();
        console.log(JSON.stringify({ seconds: [wall, (user + system) / 1e6], tensors: tensors.size }));
      }
      void read(process.argv[2]!);`,
    resolveDir: root,
    loader: 'ts',
  },
  bundle: true,
  platform: 'node',
  format: 'cjs',
  outfile: own,
  logLevel: 'error',
});

const READINGS = 7;
const FILES = [
  ...['large.pt', 'large.safetensors', 'large.npz', 'large.h5'],
  ...['legacy-50000.pt', 'arrays-10000.npz'],
];
const output = (command, args) => JSON.parse(execFileSync(command, args, { encoding: 'utf8' }));

console.log('\n| file | Basin, s | processor | | s | processor | Basin is |');
console.log('|---|--:|--:|---|--:|--:|--:|');
for (const name of FILES.map((file) => join(folder, file)).filter(existsSync)) {
  const [ours, theirs] = [[], []];
  for (let turn = 0; turn < READINGS; turn++) {
    ours.push(output(process.execPath, [own, name]));
    theirs.push(output(values.python, [peers, 'read', name]));
  }
  if (ours[0].tensors !== theirs[0].tensors) throw new Error(`${name}: other tensors`);
  const [wall, processor, peerWall, peerProcessor] = [ours, theirs].flatMap((readings) =>
    [0, 1].map((k) => median(readings.map(({ seconds }) => seconds[k]))),
  );
  const [a, b, c, d] = [wall, processor, peerWall, peerProcessor].map((x) => x.toFixed(2));
  const ratio = (peerWall / wall).toFixed(1);
  console.log(
    `| ${basename(name)} | ${a} | ${b} | \`${theirs[0].way}\` | ${c} | ${d} | ${ratio} × |`,
  );
}
