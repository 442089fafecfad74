import { describe, expect, it } from 'vitest';
import { parseResult, type ResultReading } from '../../src/shared/resultShape';
import { english, say } from '../../src/shared/words/message';

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

const whyNot = (reading: ResultReading) => (reading.ok ? null : english(reading.why));

describe('a result document from disk', () => {
  it('is taken with the parts it has', () => {
    expect(read(minimal).ok).toBe(true);
    expect(read({ ...minimal, metrics: { loss: 'NaN', samples: 3 } }).ok).toBe(true);
    expect(read({ ...minimal, notes: ['a 1'], messages: [say`a ${[say`${1}`]}`] }).ok).toBe(true);
  });

  it.each([
    ['cut short', '{"schema": 1', 'it is not JSON'],
    ['a list', '[]', 'it is not an object'],
    ['of another schema', '{"schema": 2}', 'its schema is 2, and this version reads 1'],
    ['of no schema', '{}', 'its schema is missing, and this version reads 1'],
  ])('is refused when it is %s', (_, text, why) => {
    expect(whyNot(parseResult(text))).toBe(why);
  });

  const axis = { name: 'δ₁', min: -1, max: 1, steps: 3 };
  const line = {
    axes: [axis],
    directions: { kind: 'random', normalization: 'filter', norms: [1] },
    shape: [3],
    values: [1, 0, null],
  };
  const point = { checkpoint: 'e.pt', coordinates: [0], residual: 0, norm: 0 };

  it('may have a landscape of any dimension, and the run in it', () => {
    expect(read({ ...minimal, landscape: { ...line, trajectory: [point] } }).ok).toBe(true);
    const space = { ...line, axes: [axis, axis, axis], shape: [3, 3, 3] };
    expect(read({ ...minimal, landscape: { ...space, values: Array(27).fill(1) } }).ok).toBe(true);
  });

  it.each([
    ['a run without coordinates', { ...line, trajectory: [{ ...point, coordinates: null }] }],
    ['axes that are not of its shape', { ...line, shape: [3, 1] }],
    ['BatchNorm statistics of no name', { ...line, batchNorm: 1 }],
    ['no axis at all', { ...line, axes: [], shape: [], values: [1] }],
    [
      'a curve that is none',
      { ...line, directions: { ...line.directions, curve: { straight: 'no' } } },
    ],
  ])('is refused for a landscape with %s', (_, landscape) => {
    expect(read({ ...minimal, landscape }).ok).toBe(false);
  });

  it.each([
    ['checkpoint', { checkpoint: null }],
    ['messages', { messages: ['x'] }],
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
    expect(whyNot(read({ ...minimal, ...wrong }))).toBe(`its ${part} is not what it must be`);
  });
});
