import { expect, test } from 'vitest';
import { Graph } from '../../../src/engine/graph/graph';
import { onnxRuntime } from '../../../src/engine/runtime/onnxruntime';
import { referenceRuntime } from '../../../src/engine/runtime/reference';

const window = {
  strides: [1, 1],
  dilations: [1, 1],
  padsBefore: [0, 0],
  padsAfter: [0, 0],
  groups: 1,
};

test('a program with known inputs does not ask for them, and gives the same', async () => {
  const g = new Graph();
  const [x, w] = [g.input('x', [1, 1, 2, 3]), g.input('w', [1, 1, 2, 2])];
  const program = { outputs: new Map([['y', g.conv(x, w, window)]]) };
  const known = new Map([['w', Float32Array.of(1, 2, 3, 4)]]);
  const inputs = new Map([['x', Float32Array.of(1, 2, 3, 4, 5, 6)]]);
  // ONNX Runtime has no convolution in float64.
  for (const runtime of [referenceRuntime, onnxRuntime()]) {
    const executable = await runtime.compile(program, known);
    // 1·1 + 2·2 + 4·3 + 5·4, and one further.
    expect([...(await executable.run(inputs)).get('y')!]).toEqual([37, 47]);
    await executable.release();
  }
});

test('outputs may be inputs, known numbers, or each other', async () => {
  const g = new Graph();
  const x = g.input('x', [2]);
  const y = g.exp(x);
  const outputs = new Map([
    ['same', x],
    ['one', g.constant(Float64Array.of(1, 2), [2])],
    ['y', y],
    ['again', y],
    ['sum', g.add(y, x)],
  ]);
  const executable = await onnxRuntime({ precision: 'float64' }).compile({ outputs });
  const results = await executable.run(new Map([['x', Float64Array.of(0, 1)]]));
  expect([...results.get('same')!]).toEqual([0, 1]);
  expect([...results.get('one')!]).toEqual([1, 2]);
  expect(results.get('again')).toEqual(results.get('y'));
  expect(results.get('sum')![1]).toBeCloseTo(Math.E + 1, 12);
  await executable.release();
});

test('weight gradients of many samples are taken in portions', async () => {
  const g = new Graph();
  const shape = [40, 24, 20, 20];
  const [x, y] = [g.input('x', shape), g.input('y', [40, 2, 18, 18])];
  const program = { outputs: new Map([['w', g.convWeight(x, y, window, [2, 24, 3, 3])]]) };
  const inputs = new Map(
    [x, y].map((node) => [
      node.attributes.name,
      Float32Array.from({ length: node.shape.reduce((n, extent) => n * extent, 1) }, (_, i) =>
        Math.sin(i * i),
      ),
    ]),
  );
  const exact = (await (await referenceRuntime.compile(program)).run(inputs)).get('w')!;
  const single = await onnxRuntime().compile(program);
  const found = (await single.run(inputs)).get('w')!;
  await single.release();
  const size = Math.max(...exact.map(Math.abs));
  found.forEach((value, i) => {
    expect(Math.abs(value - exact[i]!) / size).toBeLessThan(1e-5);
  });
});
