import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { onnxRuntime } from '../../../src/engine/runtime/onnxruntime';
import { onnxRuntimeWeb } from '../../../src/engine/runtime/onnxruntimeWeb';
import { referenceRuntime } from '../../../src/engine/runtime/reference';
import type { FloatArray, Runtime } from '../../../src/engine/runtime/runtime';
import { tensorFlowRuntime } from '../../../src/engine/runtime/tensorflow/tensorflow';
import type { TensorFlow } from '../../../src/engine/runtime/tensorflow/api';
import { InputError } from '../../../src/shared/inputError';
import { allCases, derivativeProgram, inputsFor } from '../graph/derivativeProgram';
import { plainTensorFlow } from './plainTensorFlow';

type Values = ReadonlyMap<string, FloatArray>;

/**
 * What ONNX Runtime has no float64 kernels for, native and in WebAssembly, by operator: the
 * operations that need it. It is a gap of its processor's kernels, and nothing is put in its place.
 */
const WITHOUT_FLOAT64: Readonly<Record<string, readonly string[]>> = {
  Erf: ['erf', 'Gelu'],
  Atan: ['atan'],
  Asin: ['asin', 'Asin'],
  Acos: ['acos', 'Acos'],
  Conv: [
    'conv',
    'conv, strided, uneven padding',
    'conv, dilated',
    'conv in groups',
    'conv with bias, rectified',
    'Conv in one dimension',
    'Conv in three dimensions',
    'Conv, depthwise',
    'Conv, depthwise and dilated',
    'Conv with the padding it needs',
    'AveragePool',
    'AveragePool, counting the padding',
    'AveragePool in three dimensions',
  ],
  ConvTranspose: [
    'convInput',
    'convWeight',
    'ConvTranspose',
    'ConvTranspose in groups',
    'ConvTranspose in one dimension',
  ],
};

const missing = new Map(
  Object.entries(WITHOUT_FLOAT64).flatMap(([operator, cases]) =>
    cases.map((name) => [name, operator] as const),
  ),
);
const names = allCases(2).map(({ name }) => name);

test('what is said to be missing are operations', () => {
  expect(names).toEqual(expect.arrayContaining([...missing.keys()]));
});

let tf: TensorFlow;
beforeAll(async () => {
  tf = await plainTensorFlow();
});

/** Loss, gradient and two H·v of an operation, at a point that `seed` draws. */
function problemOf(name: string, extent: number, seed: number) {
  const of = allCases(extent).find((other) => other.name === name)!;
  const { program, resultSize } = derivativeProgram(of);
  return { program, inputs: inputsFor(of, resultSize, seed) };
}

async function solve(
  runtime: Runtime,
  { program, inputs }: ReturnType<typeof problemOf>,
): Promise<Values> {
  const executable = await runtime.compile(program);
  try {
    return await executable.run(inputs);
  } finally {
    await executable.release();
  }
}

/** Largest difference as a share of the largest value, of any output; NaN where any is. */
function worst(exact: Values, got: Values): number {
  let most = 0;
  for (const [output, values] of exact) {
    const size = Math.max(1, ...values.map(Math.abs));
    const own = got.get(output)!;
    expect(own).toHaveLength(values.length);
    values.forEach((x, i) => {
      most = Math.max(most, Math.abs(own[i]! - x) / size);
    });
  }
  return most;
}

// Sums of a few dozen terms: some rounding errors of each precision.
const WITHIN = { float32: 5e-6, float64: 1e-13 };

const shapes = fc.record({ extent: fc.integer({ min: 2, max: 4 }), seed: fc.nat() });

describe.each(names)('%s', (name) => {
  const precisions = missing.has(name) ? (['float32'] as const) : (['float32', 'float64'] as const);

  test('native and TensorFlow’s kernels agree with the reference', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async ({ extent, seed }) => {
        const problem = problemOf(name, extent, seed);
        const exact = await solve(referenceRuntime, problem);
        for (const precision of precisions) {
          const got = await solve(onnxRuntime({ precision }), problem);
          expect(worst(exact, got), precision).toBeLessThan(WITHIN[precision]);
        }
        const got = await solve(tensorFlowRuntime(tf), problem);
        expect(worst(exact, got), 'tensorflow').toBeLessThan(WITHIN.float32);
      }),
      // One shape for each of as many operations.
      { numRuns: 1 },
    );
  });

  test('WebAssembly agrees with the reference', async () => {
    const problem = problemOf(name, 3, 5);
    const exact = await solve(referenceRuntime, problem);
    for (const precision of precisions) {
      const got = await solve(onnxRuntimeWeb({ precision }), problem);
      expect(worst(exact, got), precision).toBeLessThan(WITHIN[precision]);
    }
  });
});

describe('what has no float64 kernel is refused', () => {
  test.each([...missing])('%s, for want of %s', async (name, operator) => {
    const { program } = problemOf(name, 2, 1);
    for (const runtime of [
      onnxRuntime({ precision: 'float64' }),
      onnxRuntimeWeb({ precision: 'float64' }),
    ]) {
      const refused = runtime.compile(program);
      await expect(refused).rejects.toThrow(InputError);
      await expect(refused).rejects.toThrow(
        `ONNX Runtime has no float64 kernel for ${operator}, which this network needs; analyse it in float32, or in float64 on the runtime "reference".`,
      );
    }
  });
});
