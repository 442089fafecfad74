import { create } from '@bufbuild/protobuf';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Checkpoint } from '../../../src/engine/checkpoint/checkpoint';
import { openCheckpoint } from '../../../src/engine/checkpoint/openCheckpoint';
import { directionalDerivative } from '../../../src/engine/graph/forward';
import { Graph } from '../../../src/engine/graph/graph';
import type { Node } from '../../../src/engine/graph/operations';
import { AttributeProtoSchema, type AttributeProto } from '../../../src/engine/graph/onnx/onnx_pb';
import { OperatorCall } from '../../../src/engine/graph/onnx/operators/operatorCall';
import { operators } from '../../../src/engine/graph/onnx/operators/operators';
import { gradient } from '../../../src/engine/graph/reverse';
import { onnxRuntime } from '../../../src/engine/runtime/onnxruntime';
import { onnxRuntimeWeb } from '../../../src/engine/runtime/onnxruntimeWeb';
import { referenceRuntime } from '../../../src/engine/runtime/reference';
import type { Runtime } from '../../../src/engine/runtime/runtime';
import { FIXTURES } from '../objective/problems';

// Values and two derivatives of elementwise functions as PyTorch has them in float64, from the
// smallest to the largest numbers of float32 and with both signs: see the make.py beside them.
let archive: Checkpoint;
beforeAll(async () => {
  archive = await openCheckpoint(join(FIXTURES, 'ranges/elementwise.npz'));
});
afterAll(() => archive.close());

/** An operator's result. */
function apply(g: Graph, operator: string, inputs: readonly Node[], text?: string): Node {
  const attributes: AttributeProto[] =
    text === undefined
      ? []
      : [create(AttributeProtoSchema, { name: 'approximate', s: new TextEncoder().encode(text) })];
  const values = inputs.map((node) => ({ node, type: 'float' as const }));
  const made = operators.get(operator)!(new OperatorCall(g, values, attributes, 1));
  return made as Node;
}

/** What people write by hand, operator by operator. */
const forms: Readonly<Record<string, (g: Graph, x: Node) => Node>> = {
  'log sigmoid': (g, x) => apply(g, 'Log', [apply(g, 'Sigmoid', [x])]),
  'log(1 - sigmoid)': (g, x) =>
    apply(g, 'Log', [apply(g, 'Sub', [g.scalar(1), apply(g, 'Sigmoid', [x])])]),
  '1 - sigmoid': (g, x) => apply(g, 'Sub', [g.scalar(1), apply(g, 'Sigmoid', [x])]),
  '-log(sigmoid + 1e-10)': (g, x) =>
    g.neg(apply(g, 'Log', [apply(g, 'Add', [apply(g, 'Sigmoid', [x]), g.scalar(1e-10)])])),
  'log(1 + exp)': (g, x) => apply(g, 'Log', [apply(g, 'Add', [apply(g, 'Exp', [x]), g.scalar(1)])]),
  '1 - exp': (g, x) => apply(g, 'Sub', [g.scalar(1), apply(g, 'Exp', [x])]),
  'log(1 + x)': (g, x) => apply(g, 'Log', [apply(g, 'Add', [g.scalar(1), x])]),
  // As PyTorch's newer exporter writes them.
  'decomposed log sigmoid': (g, x) => {
    const tail = apply(g, 'Exp', [apply(g, 'Neg', [apply(g, 'Abs', [x])])]);
    const log = apply(g, 'Log', [apply(g, 'Add', [tail, g.scalar(1)])]);
    return apply(g, 'Sub', [apply(g, 'Min', [g.scalar(0), x]), log]);
  },
  'decomposed softplus': (g, x) => {
    const tail = apply(g, 'Exp', [apply(g, 'Neg', [apply(g, 'Abs', [x])])]);
    const log = apply(g, 'Log', [apply(g, 'Add', [g.scalar(1), tail])]);
    return apply(g, 'Add', [log, apply(g, 'Max', [x, g.scalar(0)])]);
  },
};

const names = [
  ...['Exp', 'Log', 'Sqrt', 'Reciprocal', 'Tanh', 'Sigmoid', 'Erf', 'Sin', 'Cos', 'Tan', 'Atan'],
  ...['Asin', 'Acos', 'Sinh', 'Cosh', 'Asinh', 'Acosh', 'Atanh', 'Softplus', 'Abs', 'Relu'],
  ...['Sign', 'Floor', 'Ceil', 'Round', 'Elu', 'Selu', 'Celu', 'Mish', 'Swish', 'Gelu'],
  ...['Gelu:tanh', 'Softsign', 'LeakyRelu', 'HardSigmoid', 'HardSwish', ...Object.keys(forms)],
];

