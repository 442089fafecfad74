import * as ort from 'onnxruntime-node';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Checkpoint } from '../../../src/engine/checkpoint/checkpoint';
import { openCheckpoint } from '../../../src/engine/checkpoint/openCheckpoint';
import { Graph } from '../../../src/engine/graph/graph';
import { referenceRuntime } from '../../../src/engine/runtime/reference';
import { sizeOf } from '../../../src/engine/tensor';
import { FIXTURES } from '../objective/problems';
import { asModel, asOperation, variables, type OnnxCase } from './onnxCase';

// Which pixels PyTorch takes, and its antialiased interpolation: see the make.py beside them.
let pixels: Checkpoint;
beforeAll(async () => {
  pixels = await openCheckpoint(join(FIXTURES, 'resize/pixels.npz'));
});
afterAll(() => pixels.close());

const read = async (name: string): Promise<readonly number[]> =>
  Array.from((await pixels.read(name)).data, Number);

/** What Basin makes of a use of Resize, of numbers that are counted or given. */
async function resized(
  of: OnnxCase,
  values?: readonly number[],
): Promise<{ readonly shape: readonly number[]; readonly values: readonly number[] }> {
  const g = new Graph();
  const [shape] = variables(of);
  const y = asOperation(of).build(g, [g.input('x', shape!)]);
  const run = await referenceRuntime.compile({ outputs: new Map([['y', y]]) });
  const x = Float64Array.from({ length: sizeOf(shape!) }, (_, i) => values?.[i] ?? i);
  return { shape: y.shape, values: [...(await run.run(new Map([['x', x]]))).get('y')!] };
}

const resize = (
  shape: readonly number[],
  { scales, sizes }: { readonly scales?: readonly number[]; readonly sizes?: readonly number[] },
  attributes: NonNullable<OnnxCase['attributes']>,
  opset = 18,
): OnnxCase => ({
  name: 'Resize',
  operator: 'Resize',
  inputs: [
    { shape },
    null,
    // As a file has them.
    scales === undefined
      ? null
      : { shape: [scales.length], values: scales.map(Math.fround), type: 'float' },
    ...(sizes === undefined
      ? []
      : [{ shape: [sizes.length], values: sizes, type: 'integer' as const }]),
  ],
  attributes,
  opset,
});

const NEAREST = {
  mode: 'nearest',
  coordinate_transformation_mode: 'asymmetric',
  nearest_mode: 'floor',
};

test('the nearest pixels are PyTorch’s, by any scale and by any size', async () => {
  const [scales, extents, sizes] = [
    await read('scales'),
    await read('extents'),
    await read('sizes'),
  ];
  const [byScale, counts, bySize] = [
    await read('byScale'),
    await read('counts'),
    await read('bySize'),
  ];
  let at = 0;
  let which = 0;
  let own = 0;
  for (const n of extents) {
    for (const scale of scales) {
      const count = counts[which++]!;
      if (count === 0) continue;
      const of = resize([1, 1, n], { scales: [1, 1, scale] }, NEAREST);
      const { values } = await resized(of);
      expect(values, `${n} by ${scale}`).toEqual(byScale.slice(at, at + count));
      at += count;
    }
    for (const size of sizes) {
      const of = resize([1, 1, n], { sizes: [1, 1, size] }, NEAREST);
      const { values } = await resized(of);
      expect(values, `${n} to ${size}`).toEqual(bySize.slice(own, own + size));
      own += size;
    }
  }
  expect([at, own]).toEqual([byScale.length, bySize.length]);
});

const COORDINATES = [
  'half_pixel',
  'pytorch_half_pixel',
  'half_pixel_symmetric',
  'align_corners',
  'asymmetric',
];

/** ONNX Runtime's own result. */
async function native(
  of: OnnxCase,
): Promise<{ readonly shape: readonly number[]; readonly values: readonly number[] }> {
  const session = await ort.InferenceSession.create(asModel(of), { logSeverityLevel: 3 });
  const [shape] = variables(of);
  const x = Float32Array.from({ length: sizeOf(shape!) }, (_, i) => i);
  const { y0 } = await session.run({ x0: new ort.Tensor('float32', x, shape) });
  await session.release();
  return { shape: y0!.dims, values: Array.from(y0!.data as Float32Array) };
}

