import { describe, expect, it } from 'vitest';
import {
  describeInspection,
  describeResult,
  resultFacts,
  resultNotes,
} from '../../../src/extension/words/summary';
import type { ResultDocument } from '../../../src/shared/result';
import type { Topology } from '../../../src/shared/result/topology';

const empty: ResultDocument = {
  schema: 1,
  checkpoint: { path: 'e.pt', format: 'pytorch', sha256: '00', step: null, epoch: 3 },
  parameters: 17_462,
  runtime: { name: 'x', version: '1', precision: 'float32' },
  seed: 0,
  notes: [],
  timings: {},
};

const metrics = { loss: 0.09243, accuracy: 0.969, samples: 128 };
const hessian = {
  eigenvalues: [{ value: 34.366, residual: 4e-6, converged: false }],
  smallest: { value: -1, residual: 0, converged: true },
  trace: { value: 81.2, standardError: 4.1, samples: 2 },
  density: { grid: [], values: [], sigma: 1, nodes: [] },
  products: 1,
  lanczosSteps: 10,
  probes: 2,
};

describe('what a result says', () => {
  it('is one line of what is known', () => {
    expect(describeResult(empty)).toBe('');
    expect(describeResult({ ...empty, metrics })).toBe('loss 0.09243');
    expect(describeResult({ ...empty, metrics, hessian })).toBe(
      'loss 0.09243 · λmax 34.37, not converged',
    );
  });

  it('has with every figure how sure it is', () => {
    expect(resultFacts({ ...empty, metrics, hessian })).toEqual([
      { name: 'Parameters', value: '17,462' },
      { name: 'Loss, accuracy', value: '0.09243, 96.9 % (128 samples)' },
      { name: 'λmax ± residual', value: '34.3660 ± 4×10⁻⁶, not converged' },
      { name: 'Trace ± s.e.', value: '81 ± 4 (2 probes)' },
    ]);
  });

  it('has what was asked for of the curvature beside it', () => {
    const trace = (value: number) => ({ value, standardError: 0.5, samples: 4 });
    const pair = { value: 3, residual: 0, converged: true };
    const deeper = {
      ...hessian,
      gradient: { norm: 0.25, curvature: 1, ascent: { radius: 0.05, rise: 0.0125 } },
      gaussNewton: {
        eigenvalues: [pair],
        trace: trace(60),
        rest: { trace: trace(21), curvature: 0 },
        fisherOf: 'categorical' as const,
        products: 1,
      },
      fisher: { eigenvalues: [pair], trace: trace(50), products: 1 },
      offDiagonal: {
        share: 0.625,
        standardError: 0.01,
        interval: { low: 0.6, high: 0.65 },
        norm: 1,
        samples: 32,
      },
      edgeOfStability: {
        optimizer: 'adam' as const,
        learningRate: 1e-3,
        momentum: 0.9,
        bound: 38_000,
        sharpness: 19_000,
        residual: 1,
        state: 'stable' as const,
      },
    };
    expect(resultFacts({ ...empty, hessian: deeper }).slice(3)).toEqual([
      { name: 'Edge of stability', value: 'λmax scaled by Adam is 50 % of 38,000: stable' },
      { name: 'Gradient, sharpness', value: '0.25, 0.0125 (a step of 0.05 uphill)' },
      { name: 'Gauss–Newton (Fisher) λmax, trace', value: '3, 60.0 ± 0.5' },
      { name: 'Trace of the rest, H − G', value: '21.0 ± 0.5' },
      { name: 'Empirical Fisher λmax, trace', value: '3, 50.0 ± 0.5' },
      { name: 'Share of ‖H‖² between tensors', value: '62.5 % ± 1 %' },
    ]);
  });

  it('has with the saddles what other choices give', () => {
    const summary = {
      count: 1,
      total: 1,
      mean: 1,
      median: 1,
      maximum: 1,
      meanOverRange: 1,
    };
    const pair = { birth: 0, death: 1, birthVertex: 0, deathVertex: 1 };
    const topology: Topology = {
      shape: [3, 3],
      neighborhood: 'freudenthal',
      threshold: 0.001,
      thresholdSource: 'noise',
      minima: 8,
      saddles: 7,
      pairs: [],
      essential: pair,
      summaries: { finite: summary, withEssential: summary, range: 1, persistenceEntropy: 0 },
      sensitivity: { saddlesByNeighborhood: { freudenthal: 7, '4': 9, '8': 6 } },
      mergeTree: { nodes: [] },
      nonFinite: 0,
    };
    const others = (sensitivity: Topology['sensitivity']): string | undefined =>
      resultFacts({ ...empty, topology: { ...topology, sensitivity } }).find(
        ({ name }) => name === 'Saddles with other choices',
      )?.value;
    expect(others(topology.sensitivity)).toBe('6–9');
    const spread = { low: 0, high: 0 };
    const band = { saddles: { low: 5, high: 14 }, minima: spread, totalPersistence: spread };
    expect(others({ ...topology.sensitivity, band })).toBe('5–14');
    expect(others({ saddlesByNeighborhood: {} })).toBeUndefined();
  });

  it('says of a loss that is none that it is none', () => {
    expect(describeResult({ ...empty, metrics: { loss: 'NaN', samples: 1 } })).toBe('loss NaN');
  });
});

describe('what a header says', () => {
  it('is format, place in training and size', () => {
    expect(
      describeInspection({
        path: '/e.pt',
        format: 'safetensors',
        size: 10,
        tensors: [{ name: 'w', dtype: 'float32', shape: [1200] }],
        parameters: 1200,
        step: 3500,
        epoch: null,
        metadata: {},
      }),
    ).toBe('safetensors · step 3,500 · 1 tensor · 1,200 values, buffers included');
  });
});

describe('the notes of a result', () => {
  const of = (notes: readonly string[]): string[] => resultNotes({ ...empty, notes });

  it('are said once each, and counted where they are many', () => {
    expect(of([])).toEqual([]);
    expect(of(['A.', 'B.', 'A.'])).toEqual(['A.', 'B.']);
    expect(of(['A.', 'B.', 'C.', 'D.', 'E.'])).toEqual([
      'A.',
      'B.',
      'C.',
      '2 more notes in the panel.',
    ]);
  });
});
