import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readArray } from '../../../src/engine/checkpoint/numpy/npy';
import { Graph } from '../../../src/engine/graph/graph';
import { exportOnnx } from '../../../src/engine/graph/onnx/exportOnnx';
import { onnxRuntime } from '../../../src/engine/runtime/onnxruntime';
import { referenceRuntime } from '../../../src/engine/runtime/reference';
import type { Carried, FloatArray, Runtime } from '../../../src/engine/runtime/runtime';
import { allCases, derivativeProgram, inputsFor } from '../graph/derivativeProgram';
import { operationCases, type OperationCase } from '../graph/operations';
import {
  FIXTURES,
  meanGradient,
  meanProduct,
  openMlp,
  openProblem,
  relativeError,
  type Problem,
} from '../objective/problems';

// On SwiftShader, Chromium's graphics card in software, which vitest.config.mjs looks for: what runs on it
// runs on any Vulkan, slowly.
const why = /swiftshader/i.test(process.env.VK_ICD_FILENAMES ?? '')
  ? ''
  : ' (skipped: there is no Chromium with SwiftShader)';

const device = (): Runtime => onnxRuntime({ provider: 'webgpu' });

/** SwiftShader compiles a hundred programs for a network: ten seconds of one core, in milliseconds. */
const COMPILING = 240_000;

type Values = ReadonlyMap<string, FloatArray>;

/** Largest difference as a share of the largest value of an output, of any. */
function worst(exact: Values, got: Values): number {
  let most = 0;
  for (const [output, values] of exact) {
    const size = Math.max(1, ...values.map(Math.abs));
    const own = got.get(output)!;
    expect(own).toHaveLength(values.length);
    for (const [i, x] of values.entries()) {
      const error = Math.abs(own[i]! - x) / size;
      if (!(error <= most)) most = error;
    }
  }
  return most;
}

async function solve(
  runtime: Runtime,
  of: OperationCase,
): Promise<{ readonly exact: Values; readonly got: Values }> {
  const { program, resultSize } = derivativeProgram(of, (g, x) => g.mul(x, g.add(x, g.scalar(1))));
  const inputs = inputsFor(of, resultSize, 5);
  const exact = await (await referenceRuntime.compile(program)).run(inputs);
  const executable = await runtime.compile(program);
  const got = await executable.run(inputs);
  await executable.release();
  return { exact, got };
}

