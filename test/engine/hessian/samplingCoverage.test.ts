import { expect, test } from 'vitest';
import { errorOfParts, PartTraces } from '../../../src/engine/hessian/partTraces';
import { spectrum } from '../../../src/engine/hessian/spectrum';
import { dot } from '../../../src/engine/hessian/vectors';
import { measuredMetrics } from '../../../src/engine/objective/metrics';
import type { LossData } from '../../../src/engine/objective/lossData';
import { NOTHING_MEASURED } from '../../../src/engine/objective/lossTerm';
import { Random } from '../../../src/engine/random';
import { fromScalar } from '../../../src/shared/result/scalar';
import type { FloatArray } from '../../../src/engine/tensor';

/** A logistic regression of many more samples than an evaluation set has. */
const ALL = 40_000;
const DIMENSION = 12;
const POINTS = 512;
const PARTS = 16;
const SUBSETS = 100;
const NORMAL = 1.959964;

interface Sample {
  readonly x: Float64Array;
  readonly loss: number;
  /** p(1 − p): H of the sample is it times xxᵀ. */
  readonly weight: number;
}

function population(): readonly Sample[] {
  const random = new Random(11, 'population');
  const theta = Float64Array.from({ length: DIMENSION }, () => random.normal());
  const trained = theta.map((w) => 0.7 * w);
  return Array.from({ length: ALL }, () => {
    const x = Float64Array.from({ length: DIMENSION }, (_, i) => random.normal() / (1 + i / 4));
    const isOne = random.uniform() < 1 / (1 + Math.exp(-dot(theta, x)));
    const p = 1 / (1 + Math.exp(-dot(trained, x)));
    return { x, loss: -Math.log(isOne ? p : 1 - p), weight: p * (1 - p) };
  });
}

function times(samples: readonly Sample[], v: FloatArray): Float64Array {
  const sum = new Float64Array(DIMENSION);
  for (const { x, weight } of samples) {
    const along = (weight * dot(x, v)) / samples.length;
    for (let i = 0; i < DIMENSION; i += 1) sum[i]! += along * x[i]!;
  }
  return sum;
}

const samples = population();
const truth = {
  loss: samples.reduce((sum, { loss }) => sum + loss, 0) / ALL,
  trace: samples.reduce((sum, { x, weight }) => sum + weight * dot(x, x), 0) / ALL,
};

/** The figures of one evaluation set, with what it says of others. */
async function figuresOf(own: readonly Sample[], lanczosSteps: number, seed: number) {
  const size = POINTS / PARTS;
  const parts = Array.from({ length: PARTS }, (_, k) => own.slice(k * size, (k + 1) * size));
  const shares = parts.map(() => 1 / PARTS);
  const quotients = [0, 1].map(() => new Float64Array(PARTS));
  const { hessian, leading } = await spectrum(
    (vs) =>
      Promise.resolve(
        vs.map((v, k) => {
          quotients[k]!.set(parts.map((part) => dot(times(part, v), v) / PARTS));
          return times(own, v);
        }),
      ),
    DIMENSION,
    {
      eigenvalues: 1,
      lanczosSteps,
      probes: 2,
      seed,
      traceSamples: 8,
      parts: { traces: new PartTraces(shares), quotients },
    },
  );
  const {
    vectors: [vector],
  } = leading(1, 'value');
  // Of each sample, as `samplingErrors` has it.
  const along = own.map(({ x, weight }) => weight * dot(x, vector!) ** 2);
  const ofSamples = own.map(() => 1 / POINTS);
  const batches = parts.map((_, index) => ({
    index,
    set: 0,
    start: index * size,
    size,
    share: 1 / POINTS,
  }));
  const data = {
    kind: 'samples',
    sets: [{ role: 'loss', points: POINTS, largestBatch: size }],
    samples: POINTS,
    targets: { kind: 'classes' },
  } as unknown as LossData;
  const metrics = measuredMetrics(
    data,
    batches,
    parts.map((part) => ({
      ...NOTHING_MEASURED,
      loss: part.reduce((sum, { loss }) => sum + loss, 0),
      lossSquares: part.reduce((sum, { loss }) => sum + loss ** 2, 0),
    })),
  );
  return {
    loss: { value: fromScalar(metrics.loss), error: metrics.samplingError! },
    largest: { value: hessian.eigenvalues[0]!.value, error: errorOfParts(along, ofSamples)! },
    trace: {
      value: hessian.trace.value,
      error: Math.hypot(hessian.trace.samplingError!, hessian.trace.standardError),
    },
  };
}

test.each([
  ['all of the space', 6],
  ['a part of the space, and samples outside of it', 2],
])(
  'sampling errors of loss, trace and λmax hold the truth in 90 to 99 of 100 sets: %s',
  async (_, lanczosSteps) => {
    const everything = await spectrum(
      (vs) => Promise.resolve(vs.map((v) => times(samples, v))),
      DIMENSION,
      { eigenvalues: 1, lanczosSteps: 12, probes: 1, seed: 0 },
    );
    const expected = { ...truth, largest: everything.hessian.eigenvalues[0]!.value };
    const held = { loss: 0, trace: 0, largest: 0 };
    const random = new Random(5, 'subsets');
    for (let set = 0; set < SUBSETS; set += 1) {
      const own = Array.from(
        { length: POINTS },
        () => samples[Math.floor(random.uniform() * ALL)]!,
      );
      const found = await figuresOf(own, lanczosSteps, set);
      for (const name of ['loss', 'trace', 'largest'] as const) {
        const { value, error } = found[name];
        if (Math.abs(value - expected[name]) <= NORMAL * error) held[name] += 1;
      }
    }
    const names =
      lanczosSteps === 6 ? (['loss', 'trace', 'largest'] as const) : (['trace'] as const);
    for (const name of names) {
      expect(held[name], name).toBeGreaterThanOrEqual(90);
      expect(held[name], name).toBeLessThanOrEqual(99);
    }
  },
);
