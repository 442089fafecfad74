import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../../src/engine/checkpoint/openCheckpoint';
import { matrixStatistics } from '../../../src/engine/weights/matrixStatistics';
import { measureTensors } from '../../../src/engine/weights/measureTensors';
import { fitPowerLaw } from '../../../src/engine/weights/powerLaw';
import { randomOf } from '../../fuzz/mutations';
import type {
  MatrixStatistics,
  TensorStatistics,
  TensorStatisticsOutcome,
} from '../../../src/shared/engineProtocol';

const FOLDER = fileURLToPath(new URL('../../fixtures/spectra/', import.meta.url));
const never = new AbortController().signal;

interface Expected {
  readonly norm: number;
  readonly fromFirst: number;
  readonly matrix?: Omit<MatrixStatistics, 'isWhole'>;
}

const expected = JSON.parse(await readFile(join(FOLDER, 'expected.json'), 'utf8')) as Record<
  string,
  Expected
>;

async function measured(path: string, run: { first?: string; previous?: string }) {
  const checkpoint = await openCheckpoint(path);
  const names = [...checkpoint.tensors.keys()];
  await checkpoint.close();
  const outcomes: TensorStatisticsOutcome[] = [];
  const onOutcome = (outcome: TensorStatisticsOutcome) => outcomes.push(outcome);
  await measureTensors(path, [...names.keys()], { ...run, signal: never, onOutcome });
  return new Map<string, TensorStatistics>(
    outcomes.flatMap((outcome) =>
      outcome.ok ? [[names[outcome.index]!, outcome.statistics]] : [],
    ),
  );
}

function expectNear(value: number, other: number, tolerance: number): void {
  expect(Math.abs(value - other)).toBeLessThanOrEqual(tolerance * Math.abs(other));
}

describe('statistics of weights', () => {
  const first = join(FOLDER, 'epoch-1.npz');
  const found = measured(join(FOLDER, 'epoch-2.npz'), { first, previous: first });

  it.each(Object.entries(expected))(
    'of %s are those of numpy, scipy and powerlaw',
    async (name, own) => {
      const { norm, fromFirst, fromPrevious, matrix } = (await found).get(name)!;
      expectNear(Number(norm), own.norm, 1e-12);
      expectNear(fromFirst!, own.fromFirst, 1e-12);
      expect(fromPrevious).toBe(fromFirst);
      if (own.matrix === undefined) {
        expect(matrix).toBeUndefined();
        return;
      }
      const { spectralNorm, stableRank, powerLaw, ...exact } = own.matrix;
      expect(matrix).toMatchObject(exact);
      expectNear(matrix!.spectralNorm, spectralNorm, 1e-12);
      if (stableRank === null) expect(matrix!.stableRank).toBeNull();
      else expectNear(matrix!.stableRank!, stableRank, 1e-12);
      if (powerLaw === null) {
        expect(matrix!.powerLaw).toBeNull();
        return;
      }
      expect(matrix!.powerLaw).toMatchObject({
        tail: powerLaw.tail,
        eigenvalues: powerLaw.eigenvalues,
      });
      expectNear(matrix!.powerLaw!.exponent, powerLaw.exponent, 1e-9);
      expectNear(matrix!.powerLaw!.from, powerLaw.from, 1e-9);
      expectNear(matrix!.powerLaw!.distance, powerLaw.distance, 1e-9);
    },
  );

  it('have no distance to what is not there', async () => {
    const other = fileURLToPath(new URL('../../fixtures/checkpoints/arrays.npz', import.meta.url));
    const { fromFirst, fromPrevious } = (await measured(first, { first: other })).get('heavy')!;
    expect(fromFirst).toBeNull();
    expect(fromPrevious).toBeUndefined();
  });
});

describe('the exponent of a power law', () => {
  it.each([2, 2.5, 4])('of numbers drawn with α = %f is it', (exponent) => {
    const random = randomOf(7);
    // Inverse transform: P(λ > x) = x^(1 − α).
    const drawn = Float64Array.from(
      { length: 20_000 },
      () => (1 - random()) ** (1 / (1 - exponent)),
    );
    const fit = fitPowerLaw(drawn)!;
    // The standard error of the maximum likelihood is (α − 1) / √n.
    const error = (exponent - 1) / Math.sqrt(fit.tail);
    expect(Math.abs(fit.exponent - exponent)).toBeLessThan(4 * error);
    expect(fit.distance).toBeLessThan(0.02);
  });

  it('of fewer than 50 eigenvalues is not given', () => {
    const values = Float64Array.from({ length: 60 }, (_, i) => (i < 11 ? 0 : i));
    expect(fitPowerLaw(values)).toBeNull();
    expect(fitPowerLaw(Float64Array.from(values, (value) => value + 1))).not.toBeNull();
    expect(fitPowerLaw(new Float64Array(60).fill(3))).toBeNull();
  });
});

describe('a large matrix', () => {
  it('has its spectral norm without all its eigenvalues', async () => {
    const [rows, columns] = [1100, 1030];
    const data = new Float64Array(rows * columns);
    let squares = 9;
    for (let i = 0; i < columns; i++) {
      const value = i === 500 ? 3 : 1 + i / 2000;
      data[i * columns + i] = value;
      if (i !== 500) squares += value * value;
    }
    const found = await matrixStatistics({ dtype: 'float64', shape: [rows, columns], data }, never);
    expectNear(found!.spectralNorm, 3, 1e-12);
    expectNear(found!.stableRank!, squares / 9, 1e-12);
    expect(found).toMatchObject({ deadUnits: rows - columns, powerLaw: null, isWhole: false });
  });

  it('ends when it is cancelled', async () => {
    const controller = new AbortController();
    const data = new Float64Array(1024 * 1024).fill(1);
    const running = matrixStatistics(
      { dtype: 'float64', shape: [1024, 1024], data },
      controller.signal,
    );
    controller.abort();
    await expect(running).rejects.toThrow(/abort/);
  });
});
