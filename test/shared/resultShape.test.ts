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

  const pair = { value: 1, residual: 0, converged: true };
  const estimate = { value: 1, standardError: 0, samples: 0 };
  const hessian = {
    eigenvalues: [pair],
    smallest: pair,
    trace: estimate,
    density: { grid: [], values: [], sigma: 1, nodes: [] },
    products: 1,
    lanczosSteps: 1,
    probes: 1,
  };
  const deeper = {
    ...hessian,
    layers: [
      {
        name: 'w',
        parameters: 4,
        trace: estimate,
        gradientNorm: 1,
        largest: pair,
        gaussNewton: estimate,
      },
    ],
    gradient: { norm: 1, curvature: null, ascent: { radius: 0.05, rise: 'Infinity' } },
    profiles: [{ eigenvalue: 1, slope: 0, distances: [-1, 0, 1], losses: [1, 0, 'NaN'] }],
    gaussNewton: {
      eigenvalues: [pair],
      trace: estimate,
      rest: { trace: estimate, curvature: 0 },
      fisherOf: null,
      products: 1,
    },
    fisher: { eigenvalues: [pair], trace: estimate, products: 1 },
    offDiagonal: {
      share: 0,
      standardError: 0,
      interval: { low: 0, high: 0 },
      norm: 1,
      samples: 32,
    },
    edgeOfStability: {
      optimizer: 'adam',
      learningRate: 1,
      momentum: 0.9,
      bound: 38,
      sharpness: 1,
      residual: 0,
      state: 'stable',
    },
  };

  it('may have what older versions did not know of the curvature, and may not', () => {
    expect(read({ ...minimal, hessian }).ok).toBe(true);
    expect(read({ ...minimal, hessian: deeper }).ok).toBe(true);
  });

  it.each([
    ['a gradient without a length', { gradient: { ...deeper.gradient, norm: '1' } }],
    ['an ascent that is a number', { gradient: { ...deeper.gradient, ascent: 1 } }],
    ['a profile cut short', { profiles: [{ ...deeper.profiles[0], losses: [1] }] }],
    ['a Gauss–Newton matrix without a rest', { gaussNewton: { ...deeper.gaussNewton, rest: 1 } }],
    ['a Fisher that is a list', { fisher: [] }],
    ['a share without an interval', { offDiagonal: { share: 1, standardError: 0, norm: 1 } }],
    ['a layer whose eigenvalue is a number', { layers: [{ ...deeper.layers[0], largest: 1 }] }],
    ['an edge without a bound', { edgeOfStability: { ...deeper.edgeOfStability, bound: null } }],
  ])('is refused for a Hessian with %s', (_, wrong) => {
    expect(read({ ...minimal, hessian: { ...deeper, ...wrong } }).ok).toBe(false);
  });
});
