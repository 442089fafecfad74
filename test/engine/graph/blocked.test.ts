import { fromBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { directionalDerivative } from '../../../src/engine/graph/forward';
import { Graph } from '../../../src/engine/graph/graph';
import type { Node, Program } from '../../../src/engine/graph/operations';
import { exportOnnx } from '../../../src/engine/graph/onnx/exportOnnx';
import { ModelProtoSchema } from '../../../src/engine/graph/onnx/onnx_pb';
import { partition } from '../../../src/engine/graph/partition';
import { gradient } from '../../../src/engine/graph/reverse';
import { Random } from '../../../src/engine/random';
import { onnxRuntime } from '../../../src/engine/runtime/onnxruntime';
import { referenceRuntime } from '../../../src/engine/runtime/reference';
import type { FloatArray, Runtime } from '../../../src/engine/runtime/runtime';
import { sizeOf } from '../../../src/engine/tensor';

// Convolutions in ONNX Runtime's own layout, against the definition in float64. The arrays are just
// large enough for them to be used.

const plain = {
  strides: [1, 1],
  dilations: [1, 1],
  padsBefore: [1, 1],
  padsAfter: [1, 1],
  groups: 1,
};
const uneven = {
  ...plain,
  strides: [2, 1],
  dilations: [1, 2],
  padsBefore: [0, 2],
  padsAfter: [1, 1],
};

interface Case {
  readonly g: Graph;
  readonly loss: Node;
  readonly parameters: readonly Node<'input'>[];
  readonly inputs: ReadonlyMap<string, FloatArray>;
}

/** A network with whatever may stand between convolutions. */
function network(samples: number): Case {
  const g = new Graph();
  const random = new Random(3, 'blocked');
  const inputs = new Map<string, FloatArray>();
  const given = (name: string, shape: readonly number[]): Node<'input'> => {
    const data = Float32Array.from({ length: sizeOf(shape) }, () => 0.4 * random.normal());
    inputs.set(name, data);
    return g.input(name, shape);
  };
  const w = [
    given('w0', [16, 3, 3, 3]),
    given('w1', [16, 16, 3, 3]),
    given('w2', [32, 16, 3, 3]),
    given('w3', [32, 32, 1, 1]),
    // Not of whole blocks: computed as ever.
    given('w4', [20, 32, 3, 3]),
  ];
  const bias = given('bias', [16]);
  const x = given('x', [samples, 3, 12, 12]);
  const perChannel = (b: Node): Node => g.reshape(b, [1, sizeOf(b.shape), 1, 1]);
  const a = g.relu(g.add(g.conv(x, w[0]!, plain), perChannel(bias)));
  const b = g.relu(g.add(g.conv(a, w[1]!, plain), a));
  const c = g.mul(g.sigmoid(b), perChannel(g.exp(bias)));
  const d = g.conv(c, w[2]!, uneven);
  const leaky = g.where(g.less(d, g.scalar(0)), g.mul(g.scalar(0.1), d), d);
  const e = g.div(leaky, g.power(g.add(g.mul(d, d), g.scalar(1)), 0.75));
  const mean = g.mean(e, [2, 3], true);
  const f = g.conv(g.mul(e, g.expand(mean, e.shape)), w[3]!, {
    ...plain,
    padsBefore: [0, 0],
    padsAfter: [0, 0],
  });
  const last = g.conv(f, w[4]!, plain);
  return {
    g,
    loss: g.add(g.mean(g.tanh(last), [0, 1, 2, 3]), g.mean(g.mul(d, d), [0, 1, 2, 3])),
    parameters: [...w, bias],
    inputs,
  };
}

async function results(
  runtime: Runtime,
  program: Program,
  inputs: ReadonlyMap<string, FloatArray>,
): Promise<ReadonlyMap<string, FloatArray>> {
  const executable = await runtime.compile(program);
  const values = await executable.run(inputs);
  await executable.release();
  return values;
}

function largestError(actual: FloatArray, expected: FloatArray): number {
  const scale = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs(value - actual[i]!))) / scale;
}

test.each([8, 11, 3])(
  'loss, gradient and H·v of %i samples are those of float64',
  async (samples) => {
    const { g, loss, parameters, inputs } = network(samples);
    const slopes = gradient(g, loss, parameters);
    const random = new Random(4, 'direction');
    const all = new Map(inputs);
    const tangents = new Map<Node, Node>();
    for (const node of parameters) {
      const name = `d ${node.attributes.name}`;
      tangents.set(node, g.input(name, node.shape));
      all.set(
        name,
        Float32Array.from({ length: sizeOf(node.shape) }, () => random.normal()),
      );
    }
    const products = directionalDerivative(g, slopes, tangents);
    const program = {
      outputs: new Map<string, Node>([
        ['loss', loss],
        ...slopes.map((node, i) => [`slope ${i}`, node] as const),
        ...products.map((node, i) => [`product ${i}`, node] as const),
      ]),
    };
    const text = new TextDecoder('latin1').decode(
      exportOnnx(program, 'float32', new Map(), { block: 8 }).bytes,
    );
    expect(text).toContain('ReorderInput');

    const expected = await results(referenceRuntime, program, all);
    const whole = await results(onnxRuntime(), program, all);
    for (const [name, values] of expected) {
      expect(largestError(whole.get(name)!, values), name).toBeLessThan(1e-4);
    }

    // Values that go from one program to the other stay in blocks.
    const names = new Set(parameters.map((node) => `d ${node.attributes.name}`));
    const { fixed, moving } = partition(g, program, names);
    expect([...fixed.outputs.values()].some((node) => node.shape.length === 4)).toBe(true);
    const shared = await results(onnxRuntime(), fixed, all);
    const parts = await results(onnxRuntime(), moving, new Map([...all, ...shared]));
    for (const [name, values] of expected) {
      expect(largestError(parts.get(name)!, values), name).toBeLessThan(1e-4);
    }
  },
);