test.each(COORDINATES.filter((kind) => kind !== 'asymmetric'))(
  'the nearest pixels by %s are ONNX Runtime’s',
  async (kind) => {
    for (const nearest_mode of ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil']) {
      for (const n of [3, 5, 10, 21]) {
        for (const scale of [0.3, 0.6, 0.7, 1.2, 1.4, 1.5, 2, 2.5]) {
          // ONNX Runtime takes ⌊n · scale⌋ in float32, PyTorch of the scale that was meant.
          const count = Math.floor(n * scale);
          if (Math.floor(Math.fround(n * Math.fround(scale))) !== count) continue;
          // And it copies where as many come out as went in.
          if (count === n) continue;
          const attributes = {
            mode: 'nearest',
            coordinate_transformation_mode: kind,
            nearest_mode,
          };
          const of = resize([1, 1, n, 1], { scales: [1, 1, scale, 1] }, attributes, 19);
          const expected = await native(of);
          const found = await resized(of);
          expect(found.shape).toEqual(expected.shape);
          // A tie, in exact arithmetic, is broken by the order of roundings, which is none's to say.
          const offset = kind === 'half_pixel_symmetric' ? (n - count / scale) / 2 : 0;
          const clear = (i: number): boolean => {
            const at = 2 * ((i + 0.5) / scale + offset - 0.5);
            return kind === 'align_corners' || Math.abs(at - Math.round(at)) > 1e-5;
          };
          const isExact = nearest_mode === 'floor' || nearest_mode === 'round_prefer_floor';
          const isTold = (i: number): boolean =>
            clear(i) || (isExact && kind !== 'half_pixel_symmetric');
          found.values.forEach((value, i) => {
            if (isTold(i))
              expect(value, `${nearest_mode} ${n} by ${scale}, ${i}`).toBe(expected.values[i]);
          });
        }
      }
    }
  },
);

test.each(COORDINATES)('linear and cubic interpolation by %s are ONNX Runtime’s', async (kind) => {
  for (const mode of ['linear', 'cubic']) {
    for (const scale of [0.3, 0.6, 0.75, 1.2, 1.4, 2.5]) {
      for (const exclude_outside of mode === 'cubic' ? [0, 1] : [0]) {
        const attributes = { mode, coordinate_transformation_mode: kind, exclude_outside };
        const of = resize([1, 1, 10, 7], { scales: [1, 1, scale, scale] }, attributes, 19);
        const expected = await native(of);
        const found = await resized(of);
        expect(found.shape).toEqual(expected.shape);
        found.values.forEach((value, i) => {
          expect(Math.abs(value - expected.values[i]!), `${mode} by ${scale}, ${i}`).toBeLessThan(
            2e-4,
          );
        });
      }
    }
  }
});

test.each(['not_larger', 'not_smaller'])('an aspect ratio is kept, %s', async (policy) => {
  const attributes = { mode: 'linear', keep_aspect_ratio_policy: policy, axes: [2, 3] };
  const of = resize([1, 1, 6, 8], { sizes: [9, 20] }, attributes);
  const expected = await native(of);
  const found = await resized(of);
  expect(found.shape).toEqual(expected.shape);
  found.values.forEach((value, i) => {
    expect(value).toBeCloseTo(expected.values[i]!, 4);
  });
});

test('antialiased interpolation is PyTorch’s', async () => {
  const image = await read('image');
  for (const [mode, name] of [
    ['linear', 'bilinear'],
    ['cubic', 'bicubic'],
  ] as const) {
    for (const [height, width] of [
      [4, 5],
      [18, 7],
      [9, 24],
    ] as const) {
      const attributes = { mode, antialias: 1, cubic_coeff_a: { float: -0.5 } };
      const of = resize([1, 1, 9, 12], { sizes: [1, 1, height, width] }, attributes);
      const { values } = await resized(of, image);
      const expected = await read(`${name} ${height} ${width}`);
      values.forEach((value, i) => {
        expect(value, `${name} ${height} ${width} ${i}`).toBeCloseTo(expected[i]!, 12);
      });
    }
  }
});

test('a region that is cut out and resized is ONNX Runtime’s', async () => {
  for (const mode of ['linear', 'nearest']) {
    const of: OnnxCase = {
      ...resize([1, 1, 6, 5], { sizes: [1, 1, 4, 7] }, {}),
      inputs: [
        { shape: [1, 1, 6, 5] },
        { shape: [8], values: [0, 0, 0.25, -0.5, 1, 1, 0.75, 1.25], type: 'float' },
        null,
        { shape: [4], values: [1, 1, 4, 7], type: 'integer' },
      ],
      attributes: {
        mode,
        coordinate_transformation_mode: 'tf_crop_and_resize',
        extrapolation_value: { float: -7 },
      },
    };
    const expected = await native(of);
    const found = await resized(of);
    found.values.forEach((value, i) => {
      expect(value, `${mode} ${i}`).toBeCloseTo(expected.values[i]!, 4);
    });
  }
});
