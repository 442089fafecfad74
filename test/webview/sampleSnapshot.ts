import { entryFigures } from '../../src/shared/entryFigures';
import type { PageContent, PanelEntry, Snapshot } from '../../src/shared/panelProtocol';
import { toScalar } from '../../src/shared/result/scalar';
import type { ResultDocument } from '../../src/shared/result';
import type { Hessian } from '../../src/shared/result/hessian';
import type {
  MergeTreeNode,
  PersistencePair,
  PersistenceSummary,
  Topology,
} from '../../src/shared/result/topology';
import type { Landscape } from '../../src/shared/result/landscape';

/**
 * Snapshots from analytic functions, for the tests of the panel and for looking at it. The topology
 * is worked out by brute force, so that the numbers of a document fit each other.
 */

export type Surface = (x: number, y: number) => number;

export const himmelblau: Surface = (x, y) => (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2;

/** A bowl with ripples: deeper, more and steeper ripples with `roughness`. */
export function ripples(roughness: number, phase: number): Surface {
  return (x, y) =>
    0.08 +
    0.9 * (x * x + 0.6 * y * y) +
    roughness *
      (0.16 * (1 - Math.cos(6.1 * x + phase)) * (1 - 0.4 * Math.sin(3 * y)) +
        0.13 * (1 - Math.cos(5.3 * y + 0.7 * x - phase)) +
        0.05 * Math.sin(11 * x * y + phase));
}

export function sampleLandscape(
  surface: Surface,
  steps: number,
  range = 1,
  kind: 'random' | 'hessian' = 'random',
): Landscape {
  const values: number[] = [];
  for (let i = 0; i < steps; i++) {
    for (let j = 0; j < steps; j++) {
      values.push(surface(coordinate(i, steps, range), coordinate(j, steps, range)));
    }
  }
  const axis = (name: string) => ({ name, min: -range, max: range, steps });
  return {
    axes: [axis('α₁'), axis('α₂')],
    directions: {
      kind,
      normalization: kind === 'random' ? 'filter' : 'none',
      seed: 0,
      norms: [21.3, 20.8],
      cosines: [0],
      parameterNorm: 21.7,
    },
    shape: [steps, steps],
    values: values.map(toScalar),
    evaluations: values.length,
    relativeNoise: 2.4e-7,
  };
}

function coordinate(step: number, steps: number, range: number): number {
  return -range + (2 * range * step) / (steps - 1);
}

const OFFSETS: Readonly<Record<'4' | 'freudenthal' | '8', readonly (readonly [number, number])[]>> =
  {
    '4': [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
    ],
    freudenthal: [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
      [1, -1],
      [-1, 1],
    ],
    '8': [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
      [1, -1],
      [-1, 1],
      [1, 1],
      [-1, -1],
    ],
  };

interface Sweep {
  readonly pairs: readonly PersistencePair[];
  readonly essential: PersistencePair;
}

/** Minimum–saddle pairs by adding vertices in the order of (value, index), the elder staying. */
export function sweep(landscape: Landscape, neighborhood: '4' | 'freudenthal' | '8'): Sweep {
  const [rows = 0, columns = 0] = landscape.shape;
  const values = landscape.values.map((value) => (value === null ? NaN : Number(value)));
  const height = (v: number) => (Number.isNaN(values[v]!) ? Infinity : values[v]!);
  const order = values.map((_, v) => v).sort((a, b) => height(a) - height(b) || a - b);
  const rank = new Array<number>(values.length);
  order.forEach((v, k) => (rank[v] = k));
  const parent = values.map((_, v) => v);
  const find = (v: number): number => (parent[v] === v ? v : (parent[v] = find(parent[v]!)));
  const pairs: PersistencePair[] = [];
  for (const v of order) {
    const i = Math.floor(v / columns);
    const j = v % columns;
    for (const [di, dj] of OFFSETS[neighborhood]) {
      const row = i + di;
      const column = j + dj;
      if (row < 0 || row >= rows || column < 0 || column >= columns) continue;
      const w = row * columns + column;
      if (rank[w]! > rank[v]!) continue;
      // A component is named by its minimum: the younger one ends here.
      const [older, younger] = [find(v), find(w)].sort((a, b) => rank[a]! - rank[b]!) as [
        number,
        number,
      ];
      if (older === younger) continue;
      parent[younger] = older;
      if (height(younger) < height(v)) {
        pairs.push({
          birth: toScalar(values[younger]!),
          death: toScalar(values[v]!),
          birthVertex: younger,
          deathVertex: v,
        });
      }
    }
  }
  const first = order[0]!;
  const last = order.at(-1)!;
  return {
    pairs: pairs.sort((a, b) => persistence(b) - persistence(a)),
    essential: {
      birth: toScalar(values[first]!),
      death: toScalar(values[last]!),
      birthVertex: first,
      deathVertex: last,
    },
  };
}

function persistence(pair: PersistencePair): number {
  return Number(pair.death) - Number(pair.birth);
}

export function sampleTopology(landscape: Landscape, threshold: number): Topology {
  const { pairs: all, essential } = sweep(landscape, 'freudenthal');
  const pairs = all.filter((pair) => persistence(pair) > threshold);
  const count = (neighborhood: '4' | '8') =>
    sweep(landscape, neighborhood).pairs.filter((pair) => persistence(pair) > threshold).length;
  const finite = landscape.values.map(Number).filter(Number.isFinite);
  const range = Math.max(...finite) - Math.min(...finite);
  const isAtEdge = (vertex: number): boolean => {
    const [rows = 1, columns = 1] = landscape.shape;
    const [row, column] = [Math.floor(vertex / columns), vertex % columns];
    return (
      row === 0 || row === rows - 1 || (columns > 1 && (column === 0 || column === columns - 1))
    );
  };
  return {
    shape: landscape.shape,
    neighborhood: 'freudenthal',
    threshold,
    thresholdSource: 'noise',
    minima: pairs.length + 1,
    saddles: pairs.length,
    inner: {
      minima: [...pairs, essential].filter(({ birthVertex }) => !isAtEdge(birthVertex)).length,
      saddles: pairs.filter(({ deathVertex }) => !isAtEdge(deathVertex)).length,
    },
    pairs,
    essential,
    summaries: {
      inner: summary(
        pairs.filter((pair) => !isAtEdge(pair.birthVertex) && !isAtEdge(pair.deathVertex)),
        range,
      ),
      finite: summary(pairs, range),
      withEssential: summary([...pairs, essential], range),
      range,
      persistenceEntropy: 0.4,
    },
    sensitivity: {
      saddlesByNeighborhood: { '4': count('4'), freudenthal: pairs.length, '8': count('8') },
    },
    mergeTree: { nodes: mergeTree(pairs, essential) },
    nonFinite: landscape.values.length - finite.length,
  };
}

function summary(pairs: readonly PersistencePair[], range: number): PersistenceSummary {
  const sorted = pairs.map(persistence).sort((a, b) => a - b);
  const total = sorted.reduce((sum, value) => sum + value, 0);
  const mean = sorted.length === 0 ? 0 : total / sorted.length;
  return {
    count: sorted.length,
    total,
    mean,
    median: sorted[Math.floor(sorted.length / 2)] ?? 0,
    maximum: sorted.at(-1) ?? 0,
    meanOverRange: range > 0 ? mean / range : 0,
  };
}

/** Each pair's branch hangs on the trunk: enough of a tree to draw. */
function mergeTree(
  pairs: readonly PersistencePair[],
  essential: PersistencePair,
): readonly MergeTreeNode[] {
  type Loose = Omit<MergeTreeNode, 'parent'> & { readonly up: number };
  const saddles = [...pairs].sort(
    (a, b) => Number(a.death) - Number(b.death) || a.deathVertex - b.deathVertex,
  );
  const above = (k: number) => saddles[k]?.deathVertex ?? essential.deathVertex;
  const loose: Loose[] = [
    {
      vertex: essential.birthVertex,
      value: essential.birth,
      kind: 'minimum',
      size: 180,
      up: above(0),
    },
    ...saddles.flatMap((pair, k): Loose[] => [
      {
        vertex: pair.birthVertex,
        value: pair.birth,
        kind: 'minimum',
        size: 6 + Math.round(persistence(pair) * 90),
        up: pair.deathVertex,
      },
      {
        vertex: pair.deathVertex,
        value: pair.death,
        kind: 'saddle',
        size: 200 + 40 * k,
        up: above(k + 1),
      },
    ]),
  ];
  loose.sort((a, b) => Number(a.value) - Number(b.value) || a.vertex - b.vertex);
  const nodes = loose.map(({ up, ...node }) => ({
    ...node,
    parent:
      up === essential.deathVertex
        ? loose.length
        : loose.findIndex((other) => other.kind === 'saddle' && other.vertex === up),
  }));
  return [
    ...nodes,
    { vertex: essential.deathVertex, value: essential.death, kind: 'root', parent: -1, size: 1 },
  ];
}

/** A bulk at zero and a few large eigenvalues, as trained networks have. */
export function sampleHessian(largest: number): Hessian {
  const outliers = [1, 0.71, 0.46, 0.29, 0.18].map((share) => share * largest);
  const nodes = [
    ...outliers.map((value) => ({ value, weight: 6e-6 })),
    ...Array.from({ length: 28 }, (_, k) => ({
      value: largest * (-0.06 + 0.006 * k),
      weight: Math.exp(-((k - 10) ** 2) / 9),
    })),
  ];
  const total = nodes.reduce((sum, node) => sum + node.weight, 0);
  const normalized = nodes.map((node) => ({ value: node.value, weight: node.weight / total }));
  const sigma = largest * 0.008;
  const low = -0.12 * largest;
  const grid = Array.from({ length: 1200 }, (_, k) => low + (k * 1.2 * largest) / 1199);
  const values = grid.map((at) =>
    normalized.reduce(
      (sum, node) =>
        sum +
        (node.weight * Math.exp(-((at - node.value) ** 2) / (2 * sigma * sigma))) /
          (sigma * Math.sqrt(2 * Math.PI)),
      0,
    ),
  );
  return {
    eigenvalues: outliers.map((value, k) => ({
      value,
      residual: k < 4 ? largest * 2e-5 * 10 ** k : largest * 0.05,
      converged: k < 4,
    })),
    smallest: { value: -0.06 * largest, residual: largest * 0.001, converged: true },
    trace: { value: largest * 8.4, standardError: largest * 0.23, samples: 4 },
    density: { grid, values, sigma, nodes: normalized },
    products: 204,
    lanczosSteps: 40,
    probes: 4,
  };
}

export function sampleDocument(
  path: string,
  epoch: number,
  landscape: Landscape,
  options: { readonly threshold?: number; readonly largest?: number } = {},
): ResultDocument {
  const center = landscape.values[(landscape.values.length - 1) / 2] ?? 'NaN';
  return {
    schema: 1,
    checkpoint: {
      path,
      format: 'pytorch',
      sha256: '9f2c'.repeat(16),
      step: epoch * 391,
      epoch,
    },
    parameters: 272_474,
    runtime: { name: 'onnxruntime-node', version: '1.30.0', precision: 'float32' },
    seed: 0,
    metrics: { loss: center, accuracy: 0.93 - 0.6 * Math.exp(-epoch / 25), samples: 512 },
    landscape,
    topology: sampleTopology(landscape, options.threshold ?? 0.004),
    hessian: sampleHessian(options.largest ?? 120),
    notes: [
      'BatchNorm runs in evaluation mode with the checkpoint’s statistics.',
      'The noise of the loss was estimated from two halves of the evaluation data.',
    ],
    timings: { total: 41_200 },
  };
}

/** The snapshot of `sampleContent`. */
export function sampleSnapshot(steps?: number): Snapshot {
  return sampleContent(steps).snapshot;
}

/** Two runs of nine checkpoints, one smooth and one rough; the last of the second not analyzed. */
export function sampleContent(steps = 41): PageContent {
  const entries: PanelEntry[] = [];
  const documents: Record<string, ResultDocument> = {};
  for (const [run, roughness] of [
    ['resnet20', 0.55],
    ['resnet20-noskip', 1.9],
  ] as const) {
    for (let k = 0; k < 9; k++) {
      const epoch = k * 10;
      const label = `epoch-${String(epoch).padStart(3, '0')}.pt`;
      const key = `/project/runs/${run}/${label}`;
      const settling = Math.exp(-k / 3);
      const surface = ripples(roughness * (0.5 + 0.5 * Math.sin(1.1 * k + 1)) + 0.2, 0.4 * k);
      const shifted: Surface = (x, y) => 1.9 * settling + surface(x - 0.2 * settling, y + 0.05);
      const analyzed = !(run === 'resnet20-noskip' && k === 8);
      if (analyzed) {
        documents[key] = sampleDocument(
          `runs/${run}/${label}`,
          epoch,
          sampleLandscape(shifted, steps),
          { largest: roughness * 90 * (1.4 - settling) * (1 + 0.15 * Math.sin(2 * k)) },
        );
      }
      const document = documents[key];
      const summary =
        document === undefined
          ? null
          : { version: 0, epoch, step: document.checkpoint.step, figures: entryFigures(document) };
      entries.push({ key, run, label, summary, error: null });
    }
  }
  return {
    snapshot: {
      type: 'snapshot',
      entries,
      selected: '/project/runs/resnet20-noskip/epoch-050.pt',
      progress: null,
      readiness: {},
    },
    documents,
  };
}
