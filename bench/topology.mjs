/**
 * Minimum–saddle pairs and merge tree of grids, beside GUDHI and beside the memory's own speed:
 * Markdown tables for docs/topology.md.
 *
 *   npm run bench:topology -- [--gudhi PYTHON] [--grids 41x41,512x512,4096x4096,64x64x64,192x192x192]
 *                             [--kinds smooth,loss,noise] [--repeats 3] [--limit 20]
 *
 * `smooth` is a sum of sines in a bowl, `loss` the same with noise a thousandth of its size, as a
 * sampled loss has, `noise` nothing but noise: every seventh vertex of a plane a minimum, the worst
 * there is. Times are processor time of one thread, garbage collection included, best of the
 * repeats; GUDHI's likewise. Memory is what a fresh process grows by at its peak while it computes
 * pairs and tree, the values not counted. GUDHI is stopped after the limit, in seconds for one grid.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compiled } from '../scripts/compiled.mjs';

const { values: options } = parseArgs({
  options: {
    grids: { type: 'string', default: '41x41,512x512,4096x4096,64x64x64,192x192x192' },
    kinds: { type: 'string', default: 'smooth,loss,noise' },
    repeats: { type: 'string', default: '3' },
    limit: { type: 'string', default: '20' },
    gudhi: { type: 'string' },
    // Measures the memory of one analysis in this process and prints it.
    memory: { type: 'boolean', default: false },
  },
});
const repeats = Number(options.repeats);
const kinds = options.kinds.split(',');
const grids = options.grids.split(',').map((grid) => grid.split('x').map(Number));

const folder = mkdtempSync(join(tmpdir(), 'basin-bench-'));
try {
  const basin = await compiled(
    ['trees/basins', 'trees/joinTree', 'persistence'].map((name) => `engine/topology/${name}.ts`),
  );
  if (options.memory) {
    console.log(grownBytes(basin, grids[0], kinds[0]));
  } else {
    printMachine();
    await printTables(basin);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** How fast this machine copies, and reads what is anywhere. */
function printMachine() {
  const from = new Float64Array(2 ** 24).fill(1);
  const to = new Float64Array(2 ** 24);
  const copy = best(5, () => timed(() => to.set(from)));
  // A walk through one cycle of all entries: each read waits for the one before.
  const entries = 2 ** 22;
  const next = new Int32Array(entries);
  const order = Int32Array.from({ length: entries }, (_, k) => k);
  const random = randomNumbers();
  for (let k = entries - 1; k > 0; k--) {
    const other = Math.floor(random() * (k + 1));
    [order[k], order[other]] = [order[other], order[k]];
  }
  for (let k = 0; k < entries; k++) next[order[k]] = order[(k + 1) % entries];
  let at = 0;
  const walk = best(3, () =>
    timed(() => {
      for (let k = 0; k < entries; k++) at = next[at];
    }),
  );
  if (at !== 0) throw new Error('The walk did not come back.');
  console.log(
    `${cpus()[0].model.trim()}, ${cpus().length} cores, Node ${process.versions.node}; one core copies ` +
      `${((2 * from.byteLength) / copy / 1e6).toFixed(1)} GB/s, read and written, and a read that waits ` +
      `for the one before takes ${((1e6 * walk) / entries).toFixed(0)} ns in 16 MiB.\n`,
  );
}

async function printTables(basin) {
  const compared = [];
  print([
    'grid',
    'pairs, ms',
    'M vertices/s',
    'and the merge tree, ms',
    'M vertices/s',
    'bytes/vertex',
    'pairs',
  ]);
  print(['---', ...new Array(6).fill('---:')]);
  for (const shape of grids) {
    const points = shape.reduce((product, extent) => product * extent, 1);
    const runs = repeatsFor(points);
    for (const kind of kinds) {
      const values = sample(kind, shape);
      const own = measure(runs, basin, values, shape, 'freudenthal', true);
      const rate = (milliseconds) => (points / 1000 / milliseconds).toFixed(1);
      print([
        `${kind} ${shape.join('×')}`,
        own.pairs.toFixed(2),
        rate(own.pairs),
        own.tree.toFixed(2),
        rate(own.tree),
        points < 2 ** 20 ? '' : bytesAVertex(shape, kind, points),
        own.count.toLocaleString('en-US'),
      ]);
      if (options.gudhi !== undefined) {
        const cubes = measure(runs, basin, values, shape, '4', false);
        compared.push(...(await comparison(shape, kind, values, runs, cubes)));
      }
    }
  }
  if (compared.length === 0) return;
  console.log();
  print(['grid', 'Basin’s pairs, ms', 'peer', 'ms', 'over pairs']);
  print(['---', '---:', '---', '---:', '---:']);
  for (const row of compared) print(row);
}

function print(cells) {
  console.log(`| ${cells.join(' | ')} |`);
}

