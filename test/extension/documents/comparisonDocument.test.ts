import { describe, expect, it } from 'vitest';
import { comparisonDocument } from '../../../src/extension/documents/comparisonDocument';
import type { Comparison } from '../../../src/shared/comparison';

const side = (path: string) => ({
  path: `/w/.basin/results/${path}.basin.json`,
  kind: 'result' as const,
  checkpoint: { path, format: 'pytorch' as const, sha256: '', step: null, epoch: 1 },
});

const comparison: Comparison = {
  schema: 1,
  first: side('a.pt'),
  second: side('b|.pt'),
  metrics: [
    {
      name: 'accuracy',
      first: 0.9,
      second: 0.9125,
      difference: 0.0125,
      uncertainty: { kind: 'standard error', value: 0.02 },
      distinct: false,
    },
  ],
  hessian: [],
  topology: {
    differences: [
      {
        name: 'saddles',
        first: 7,
        second: 2,
        difference: -5,
        uncertainty: null,
        distinct: null,
      },
    ],
    comparedPairs: { first: 7, second: 2 },
    bottleneck: {
      distance: 0.5,
      overRange: 0.25,
      uncertainty: { kind: 'bound', value: 0.01 },
      matches: [],
    },
    wasserstein: { distance: 1, overRange: 0.5, uncertainty: null, matches: [] },
    minima: [
      {
        first: { pair: 0, vertex: 3, birth: 1, death: 1.25, position: [0, 0] },
        second: null,
        moved: null,
      },
    ],
  },
  warnings: [{ template: 'The grids <b>differ</b>.', values: [] }],
};

describe('a comparison as a document', () => {
  const text = comparisonDocument(comparison);

  it('has both sides, the difference and whether it is one', () => {
    expect(text).toContain('| accuracy | 90 % | 91\\.3 % | \\+1\\.3 ± 2\\.0 % | ≈ |');
    expect(text).toContain('| saddles | 7 | 2 | −5 |');
    expect(text).toContain('| Bottleneck distance | 0\\.500 ± 0\\.010 | 25 % of the range |');
    expect(text).toContain('| vanished | 1 | 0\\.25 | – | – | – |');
  });

  it('leaves text from files what it is', () => {
    expect(text).toContain('b\\|\\.pt');
    expect(text).not.toContain('<b>');
  });

  it('says which BatchNorm statistics the loss between the two is of', () => {
    const interpolation = { path: 'line', positions: [0, 1], losses: [1, 1], barrier: 0 } as const;
    const recomputed = { ...interpolation, batchNorm: 'recompute' } as const;
    const sentence = 'BatchNorm statistics are recomputed at each point';
    expect(comparisonDocument({ ...comparison, interpolation })).not.toContain(sentence);
    expect(comparisonDocument({ ...comparison, interpolation: recomputed })).toContain(sentence);
  });

  it('tells the loss between the two, and the barrier', () => {
    const positions = [0, 0.25, 0.3, 0.5, 0.75, 1];
    const text = comparisonDocument({
      ...comparison,
      interpolation: {
        path: 'line',
        positions,
        losses: [0.5, 1, 1.5, 2, 'Infinity', 1],
        barrier: 1,
      },
    });
    expect(text).toContain('## Between the two');
    expect(text).toMatch(
      /straight line the largest loss between the two exceeds both ends by 1\\\./,
    );
    const rows = text.split('\n').filter((line) => /^\| 0[ .\\]|^\| 1 \\?\(/.test(line));
    const losses = rows.map((row) => row.split(/(?<!\\)\|/)[2]?.trim());
    // Without that at 0.3, which is no stop of the table.
    expect(losses).toEqual(['0\\.5', '1', '2', '∞', '1']);
    const encoded = /data:image\/svg\+xml;base64,([\w+/=]+)\)/.exec(text)?.[1] ?? '';
    const picture = Buffer.from(encoded, 'base64').toString();
    // What is infinite is a gap.
    expect(/<path d="(M[^"]*)"[^>]*stroke-width/.exec(picture)?.[1]?.match(/[ML]/g)).toEqual(
      'MLLLM'.split(''),
    );
  });

  it('says so where nothing on the way is higher', () => {
    const text = comparisonDocument({
      ...comparison,
      interpolation: { path: 'curve', positions: [0, 0.5, 1], losses: [2, 1, 1], barrier: 0 },
    });
    expect(text).toMatch(/curve that was trained .* no loss between the two exceeds/);
  });
});
