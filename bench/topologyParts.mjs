/**
 * Loops, trees, basins, profile and distances: milliseconds of processor time.
 *
 *   node bench/topologyParts.mjs [--sides 41,512] [--points 500] [--repeats 3]
 *
 * The grid is a bowl of sines with noise a thousandth of its size; diagrams are uniform in births with
 * few long pairs. Best of the repeats.
 */
import { parseArgs } from 'node:util';
import { compiled } from '../scripts/compiled.mjs';

const { values: options } = parseArgs({
  options: {
    sides: { type: 'string', default: '41,512' },
    points: { type: 'string', default: '500' },
    repeats: { type: 'string', default: '3' },
  },
});
const repeats = Number(options.repeats);
const modules = [
  'engine/topology/adjacency',
  'engine/topology/analyzeTopology',
  'shared/diagrams/bottleneck',
  'engine/topology/trees/contourTree',
  'engine/topology/loops',
  'engine/topology/profile',
  'engine/topology/segmentation',
  'engine/topology/trees/splitTree',
  'engine/topology/trees/sweep',
  'shared/diagrams/wasserstein',
];

let state = 1;
function random() {
  // Mulberry32.
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

const basin = await compiled(modules.map((name) => `${name}.ts`));
for (const side of options.sides.split(',').map(Number)) grids(basin, side);
diagrams(basin, Number(options.points));

function grids(basin, side) {
  const shape = [side, side];
  const values = Float64Array.from({ length: side * side }, (_, v) => {
    const [x, y] = [v % side, Math.floor(v / side)].map((k) => (2 * k) / side - 1);
    return x * x + 2 * y * y + 0.3 * (Math.sin(9 * x) + Math.sin(9 * y)) + 1e-3 * random();
  });
  const graph = basin.adjacencyOf('freudenthal', shape);
  const parts = {
    'whole analysis': () => basin.analyzeTopology(values, shape, { threshold: 0 }),
    'pairs by sorting every vertex': () => basin.sweepBranches(values, graph),
    loops: () => basin.loopPairs(values, shape),
    'split tree': () => basin.splitTree(values, shape),
    'contour tree': () => basin.contourTree(values, shape),
    'basins and hills': () => basin.segmentLandscape(values, shape),
    profile: () => basin.landscapeProfile(values, shape),
  };
  for (const [name, run] of Object.entries(parts)) report(`${side}² ${name}`, run);
}

function diagrams(basin, points) {
  const diagram = () =>
    Array.from({ length: points }, () => {
      const birth = random();
      return { birth, death: birth + random() ** 4 };
    });
  const [first, second] = [diagram(), diagram()];
  report(`${points} points, bottleneck`, () => basin.bottleneckDistance(first, second));
  report(`${points} points, 2-Wasserstein`, () => basin.wassersteinDistance(first, second));
}

function report(name, run) {
  let best = Infinity;
  for (let k = 0; k < repeats; k++) {
    const before = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1000);
  }
  console.log(`${name}: ${best.toFixed(2)} ms`);
}