function repeatsFor(points) {
  return points < 2 ** 16 ? 50 * repeats : points < 2 ** 20 ? 3 * repeats : repeats;
}

function processorTime() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function timed(run) {
  const started = processorTime();
  run();
  return processorTime() - started;
}

function best(times, run) {
  let least = Infinity;
  for (let k = 0; k < times; k++) least = Math.min(least, run());
  return least;
}

/** Milliseconds, each figure with what comes before it, best of the runs. */
function measure(runs, basin, values, shape, neighborhood, withTree) {
  const least = { pairs: Infinity, tree: Infinity, count: 0 };
  for (let k = 0; k < runs; k++) {
    const started = processorTime();
    const { branches, kept, count } = computePairs(basin, values, shape, neighborhood);
    const pairs = processorTime() - started;
    const tree = withTree
      ? timed(() => basin.joinTree(branches, values, kept, branches.basin))
      : Infinity;
    least.pairs = Math.min(least.pairs, pairs);
    least.tree = Math.min(least.tree, pairs + tree);
    least.count = count;
  }
  return least;
}

/** The finite pairs of positive persistence, as the branches that are kept. */
function computePairs(basin, values, shape, neighborhood) {
  const branches = basin.basinBranches(values, shape, neighborhood);
  const persistences = basin.branchPersistences(branches, values);
  const kept = basin.branchesAbove(branches, persistences, 0);
  return { branches, kept, count: basin.countFinite(kept) };
}

function grownBytes(basin, shape, kind) {
  const values = sample(kind, shape);
  const before = process.memoryUsage().rss;
  const { branches, kept } = computePairs(basin, values, shape, 'freudenthal');
  const tree = basin.joinTree(branches, values, kept, branches.basin);
  const grown = peakBytes() - before;
  return tree.vertex.length === 0 ? 0 : grown;
}

/** Linux counts what a process inherits at its start into `maxRSS`, and not into VmHWM. */
function peakBytes() {
  const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? process.resourceUsage().maxRSS;
  return 1024 * Number(kibibytes);
}

function bytesAVertex(shape, kind, points) {
  const self = fileURLToPath(import.meta.url);
  const child = spawnSync(
    process.execPath,
    [self, '--memory', '--kinds', kind, '--grids', shape.join('x')],
    { encoding: 'utf8' },
  );
  if (child.status !== 0) throw new Error(child.stderr);
  return (Number(child.stdout) / points).toFixed(1);
}

async function comparison(shape, kind, values, runs, own) {
  const path = join(folder, 'values.npy');
  await writeNpy(path, values, shape);
  const script = fileURLToPath(new URL('topology_gudhi.py', import.meta.url));
  return ['complex', ...(shape.length === 2 ? ['rectangle'] : [])].map((way) => {
    const child = spawnSync(
      options.gudhi,
      [script, path, way, String(values.length < 2 ** 20 ? Math.min(runs, 20) : 1)],
      {
        encoding: 'utf8',
        timeout: 1000 * Number(options.limit),
      },
    );
    const isLate = child.error?.code === 'ETIMEDOUT';
    if (!isLate && child.status !== 0) throw new Error(child.stderr);
    const peer = isLate ? null : JSON.parse(child.stdout);
    if (peer !== null && peer.pairs !== own.count) {
      throw new Error(`GUDHI finds ${peer.pairs} pairs and Basin ${own.count}.`);
    }
    const row = [
      `${kind} ${shape.join('×')}`,
      own.pairs.toFixed(2),
      way === 'complex' ? 'CubicalComplex' : 'CubicalPersistence',
    ];
    // Elapsed time, with Python's start in it: no ratio.
    if (peer === null) return [...row, `stopped after ${options.limit} s`, '', ''];
    const { milliseconds } = peer;
    return [
      ...row,
      milliseconds.toFixed(1),
      (milliseconds / own.pairs).toFixed(1),
      (milliseconds / own.tree).toFixed(1),
    ];
  });
}

async function writeNpy(path, values, shape) {
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

/** Mulberry32. */
function randomNumbers() {
  let state = 1;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function sample(kind, shape) {
  const along = shape.map((extent, axis) =>
    Float64Array.from({ length: extent }, (_, k) => {
      const x = (2 * k) / extent - 1;
      const weight = shape.length - axis;
      return kind === 'noise' ? 0 : weight * x * x + 0.3 * Math.sin(9 * x + weight - 1);
    }),
  );
  const amplitude = { smooth: 0, loss: 1e-3, noise: 1 }[kind];
  const values = new Float64Array(shape.reduce((product, extent) => product * extent, 1));
  const random = randomNumbers();
  const position = shape.map(() => 0);
  for (let v = 0; v < values.length; v++) {
    let sum = 0;
    for (let axis = 0; axis < shape.length; axis++) sum += along[axis][position[axis]];
    values[v] = sum + amplitude * random();
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++position[axis] < shape[axis]) break;
      position[axis] = 0;
    }
  }
  return values;
}
