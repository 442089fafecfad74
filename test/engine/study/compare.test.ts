import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeNpy } from '../../../src/engine/checkpoint/numpy/npyFormat';
import { compare } from '../../../src/engine/study/results/compare';
import { analyzeTopology } from '../../../src/engine/topology/analyzeTopology';
import { writeVti } from '../../../src/engine/topology/files/writeVtk';
import { InputError } from '../../../src/shared/inputError';
import type { ResultDocument } from '../../../src/shared/result';
import type { Hessian } from '../../../src/shared/result/hessian';
import type { Landscape } from '../../../src/shared/result/landscape';
import { english } from '../../../src/shared/words/message';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'basin-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A line: minima 0, 1 and 3, the two saddles 6 and 4. Pairs (1, 6), (3, 4), essential (0, 9). */
const LINE = [9, 0, 6, 1, 4, 3, 8];
/** The second minimum is shallower and the third is gone: (2, 6), essential (0, 9). */
const LATER = [9, 0, 6, 2, 4, 5, 8];

function landscape(values: readonly number[], change: Partial<Landscape> = {}): Landscape {
  return {
    axes: [{ name: 'a', min: -3, max: 3, steps: values.length }],
    directions: {
      kind: 'random',
      normalization: 'filter',
      seed: 4,
      norms: [1],
      cosines: [],
      parameterNorm: 1,
    },
    shape: [values.length],
    values,
    evaluations: values.length,
    relativeNoise: null,
    ...change,
  };
}

function written(name: string, parts: Partial<ResultDocument>): string {
  const document: ResultDocument = {
    schema: 1,
    checkpoint: { path: name, format: 'pytorch', sha256: '00', step: null, epoch: 1 },
    parameters: 10,
    runtime: { name: 'reference', version: '1', precision: 'float64' },
    seed: 4,
    notes: [],
    timings: {},
    ...parts,
  };
  const path = join(folder, `${name}.basin.json`);
  writeFileSync(path, JSON.stringify(document));
  return path;
}

function withTopology(values: readonly number[], change: Partial<Landscape> = {}) {
  const own = landscape(values, change);
  return {
    landscape: own,
    topology: analyzeTopology(Float64Array.from(values), own.shape, { threshold: 0 }),
  };
}

