/**
 * Minimum–saddle pairs and merge tree of grids: vertices per second, beside GUDHI.
 *
 *   node bench/topology.mjs [--side 2048] [--dimensions 2] [--repeats 3]
 *                           [--gudhi PYTHON] [--kinds smooth,loss,noise]
 *
 * `smooth` is a sum of sines in a bowl, `loss` the same with noise a thousandth of its size, as a
 * sampled loss has, `noise` nothing but noise: every seventh vertex a minimum, the worst there is.
 * Times are processor time of one thread, garbage collection included, best of the repeats; GUDHI's
 * likewise. Memory is what a fresh process grows by at its peak, the values not counted.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import esbuild from 'esbuild';

const { values: options } = parseArgs({
  options: {
    side: { type: 'string', default: '2048' },
    dimensions: { type: 'string', default: '2' },
    repeats: { type: 'string', default: '3' },
    kinds: { type: 'string', default: 'smooth,loss,noise' },
    gudhi: { type: 'string' },
    // Measures the memory of one analysis in this process and prints it.
    memory: { type: 'boolean', default: false },
  },
});
const side = Number(options.side);
const dimensions = Number(options.dimensions);
const repeats = Number(options.repeats);
const shape = new Array(dimensions).fill(side);
const points = side ** dimensions;

const folder = mkdtempSync(join(tmpdir(), 'basin-bench-'));
try {
  const basin = await bundled();
  for (const kind of options.kinds.split(',')) {
    const values = sample(kind);
    if (options.memory) {
      const before = process.memoryUsage().rss;
      analyze(basin, values, 'freudenthal');
      console.log((1024 * process.resourceUsage().maxRSS - before) / points);
      continue;
    }
    for (const neighborhood of ['freudenthal', '4']) {
      report(
        kind,
        neighborhood,
        best(() => analyze(basin, values, neighborhood)),
      );
    }
    console.log(`  ${bytesAVertex(kind).toFixed(1)} bytes a vertex`);
    if (options.gudhi !== undefined) await compare(options.gudhi, basin, values);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function bundled() {
  const outfile = join(folder, 'topology.mjs');
  const from = (name) => fileURLToPath(new URL(`../src/engine/topology/${name}`, import.meta.url));
  await esbuild.build({
    stdin: {
      contents: [
        `export * from ${JSON.stringify(from('basins.ts'))};`,
        `export * from ${JSON.stringify(from('joinTree.ts'))};`,
        `export * from ${JSON.stringify(from('persistence.ts'))};`,
      ].join('\n'),
      resolveDir: folder,
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    logLevel: 'warning',
  });
  return import(pathToFileURL(outfile).href);
}

function processorTime() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function analyze(basin, values, neighborhood) {
  const started = processorTime();
  const branches = basin.basinBranches(values, shape, neighborhood);
  const persistences = basin.branchPersistences(branches, values);
  const kept = basin.branchesAbove(branches, persistences, 0);
  const pairs = basin.byPersistence(branches, persistences, kept, values);
  const paired = processorTime();
  const tree = basin.joinTree(branches, values, kept);
  const ended = processorTime();
  return {
    pairs: paired - started,
    all: ended - started,
    count: pairs.length,
    nodes: tree.vertex.length,
  };
}

function best(run) {
  const runs = Array.from({ length: repeats }, run);
  return {
    ...runs[0],
    pairs: Math.min(...runs.map(({ pairs }) => pairs)),
    all: Math.min(...runs.map(({ all }) => all)),
  };
}

function report(kind, neighborhood, { pairs, all, count }) {
  const rate = (milliseconds) => (points / 1000 / milliseconds).toFixed(2);
  console.log(
    `${kind} ${shape.join('x')} ${neighborhood}: pairs ${pairs.toFixed(2)} ms (${rate(pairs)} million vertices/s), ` +
      `with tree ${all.toFixed(2)} ms (${rate(all)}), ${count} pairs`,
  );
}

function bytesAVertex(kind) {
  const self = fileURLToPath(import.meta.url);
  const size = ['--side', options.side, '--dimensions', options.dimensions];
  const child = spawnSync(process.execPath, [self, '--memory', '--kinds', kind, ...size], {
    encoding: 'utf8',
  });
  if (child.status !== 0) throw new Error(child.stderr);
  return Number(child.stdout);
}

async function compare(python, basin, values) {
  const path = join(folder, 'values.npy');
  await writeNpy(path, values);
  const script = fileURLToPath(new URL('topology_gudhi.py', import.meta.url));
  const child = spawnSync(python, [script, path, String(Math.min(repeats, 3))], {
    encoding: 'utf8',
  });
  if (child.status !== 0) throw new Error(child.stderr);
  const gudhi = JSON.parse(child.stdout);
  const ours = best(() => analyze(basin, values, '4'));
  for (const path of ['complex', 'rectangle']) {
    if (gudhi[path] === undefined) continue;
    const { milliseconds, pairs } = gudhi[path];
    if (pairs !== ours.count) console.log(`  ${pairs} pairs by GUDHI, ${ours.count} by Basin`);
    console.log(
      `  GUDHI ${gudhi.version} ${path}: ${milliseconds.toFixed(2)} ms, ` +
        `${(milliseconds / ours.pairs).toFixed(1)} times Basin's pairs, ${(milliseconds / ours.all).toFixed(1)} times pairs and tree`,
    );
  }
}

async function writeNpy(path, values) {
  const text = `{'descr': '<f8', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const padded = `${text.padEnd(117)}\n`;
  const file = await open(path, 'w');
  try {
    const head = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, padded.length, 0]);
    await file.write(Buffer.concat([head, Buffer.from(padded, 'latin1')]));
    await file.write(new Uint8Array(values.buffer));
  } finally {
    await file.close();
  }
}

function sample(kind) {
  const values = new Float64Array(points);
  let state = 1;
  for (let v = 0; v < points; v++) {
    let rest = v;
    let sum = 0;
    if (kind !== 'noise') {
      for (let axis = 0; axis < dimensions; axis++) {
        const x = (2 * (rest % side)) / side - 1;
        rest = Math.floor(rest / side);
        sum += (1 + axis) * x * x + 0.3 * Math.sin(9 * x + axis);
      }
    }
    // Mulberry32.
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    const random = ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    values[v] = sum + { smooth: 0, loss: 1e-3, noise: 1 }[kind] * random;
  }
  return values;
}
