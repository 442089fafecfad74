import { create, toBinary } from '@bufbuild/protobuf';
import * as ort from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { directionalDerivative } from '../../../src/engine/graph/forward';
import { evaluate } from '../../../src/engine/graph/rules/rules';
import { Graph } from '../../../src/engine/graph/graph';
import { topologicalOrder, type Node } from '../../../src/engine/graph/operations';
import { OnnxModel } from '../../../src/engine/graph/onnx/importOnnx';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  ModelProtoSchema,
  TensorProto_DataType,
  type AttributeProto,
} from '../../../src/engine/graph/onnx/onnx_pb';
import { gradient } from '../../../src/engine/graph/reverse';
import { onnxRuntime } from '../../../src/engine/runtime/onnxruntime';
import { referenceRuntime } from '../../../src/engine/runtime/reference';
import { randomNumbers } from '../graph/values';

// Small random graphs of ONNX operators on numbers of many sizes: Basin's graph on the interpreter in
// float64 and on ONNX Runtime in float32, and ONNX Runtime on the very file. Each graph is its seed.

const SEEDS = 220;
const ROWS = 3;
const COLUMNS = 4;

/** Operators that keep a shape [rows, columns]; how many arguments, and attributes. */
const OPERATORS: readonly (readonly [string, number, Readonly<Record<string, number>>?])[] = [
  ...['Abs', 'Ceil', 'Floor', 'Round', 'Neg', 'Relu', 'Sigmoid', 'Tanh', 'Erf', 'Exp', 'Log'].map(
    (name) => [name, 1] as const,
  ),
  ...['Sqrt', 'Reciprocal', 'Sin', 'Cos', 'Atan', 'Asinh', 'Sinh', 'Cosh', 'Softplus'].map(
    (name) => [name, 1] as const,
  ),
  ...['Softsign', 'Elu', 'Selu', 'HardSwish', 'LeakyRelu', 'Identity', 'Mish'].map(
    (name) => [name, 1] as const,
  ),
  ['Softmax', 1, { axis: -1 }],
  ['LogSoftmax', 1, { axis: 0 }],
  ...['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Pow', 'MatMul'].map((name) => [name, 2] as const),
  ['Mod', 2, { fmod: 1 }],
];

/** Of what the operators' arguments are drawn. */
const SIZES = [0, 1e-6, 0.01, 0.5, 1, 3, 20, 90, 1e3];

interface Drawn {
  readonly bytes: Uint8Array;
  readonly operators: readonly string[];
  readonly x: Float32Array;
}

function draw(seed: number): Drawn {
  const random = randomNumbers(7919 * seed + 13);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const values = (): number[] =>
    Array.from({ length: ROWS * COLUMNS }, () => {
      const size = pick(SIZES);
      // Whole numbers are drawn more often than there are: exponents, ties, halves.
      const value = (random() < 0.3 ? Math.round(size) : size * (0.5 + random())) || 0;
      return random() < 0.5 ? value : -value;
    });
  const names = ['x', 'c'];
  const nodes = [];
  const count = 2 + Math.floor(random() * 4);
  for (let i = 0; i < count; i += 1) {
    const [type, arity, attributes = {}] = pick(OPERATORS);
    const last = names.at(-1)!;
    const input = [i === 0 ? 'x' : last, ...(arity === 2 ? [pick(names)] : [])];
    if (random() < 0.5) input.reverse();
    const output = `h${i}`;
    // A product of two [rows, columns] is that with a square.
    if (type === 'MatMul') input[1] = 'square';
    nodes.push({
      name: `n${i}`,
      opType: type,
      input: type === 'MatMul' ? [last === 'c' ? 'x' : last, 'square'] : input,
      output: [output],
      attribute: Object.entries(attributes).map(([name, value]): AttributeProto =>
        create(AttributeProtoSchema, {
          name,
          type: AttributeProto_AttributeType.INT,
          i: BigInt(value),
        }),
      ),
    });
    names.push(output);
  }
  const square = Array.from({ length: COLUMNS * COLUMNS }, () => 2 * random() - 1);
  const dim = (extent: number) => ({ value: { case: 'dimValue' as const, value: BigInt(extent) } });
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ domain: '', version: 18n }],
    graph: {
      name: `graph ${seed}`,
      node: nodes,
      initializer: [
        { name: 'onnx::c', values: values(), dims: [ROWS, COLUMNS] },
        { name: 'onnx::square', values: square, dims: [COLUMNS, COLUMNS] },
      ].map(({ name, values: floatData, dims }) => ({
        name,
        dims: dims.map(BigInt),
        dataType: TensorProto_DataType.FLOAT,
        floatData,
      })),
      input: [
        {
          name: 'x',
          type: {
            value: {
              case: 'tensorType' as const,
              value: {
                elemType: TensorProto_DataType.FLOAT,
                shape: { dim: [dim(ROWS), dim(COLUMNS)] },
              },
            },
          },
        },
      ],
      output: [{ name: names.at(-1)! }],
    },
  });
  for (const node of model.graph!.node) {
    node.input = node.input.map((name) =>
      name === 'c' || name === 'square' ? `onnx::${name}` : name,
    );
  }
  return {
    bytes: toBinary(ModelProtoSchema, model),
    operators: nodes.map(({ opType }) => opType),
    x: Float32Array.from(values()),
  };
}