describe('the topologies of two results', () => {
  it('have the distances and the matching of their diagrams', async () => {
    const { topology, warnings } = await compare(
      written('a', withTopology(LINE)),
      written('b', withTopology(LATER)),
    );
    expect(warnings).toEqual([]);
    // (1, 6) to (2, 6) costs 1, (3, 4) to the diagonal ½, (0, 9) to itself nothing.
    expect(topology!.bottleneck.distance).toBe(1);
    expect(topology!.bottleneck.overRange).toBeCloseTo(1 / 9, 12);
    expect(topology!.wasserstein.distance).toBeCloseTo(Math.sqrt(1 + 1 / 4), 12);
    expect(topology!.wasserstein.matches).toEqual([
      { first: 0, second: 0, cost: 1 },
      { first: 1, second: null, cost: 0.5 },
      { first: -1, second: -1, cost: 0 },
    ]);
  });

  it('have their minima followed, with how far they moved in the plane', async () => {
    const moved = [9, 0, 6, 6, 1, 4, 8];
    const { topology } = await compare(
      written('a', withTopology([9, 0, 6, 1, 4, 5, 8])),
      written('b', withTopology(moved)),
    );
    expect(topology!.minima).toEqual([
      {
        first: { pair: -1, vertex: 1, birth: 0, death: 9, position: [-2] },
        second: { pair: -1, vertex: 1, birth: 0, death: 9, position: [-2] },
        moved: 0,
      },
      {
        first: { pair: 0, vertex: 3, birth: 1, death: 6, position: [0] },
        second: { pair: 0, vertex: 4, birth: 1, death: 6, position: [1] },
        moved: 1,
      },
    ]);
  });

  it('differ in their counts', async () => {
    const { topology } = await compare(
      written('a', withTopology(LINE)),
      written('b', withTopology(LATER)),
    );
    const counts = topology!.differences.filter(
      ({ name }) => name === 'minima' || name === 'saddles',
    );
    expect(counts).toEqual([
      { name: 'minima', first: 3, second: 2, difference: -1, uncertainty: null, distinct: null },
      { name: 'saddles', first: 2, second: 1, difference: -1, uncertainty: null, distinct: null },
    ]);
  });

  it('are of different functions where BatchNorm’s statistics are, at the same places', async () => {
    const recomputed = withTopology(LATER, { batchNorm: 'recompute' });
    const { warnings, topology } = await compare(
      written('a', withTopology(LINE)),
      written('b', recomputed),
    );
    expect(warnings.map(english)).toEqual([
      expect.stringMatching(
        /^The landscape of the second was computed with BatchNorm .*batchNorm"\.$/,
      ),
    ]);
    expect(topology!.minima[0]!.moved).toBe(0);
    const same = await compare(written('a', recomputed), written('b', recomputed));
    expect(same.warnings).toEqual([]);
  });

  it('are computed where a document has a landscape only', async () => {
    const { topology } = await compare(
      written('a', { landscape: landscape(LINE) }),
      written('b', { landscape: landscape(LATER) }),
    );
    expect(topology!.bottleneck.distance).toBe(1);
    // Seven values up to 9, each off by at most z standard deviations of float32's rounding.
    const z = Math.sqrt(2 * Math.log((2 * 7) / 0.05));
    const { uncertainty } = topology!.bottleneck;
    expect(uncertainty!.kind).toBe('bound');
    expect(uncertainty!.value).toBeCloseTo(2 * z * 2 ** -23 * 9, 15);
  });

  it('with more pairs than can be matched are cut to the most persistent, which is said', async () => {
    const teeth = Array.from({ length: 1402 }, (_, k) => (k % 2 === 0 ? k / 2 : 5000 + k));
    const path = written('a', withTopology(teeth));
    const { topology, warnings } = await compare(path, path);
    expect(topology!.comparedPairs).toEqual({ first: 500, second: 500 });
    expect(topology!.bottleneck.distance).toBe(0);
    expect(warnings.filter((text) => english(text).includes('most persistent'))).toHaveLength(2);
  });
});

describe('two planes', () => {
  const warningsOf = async (change: Partial<Landscape>) =>
    (
      await compare(written('a', withTopology(LINE)), written('b', withTopology(LATER, change)))
    ).warnings
      .map(english)
      .join('\n');
  const { directions } = landscape(LINE);

  it.each([
    ['seeds', { directions: { ...directions, seed: 5 } }, 'seed 4 and 5'],
    [
      'normalizations',
      { directions: { ...directions, normalization: 'layer' } },
      'normalization "filter" and "layer"',
    ],
    ['ranges', { axes: [{ name: 'a', min: -1, max: 1, steps: 7 }] }, '7 points from -1 to 1'],
  ] satisfies [string, Partial<Landscape>, string][])(
    'of different %s are said to be none',
    async (_, change, words) => {
      expect(await warningsOf(change)).toContain(words);
    },
  );

  it('differ for eigenvectors, which each checkpoint has its own', async () => {
    const own = { directions: { ...directions, kind: 'hessian' } } as const;
    const { warnings, topology } = await compare(
      written('a', withTopology(LINE, own)),
      written('b', withTopology(LATER, own)),
    );
    expect(warnings.map(english).join('\n')).toContain('eigenvectors');
    expect(topology!.minima.every(({ moved }) => moved === null)).toBe(true);
  });

  it('do not differ for lengths that were measured', async () => {
    expect(await warningsOf({ directions: { ...directions, norms: [3], parameterNorm: 7 } })).toBe(
      '',
    );
  });
});

