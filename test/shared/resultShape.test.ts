import { describe, expect, it } from 'vitest';
import { parseResult } from '../../src/shared/resultShape';

const minimal = {
  schema: 1,
  checkpoint: { path: 'e.pt', format: 'pytorch', sha256: '00', step: null, epoch: 3 },
  parameters: 4,
  runtime: { name: 'x', version: '1', precision: 'float32' },
  seed: 0,
  notes: [],
  timings: {},
};

const read = (value: unknown) => parseResult(JSON.stringify(value));

describe('a result document from disk', () => {
  it('is taken with the parts it has', () => {
    expect(read(minimal).ok).toBe(true);
    expect(read({ ...minimal, metrics: { loss: 'NaN', samples: 3 } }).ok).toBe(true);
  });

  it.each([
    ['cut short', '{"schema": 1', 'it is not JSON'],
    ['a list', '[]', 'it is not an object'],
    ['of another schema', '{"schema": 2}', 'its schema is 2, and this version reads 1'],
    ['of no schema', '{}', 'its schema is missing, and this version reads 1'],
  ])('is refused when it is %s', (_, text, why) => {
    expect(parseResult(text)).toEqual({ ok: false, why });
  });

  it.each([
    ['checkpoint', { checkpoint: null }],
    ['notes', { notes: [1] }],
    ['metrics', { metrics: { loss: '<b>', samples: 1 } }],
    ['hessian', { hessian: { eigenvalues: {} } }],
    ['topology', { topology: { minima: 1 } }],
    [
      'landscape',
      {
        landscape: {
          axes: [],
          directions: { kind: 'random', normalization: 'filter', norms: [] },
          shape: [2, 2],
          values: [1, 2, 3],
        },
      },
    ],
  ])('is refused for its %s', (part, wrong) => {
    expect(read({ ...minimal, ...wrong })).toEqual({
      ok: false,
      why: `its ${part} is not what it must be`,
    });
  });
});