/** ONNX Runtime has no float64 kernel for what they need. */
const SINGLE_ONLY = new Set(['Erf', 'Gelu', 'Atan', 'Asin', 'Acos']);

/**
 * Where a value is the small difference of its parts, or a part times one: ½x(1 + erf(x/√2)) of −6
 * is as exact as x is, and log(σ + 1e-10) as 1.
 */
const OF_ITS_PARTS: Readonly<Record<string, (x: number) => number>> = {
  ...Object.fromEntries(
    ['Gelu', 'Gelu:tanh', 'Mish', 'Swish', 'HardSwish'].map((name) => [name, Math.abs]),
  ),
  HardSigmoid: () => 1,
  '-log(sigmoid + 1e-10)': () => 1,
};

interface Problem {
  readonly x: Float64Array;
  /** Value, first and second derivative at each x. */
  readonly expected: readonly Float64Array[];
  readonly run: (runtime: Runtime) => Promise<readonly ArrayLike<number>[]>;
}

async function problemOf(name: string): Promise<Problem> {
  const x = Float64Array.from((await archive.read('x')).data as Float32Array);
  const all = (await archive.read(name)).data as Float64Array;
  const g = new Graph();
  const input = g.input('x', [x.length]);
  const [operator, text] = name.split(':') as [string, string?];
  const y = forms[name]?.(g, input) ?? apply(g, operator, [input], text);
  const [slope] = gradient(g, g.sum(y, [0]), [input]);
  const ones = g.input('ones', [x.length]);
  const [curvature] = directionalDerivative(g, [slope!], new Map([[input, ones]]));
  const program = {
    outputs: new Map([
      ['y', y],
      ['slope', slope!],
      ['curvature', curvature!],
    ]),
  };
  return {
    x,
    expected: [0, 1, 2].map((order) => all.subarray(order * x.length, (order + 1) * x.length)),
    run: async (runtime) => {
      const executable = await runtime.compile(program);
      const inputs = new Map([
        ['x', x],
        ['ones', new Float64Array(x.length).fill(1)],
      ]);
      const results = await executable.run(inputs);
      await executable.release();
      return [...program.outputs.keys()].map((key) => results.get(key)!);
    },
  };
}

/** Sentences for what differs. */
function differences(
  name: string,
  { x, expected }: Problem,
  got: readonly ArrayLike<number>[],
  precision: 'float32' | 'float64',
): readonly string[] {
  const unit = precision === 'float32' ? 2 ** -23 : 2 ** -52;
  const [tiny, largest] = precision === 'float32' ? [2 ** -126, 2 ** 126] : [1e-300, Infinity];
  return expected.flatMap((values, order) =>
    [...values.keys()].flatMap((i) => {
      const [want, is, at] = [values[i]!, got[order]![i]!, x[i]!];
      const sentence = [`${name} ${order} at ${at} is ${is}, not ${want}`];
      // Outside of a domain there is no derivative, and at a kink, or a pole, none or several.
      if (order > 0 && (!Number.isFinite(want) || Number.isNaN(expected[0]![i]!))) return [];
      if (order === 2 && at === 0) return [];
      // x³ overflows, and its derivative times 0 is NaN: nothing is computed with that in silence.
      if (order > 0 && name === 'Gelu:tanh' && Math.abs(at) > 1e19) return [];
      if (!Number.isFinite(want)) return Object.is(is, want) ? [] : sentence;
      if (Math.abs(want) > largest) return [];
      // A derivative is a number beside the largest it takes: 1 − tanh² is as exact as 1, and
      // in a GELU it is multiplied with x³.
      const parts = order === 0 ? (OF_ITS_PARTS[name]?.(at) ?? 0) : 100;
      const within = 16 * unit * (Math.abs(want) + parts) + tiny * Math.max(1, Math.abs(at));
      return Math.abs(is - want) <= within ? [] : sentence;
    }),
  );
}

describe.each(names)('%s over the whole range', (name) => {
  const precisions = SINGLE_ONLY.has(name)
    ? (['float32'] as const)
    : (['float32', 'float64'] as const);

  test('is what PyTorch has in float64, and so are its derivatives', async () => {
    const problem = await problemOf(name);
    expect(differences(name, problem, await problem.run(referenceRuntime), 'float64')).toEqual([]);
    for (const precision of precisions) {
      for (const runtime of [onnxRuntime({ precision }), onnxRuntimeWeb({ precision })]) {
        expect(
          differences(name, problem, await problem.run(runtime), precision),
          `${runtime.name} ${precision}`,
        ).toEqual([]);
      }
    }
  });
});

