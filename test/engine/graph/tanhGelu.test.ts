import { expect, test } from 'vitest';
import { Graph } from '../../../src/engine/graph/graph';
import type { Node } from '../../../src/engine/graph/operations';
import { exportOnnx } from '../../../src/engine/graph/onnx/exportOnnx';
import { gradient } from '../../../src/engine/graph/reverse';
import { onnxRuntime } from '../../../src/engine/runtime/onnxruntime';
import { referenceRuntime } from '../../../src/engine/runtime/reference';

/** As PyTorch's exporter writes it; its constants are rounded to float32. */
function gelu(g: Graph, x: Node, cubic = Math.fround(0.044715)): Node {
  const cube = g.mul(g.scalar(cubic), g.power(x, 3));
  const tanh = g.tanh(g.mul(g.scalar(Math.fround(Math.sqrt(2 / Math.PI))), g.add(x, cube)));
  return g.mul(g.mul(g.scalar(0.5), x), g.add(tanh, g.scalar(1)));
}

function isOneKernel(outputs: ReadonlyMap<string, Node>): boolean {
  return new TextDecoder('latin1')
    .decode(exportOnnx({ outputs }, 'float32').bytes)
    .includes('FastGelu');
}

test('a GELU of tanh is one kernel where only its value is needed, with the value it had', async () => {
  const g = new Graph();
  const x = g.input('x', [41]);
  const outputs = new Map([['y', gelu(g, x)]]);
  expect(isOneKernel(outputs)).toBe(true);
  const inputs = new Map([['x', Float32Array.from({ length: 41 }, (_, i) => (i - 20) / 4)]]);
  const exact = (await (await referenceRuntime.compile({ outputs })).run(inputs)).get('y')!;
  const executable = await onnxRuntime().compile({ outputs });
  const found = (await executable.run(inputs)).get('y')!;
  await executable.release();
  found.forEach((value, i) => {
    expect(Math.abs(value - exact[i]!)).toBeLessThan(2e-6);
  });
});

test('what only looks like it, or is needed for a derivative, is not', () => {
  const g = new Graph();
  const x = g.input('x', [4]);
  expect(isOneKernel(new Map([['y', gelu(g, x, 0.05)]]))).toBe(false);
  const y = gelu(g, x);
  const [slope] = gradient(g, g.sum(y, [0]), [x]);
  expect(isOneKernel(new Map([['y', slope!]]))).toBe(false);
});