describe('metrics and curvature', () => {
  const hessian = (value: number, residual: number, error: number): Hessian => ({
    eigenvalues: [{ value, residual, converged: true }],
    smallest: { value: -1, residual: 0, converged: true },
    trace: { value: 2 * value, standardError: error, samples: 4 },
    density: { grid: [], values: [], sigma: 1, nodes: [] },
    products: 10,
    lanczosSteps: 5,
    probes: 2,
  });

  it('come with their standard errors and residuals, and whether the difference is more', async () => {
    const result = await compare(
      written('a', {
        metrics: { loss: 0.5, accuracy: 0.9, samples: 100 },
        hessian: hessian(10, 0.25, 3),
      }),
      written('b', {
        metrics: { loss: 0.25, accuracy: 0.94, samples: 100 },
        hessian: hessian(11, 0.25, 4),
      }),
    );
    expect(result.metrics).toMatchObject([
      { name: 'loss', difference: -0.25, uncertainty: null, distinct: null },
      { name: 'accuracy', distinct: true },
    ]);
    // √(0.9·0.1/100 + 0.94·0.06/100) = 0.0383 < 0.04.
    expect(result.metrics[1]!.uncertainty!.value).toBeCloseTo(0.03826, 5);
    expect(result.hessian).toEqual([
      {
        name: 'eigenvalue 1',
        first: 10,
        second: 11,
        difference: 1,
        uncertainty: { kind: 'bound', value: 0.5 },
        distinct: true,
      },
      {
        name: 'smallest eigenvalue',
        first: -1,
        second: -1,
        difference: 0,
        uncertainty: { kind: 'bound', value: 0 },
        distinct: false,
      },
      {
        name: 'trace',
        first: 20,
        second: 22,
        difference: 2,
        uncertainty: { kind: 'standard error', value: 5 },
        distinct: false,
      },
    ]);
    expect(result.topology).toBeUndefined();
  });

  it('that are infinite stay so', async () => {
    const { metrics } = await compare(
      written('a', { metrics: { loss: 'Infinity', samples: 2 } }),
      written('b', { metrics: { loss: 'Infinity', samples: 2 } }),
    );
    expect(metrics).toMatchObject([{ first: 'Infinity', second: 'Infinity', difference: 0 }]);
  });
});

describe('what can be named', () => {
  it('is a checkpoint that has a result', async () => {
    mkdirSync(join(folder, '.basin/results/runs'), { recursive: true });
    mkdirSync(join(folder, 'runs'));
    writeFileSync(join(folder, 'basin.json'), '{}');
    // Of no bytes: the checkpoint is the one the result is of.
    const sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
    const from = written('a', {
      ...withTopology(LINE),
      checkpoint: { path: 'a', format: 'pytorch', sha256, step: null, epoch: 1 },
    });
    for (const name of ['a.pt', 'b.pt']) writeFileSync(join(folder, 'runs', name), '');
    const { readFileSync } = await import('node:fs');
    writeFileSync(join(folder, '.basin/results/runs/a.pt.basin.json'), readFileSync(from));
    const checkpoint = join(folder, 'runs/a.pt');
    const { first, topology } = await compare(checkpoint, from);
    expect(first).toMatchObject({ path: checkpoint, kind: 'result' });
    expect(topology!.bottleneck.distance).toBe(0);
    await expect(compare(checkpoint, join(folder, 'runs/b.pt'))).rejects.toThrow(
      /b\.pt has not been analyzed; run "basin analyze /,
    );
  });

  it('is a landscape of another tool', async () => {
    const npy = join(folder, 'a.npy');
    writeFileSync(npy, encodeNpy({ dtype: 'float64', shape: [7], data: Float64Array.from(LINE) }));
    const vti = join(folder, 'b.vti');
    const { axes } = landscape(LATER);
    writeFileSync(vti, writeVti({ values: Float64Array.from(LATER), axes }));
    const { topology, warnings, first } = await compare(npy, vti);
    expect(first.kind).toBe('landscape');
    expect(topology!.bottleneck.distance).toBe(1);
    expect(warnings.map(english).join('\n')).toContain('a.npy does not say where its points lie');
  });

  it('is nothing else', async () => {
    const result = written('a', withTopology(LINE));
    const broken = join(folder, 'broken.json');
    writeFileSync(broken, '{"schema": 1, "topology": {}}');
    const alone = join(folder, 'alone.pt');
    writeFileSync(alone, '');
    for (const [path, words] of [
      [join(folder, 'none.npy'), /does not exist/],
      [broken, /is no usable result document/],
      [alone, /no basin\.json/],
      [folder, /is no file|is a folder/],
      [written('c', { metrics: { loss: 1, samples: 1 } }), /no part in common/],
    ] as const) {
      await expect(compare(result, path)).rejects.toThrow(InputError);
      await expect(compare(result, path)).rejects.toThrow(words);
    }
  });
});