/** The interpreter's values where the result of every operation is rounded to float32. */
function eachStepRounded(
  outputs: ReadonlyMap<string, Node>,
  inputs: ReadonlyMap<string, Float64Array>,
): ReadonlyMap<string, Float64Array> {
  const values = new Map<number, Float64Array>();
  for (const node of topologicalOrder(outputs.values())) {
    const args = node.inputs.map(({ id }) => values.get(id)!);
    const exact =
      node.operation === 'input' ? inputs.get(node.attributes.name)! : evaluate(node, args);
    values.set(node.id, exact.map(Math.fround));
  }
  return new Map([...outputs].map(([name, { id }]) => [name, values.get(id)!]));
}

/** A graph's value and derivatives in Basin's operations: exact, rounded at each step, and native. */
async function basin(bytes: Uint8Array, x: Float32Array) {
  const g = new Graph();
  const input = g.input('x', [ROWS, COLUMNS]);
  const y = new OnnxModel(bytes, 'random.onnx').build(g, input, () => null);
  const [slope] = gradient(g, g.sum(y, [0, 1]), [input]);
  const v = g.input('v', [ROWS, COLUMNS]);
  const [product] = directionalDerivative(g, [slope!], new Map<Node, Node>([[input, v]]));
  const outputs = new Map([
    ['y', y],
    ['slope', slope!],
    ['product', product!],
  ]);
  const inputs = new Map([
    ['x', Float64Array.from(x)],
    ['v', new Float64Array(x.length).fill(1)],
  ]);
  const exact = await (await referenceRuntime.compile({ outputs })).run(inputs);
  const rounded = eachStepRounded(outputs, inputs);
  const executable = await onnxRuntime().compile({ outputs });
  const single = await executable.run(inputs);
  await executable.release();
  return { exact, rounded, single };
}

/**
 * Whether a value in float32 is that of float64: as near as roundings of each step bring it. Where
 * they bring it over a jump, or out of float32, nothing is asked but that a value that is none is
 * none either. A derivative 0 · ∞ behind a step that is 0 may be 0.
 */
function isClose(is: number, want: number, rounded: number, isValue: boolean): boolean {
  if (Number.isNaN(want) && Number.isNaN(rounded)) return !isValue || Number.isNaN(is);
  const moved = Math.abs(want - rounded);
  const size = Math.max(1, Math.abs(want));
  if (!(moved <= 1e-3 * size) || Math.abs(want) > 1e37) return true;
  return Math.abs(is - want) <= 64 * moved + 2e-5 * size;
}

test(`${SEEDS} random graphs: float32, float64 and ONNX Runtime on the file agree`, async () => {
  const different: string[] = [];
  let asked = 0;
  for (let seed = 0; seed < SEEDS; seed += 1) {
    const { bytes, operators, x } = draw(seed);
    const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4 });
    const results = await session.run({ x: new ort.Tensor('float32', x, [ROWS, COLUMNS]) });
    const own = results[session.outputNames[0]!]!.data as Float32Array;
    await session.release();
    const { exact, rounded, single } = await basin(bytes, x);
    for (const name of ['y', 'slope', 'product']) {
      const want = exact.get(name)!;
      want.forEach((value, i) => {
        const at = `${seed} ${operators.join(' ')} ${name}[${i}] at ${x[i]!}`;
        const near = rounded.get(name)![i]!;
        const is = single.get(name)![i]!;
        asked += 1;
        if (!isClose(is, value, near, name === 'y')) {
          different.push(`${at}: float32 ${is}, float64 ${value}, rounded ${near}`);
        }
        // Where it overflows on the way, as log eˣ does there, Basin need not.
        if (name === 'y' && Number.isFinite(own[i]!) && !isClose(own[i]!, value, near, true)) {
          different.push(`${at}: ONNX Runtime ${own[i]!}, float64 ${value}`);
        }
      });
    }
  }
  expect(different).toEqual([]);
  expect(asked).toBe(SEEDS * ROWS * COLUMNS * 3);
});