test('outputs that are not kept are in C order', async () => {
  const g = new Graph();
  const [x, w] = [g.input('x', [8, 16, 8, 8]), g.input('w', [16, 16, 3, 3])];
  const y = g.conv(x, w, plain);
  const outputs = new Map([
    ['y', y],
    ['same', y],
    ['exp', g.exp(y)],
  ]);
  const random = new Random(5, 'order');
  const values = (size: number) => Float32Array.from({ length: size }, () => 0.1 * random.normal());
  const inputs = new Map([
    ['x', values(sizeOf(x.shape))],
    ['w', values(sizeOf(w.shape))],
  ]);
  const expected = await results(referenceRuntime, { outputs }, inputs);
  for (const kept of [new Set<string>(), new Set(['y'])]) {
    const actual = await results(onnxRuntime(), { outputs, kept }, inputs);
    for (const name of ['same', 'exp']) {
      expect(largestError(actual.get(name)!, expected.get(name)!), name).toBeLessThan(1e-5);
    }
  }
});

test.each([
  ['plain', plain, [24, 23]],
  ['uneven', uneven, [46, 25]],
])(
  'sums of weight gradients whose kernels are read in strips: %s',
  async (_, attributes, places) => {
    const g = new Graph();
    const random = new Random(6, 'strips');
    const values = (size: number) =>
      Float32Array.from({ length: size }, () => 0.1 * random.normal());
    const inputs = new Map<string, FloatArray>();
    const given = (name: string, shape: readonly number[]): Node<'input'> => {
      inputs.set(name, values(sizeOf(shape)));
      return g.input(name, shape);
    };
    // Of the cotangents 32 × 16 numbers for each place: more than a megabyte.
    const shape = [32, 16, 3, 3];
    const images = ['x0', 'x1', 'x2'].map((name) => given(name, [14, 16, ...places]));
    const convolved = g.conv(images[0]!, given('w', shape), attributes);
    const parts = images.map((x, i) =>
      g.convWeight(x, given(`y${i}`, convolved.shape), attributes, shape),
    );
    const sum = g.add(g.add(parts[0]!, parts[1]!), parts[2]!);
    const alone = g.convWeight(images[1]!, given('y', convolved.shape), attributes, shape);
    const outputs = new Map<string, Node>([
      ['sum', sum],
      ['alone', alone],
      ['both', g.add(alone, given('more', shape))],
    ]);
    const expected = await results(referenceRuntime, { outputs }, inputs);
    const actual = await results(onnxRuntime(), { outputs }, inputs);
    for (const [name, of] of expected) {
      expect(largestError(actual.get(name)!, of), name).toBeLessThan(1e-5);
    }
    const text = new TextDecoder('latin1').decode(
      exportOnnx({ outputs: new Map([['sum', sum]]) }, 'float32', new Map(), { block: 8 }).bytes,
    );
    // One transposition of the sum, and not of each gradient.
    const alike = exportOnnx({ outputs: new Map([['alone', alone]]) }, 'float32', new Map(), {
      block: 8,
    }).bytes;
    const count = (of: string): number => of.split('Transpose').length - 1;
    const ofOne = count(new TextDecoder('latin1').decode(alike));
    expect(count(text)).toBe(3 * (ofOne - 2) + 2);
  },
);

test('a bias, a sum and ReLU are part of the convolution, whichever is added first', async () => {
  const g = new Graph();
  const [x, w, b] = [g.input('x', [8, 16, 8, 8]), g.input('w', [16, 16, 3, 3]), g.input('b', [16])];
  const [convolved, bias] = [g.conv(x, w, plain), g.reshape(b, [1, 16, 1, 1])];
  const random = new Random(7, 'fused');
  const inputs = new Map(
    [x, w, b].map(({ attributes, shape }) => [
      attributes.name,
      Float32Array.from({ length: sizeOf(shape) }, () => 0.1 * random.normal()),
    ]),
  );
  for (const sum of [
    g.add(bias, g.add(x, convolved)),
    g.add(g.add(convolved, x), bias),
    g.add(g.add(convolved, bias), x),
    g.add(x, g.add(bias, convolved)),
  ]) {
    const program = { outputs: new Map([['y', g.relu(sum)]]) };
    const { bytes } = exportOnnx(program, 'float32', new Map(), { block: 8 });
    const types = fromBinary(ModelProtoSchema, bytes).graph!.node.map(({ opType }) => opType);
    expect(types).not.toContain('Add');
    expect(types).not.toContain('Relu');
    const expected = await results(referenceRuntime, program, inputs);
    const actual = await results(onnxRuntime(), program, inputs);
    expect(largestError(actual.get('y')!, expected.get('y')!)).toBeLessThan(1e-5);
  }
});