test('what is not a number stays none', async () => {
  const values = Float64Array.of(NaN, 1, NaN, -2);
  for (const runtime of [referenceRuntime, onnxRuntime(), onnxRuntimeWeb()]) {
    const g = new Graph();
    const [x, y] = [g.input('x', [4]), g.input('y', [4])];
    const cases = {
      max: apply(g, 'Max', [x, y]),
      otherMax: apply(g, 'Max', [y, x]),
      min: apply(g, 'Min', [y, x]),
      maxOfKnown: apply(g, 'Max', [g.scalar(0), x]),
      clip: apply(g, 'Clip', [x, g.scalar(-1), g.scalar(2)]),
      relu: apply(g, 'Relu', [x]),
      threshold: apply(g, 'ThresholdedRelu', [x]),
    };
    const executable = await runtime.compile({ outputs: new Map(Object.entries(cases)) });
    const inputs = new Map([
      ['x', values],
      ['y', Float64Array.of(3, 3, -3, -3)],
    ]);
    const results = await executable.run(inputs);
    await executable.release();
    for (const name of Object.keys(cases)) {
      const found = Array.from(results.get(name)!, Number.isNaN);
      expect(found, `${runtime.name} ${name}`).toEqual([true, false, true, false]);
    }
  }
});

describe('two arrays, element by element', () => {
  let pairs: Checkpoint;
  beforeAll(async () => {
    pairs = await openCheckpoint(join(FIXTURES, 'ranges/pairs.npz'));
  });
  afterAll(() => pairs.close());
  const read = async (name: string): Promise<Float64Array> =>
    (await pairs.read(name)).data as Float64Array;

  const runtimes: readonly Runtime[] = [
    referenceRuntime,
    ...(['float32', 'float64'] as const).flatMap((precision) => [
      onnxRuntime({ precision }),
      onnxRuntimeWeb({ precision }),
    ]),
  ];

  /** Whether each is NaN or ∞ where it ought to be, and else within some rounding errors. */
  function expectClose(got: ArrayLike<number>, want: Float64Array, runtime: Runtime): void {
    const unit = runtime.precision === 'float32' ? 2 ** -23 : 2 ** -52;
    want.forEach((value, i) => {
      if (!Number.isFinite(value)) expect(got[i], `${runtime.name} ${i}`).toBe(value);
      else expect(Math.abs(got[i]! - value)).toBeLessThanOrEqual(8 * unit * Math.abs(value));
    });
  }

  test.each(runtimes.map((runtime) => [`${runtime.name} ${runtime.precision}`, runtime] as const))(
    'powers of numbers of both signs, and remainders: %s',
    async (_, runtime) => {
      const [x, exponents] = [await read('bases'), await read('exponents')];
      const [n, m] = [x.length, exponents.length];
      const g = new Graph();
      const base = g.input('x', [n, 1]);
      const known = apply(g, 'Pow', [base, g.constant(exponents, [m])]);
      const given = apply(g, 'Pow', [base, g.input('b', [m])]);
      // Each power of each number apart, so that the NaN of one is not that of the others.
      const spread = g.input('spread', [n, m]);
      const powers = apply(g, 'Pow', [spread, g.constant(exponents, [m])]);
      const [slopes] = gradient(g, g.sum(powers, [0, 1]), [spread]);
      const [a, b] = [await read('remainders'), await read('divisors')];
      const [u, v] = [g.input('a', [a.length, 1]), g.input('d', [b.length])];
      const executable = await runtime.compile({
        outputs: new Map([
          ['known', known],
          ['given', given],
          ['slopes', slopes!],
          ['fmod', g.fmod(u, v)],
          ['remainder', apply(g, 'Mod', [u, v])],
        ]),
      });
      const results = await executable.run(
        new Map([
          ['x', x],
          ['b', exponents],
          ['spread', Float64Array.from({ length: n * m }, (_, i) => x[Math.floor(i / m)]!)],
          ['a', Float64Array.from(Float32Array.from(a))],
          ['d', b],
        ]),
      );
      await executable.release();
      expectClose(results.get('known')!, await read('power'), runtime);
      expectClose(results.get('given')!, await read('power'), runtime);
      const expected = await read('slopes');
      // 0 · 0⁻¹ of a constant, where the derivative is 0.
      expected.forEach((value, i) => {
        if (exponents[i % m] === 0) expected[i] = 0;
        else if (Number.isNaN(value)) expected[i] = NaN;
      });
      expectClose(results.get('slopes')!, expected, runtime);
      expectClose(results.get('fmod')!, await read('fmod'), runtime);
      expectClose(results.get('remainder')!, await read('remainder'), runtime);
    },
  );
});