describe.skipIf(why !== '')(`on a device of Vulkan${why}`, () => {
  // Basin's own operations, and ONNX operators that the provider fails at: it takes a second of the
  // processor to prepare one program with a product for SwiftShader. BASIN_DEVICE=all runs all of them.
  const failing = /MaxPool|three dimensions|depthwise and dilated|^Attention$/;
  const isAll = process.env.BASIN_DEVICE === 'all';
  const own = new Set(operationCases(3).map(({ name }) => name));
  const cases = allCases(3).filter(({ name }) => isAll || own.has(name) || failing.test(name));

  test.each(cases.map((of) => [of.name, of] as const))(
    '%s agrees with the reference',
    async (_, of) => {
      const { exact, got } = await solve(device(), of);
      expect(worst(exact, got)).toBeLessThan(5e-6);
    },
    COMPILING,
  );

  // Wrong in silence where the provider's own kernel is used.
  test.each([
    [2, [1, 1], [2, 1]],
    [4, [2, 2], [2, 2]],
  ] as const)(
    'a convolution in %i groups, strides %j, dilations %j',
    async (groups, strides, dilations) => {
      const attributes = { strides, dilations, padsBefore: [1, 2], padsAfter: [2, 1], groups };
      const { exact, got } = await solve(device(), {
        name: 'conv',
        shapes: [
          [2, 4, 7, 6],
          [4, 4 / groups, 3, 2],
        ],
        build: (g, [x, w]) => g.conv(x!, w!, attributes),
      });
      expect(worst(exact, got)).toBeLessThan(5e-6);
    },
    COMPILING,
  );

  test('sine and cosine are right far from 0, and nothing at infinity', async () => {
    const g = new Graph();
    const x = [0, -0, 1e-8, 0.5, -3.2, 31, -404.5, 6000, Infinity, NaN];
    const input = g.input('x', [x.length]);
    const outputs = new Map([
      ['sin', g.sin(input)],
      ['cos', g.cos(input)],
    ]);
    const executable = await device().compile({ outputs });
    const got = await executable.run(new Map([['x', Float32Array.from(x)]]));
    await executable.release();
    for (const [name, of] of [
      ['sin', Math.sin],
      ['cos', Math.cos],
    ] as const) {
      x.forEach((value, i) => {
        const expected = of(Math.fround(value));
        if (Number.isFinite(expected)) {
          expect(Math.abs(got.get(name)![i]! - expected), `${name} ${value}`).toBeLessThan(3e-7);
        } else expect(got.get(name)![i]).toBeNaN();
      });
    }
  });

  test('what stays on the device is read by the next program, until it is given back', async () => {
    const g = new Graph();
    const x = g.input('x', [2, 3]);
    const first = await device().compile({ outputs: new Map([['y', g.exp(x)]]), stays: true });
    const y = g.input('y', [2, 3]);
    const second = await device().compile({ outputs: new Map([['z', g.mul(y, y)]]) });
    const values = Float32Array.of(0, 1, -1, 2, 0.5, 3);
    for (let round = 0; round < 3; round += 1) {
      const kept = await first.carry!(new Map([['x', values]]));
      const carried: Carried = kept.get('y')!;
      expect(carried).not.toBeInstanceOf(Float32Array);
      expect(carried.byteLength).toBe(24);
      for (let run = 0; run < 2; run += 1) {
        const z = (await second.run(new Map([['y', carried]]))).get('z')!;
        values.forEach((value, i) => {
          expect(Math.abs(z[i]! / Math.exp(2 * value) - 1)).toBeLessThan(1e-6);
        });
      }
      if ('release' in carried) carried.release();
    }
    await first.release();
    await second.release();
  });

  interface Found {
    readonly loss: number;
    readonly gradient: Float64Array;
    readonly products: readonly Float64Array[];
  }

  /** H·v twice: of what stays on the device, the second reads what the first left there. */
  async function solved(problem: Problem): Promise<Found> {
    const { evaluator, theta } = problem;
    const products: Float64Array[] = [];
    for (const shift of [1, 2]) {
      const v = Float32Array.from(theta, (_, i) => Math.sin(shift * i + 1));
      products.push(await meanProduct(problem, v));
    }
    const loss = await evaluator.loss(theta);
    const gradient = await meanGradient(problem);
    await evaluator.release();
    return { loss, gradient, products };
  }

  function expectSame(got: Found, expected: Found): void {
    expect(Math.abs(got.loss / expected.loss - 1)).toBeLessThan(1e-5);
    expect(relativeError(got.gradient, expected.gradient)).toBeLessThan(1e-4);
    got.products.forEach((product, i) => {
      expect(relativeError(product, expected.products[i]!)).toBeLessThan(1e-4);
    });
  }

  const network = (runtime: Runtime, name: string, kind: 'classification' | 'regression') => {
    const folder = join(FIXTURES, 'networks');
    return openProblem(runtime, {
      checkpoint: join(folder, `${name}.pt`),
      model: join(folder, `${name}.onnx`),
      data: join(folder, `${name}.npz`),
      objective: kind,
    });
  };

  const withBatchNorm = (runtime: Runtime): Promise<Problem> => {
    const folder = join(FIXTURES, 'batchNorm');
    return openProblem(runtime, {
      checkpoint: join(folder, 'a.pt'),
      model: join(folder, 'net.onnx'),
      data: join(folder, 'data.npz'),
      objective: 'classification',
      limit: 4,
    });
  };

  test.each([
    ['a multilayer perceptron', (runtime: Runtime) => openMlp(runtime, 'classification')],
    ['a convolutional network with BatchNorm', withBatchNorm],
    ['a transformer', (runtime: Runtime) => network(runtime, 'gpt2', 'classification')],
  ] as const)(
    '%s: loss, gradient and H·v are the processor’s',
    async (_, open) => {
      expectSame(await solved(await open(device())), await solved(await open(onnxRuntime())));
    },
    COMPILING,
  );

  test(
    'a network of an equation: loss, gradient and H·v are PyTorch’s',
    async () => {
      const folder = join(FIXTURES, 'networks');
      const expected = async (array: string): Promise<Float64Array> =>
        Float64Array.from((await readArray(`pinn.npz#${array}`, folder)).data as Float64Array);
      const problem = await network(device(), 'pinn', 'regression');
      const { evaluator, theta } = problem;
      const [loss] = await expected('loss');
      expect(Math.abs((await evaluator.loss(theta)) / loss! - 1)).toBeLessThan(1e-5);
      expect(relativeError(await meanGradient(problem), await expected('gradient'))).toBeLessThan(
        1e-4,
      );
      const v = Float64Array.from(theta, (__, i) => Math.sin(i + 1));
      expect(relativeError(await meanProduct(problem, v), await expected('hvp'))).toBeLessThan(
        1e-3,
      );
      await evaluator.release();
    },
    COMPILING,
  );
});

describe('a model for a device', () => {
  const conv = (groups: number) => {
    const g = new Graph();
    const attributes = {
      strides: [1, 1],
      dilations: [2, 2],
      padsBefore: [0, 0],
      padsAfter: [0, 0],
      groups,
    };
    const w = g.input('w', [4, 4 / groups, 3, 3]);
    return {
      outputs: new Map([
        ['y', g.convInput(w, g.input('x', [8, 4, 4, 4]), attributes, [8, 4, 8, 8])],
      ]),
    };
  };

  test('names what is left to the processor', () => {
    expect(exportOnnx(conv(2), 'float32', undefined, { device: 'webgpu' }).onProcessor).toEqual([
      'processor0',
    ]);
    expect(exportOnnx(conv(1), 'float32', undefined, { device: 'webgpu' }).onProcessor).toEqual([]);
    expect(exportOnnx(conv(2), 'float32').onProcessor).toEqual([]);
  });

  test('has no products that only a processor has, and takes all samples at once', () => {
    const g = new Graph();
    const attributes = {
      strides: [1, 1],
      dilations: [1, 1],
      padsBefore: [1, 1],
      padsAfter: [1, 1],
      groups: 1,
    };
    const x = g.input('x', [64, 16, 32, 32]);
    const y = g.input('y', [64, 16, 32, 32]);
    const outputs = new Map([['w', g.convWeight(x, y, attributes, [16, 16, 3, 3])]]);
    const text = (device: 'webgpu' | null): string =>
      new TextDecoder('latin1').decode(
        exportOnnx({ outputs }, 'float32', undefined, { device }).bytes,
      );
    expect(text(null)).toContain('FusedMatMul');
    expect(text('webgpu')).not.toContain('FusedMatMul');
    const products = text('webgpu').split('MatMul').length - 1;
    expect(products).toBe(1);
    expect(text(null).split('FusedMatMul').length - 1).toBeGreaterThan(1);
  });
});
