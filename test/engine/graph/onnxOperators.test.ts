import * as ort from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { Graph } from '../../../src/engine/graph/graph';
import { OperatorCall } from '../../../src/engine/graph/onnx/operators/operatorCall';
import { operators } from '../../../src/engine/graph/onnx/operators/operators';
import { referenceRuntime } from '../../../src/engine/runtime/reference';
import { sizeOf } from '../../../src/engine/tensor';
import { asModel, asOperation, variables } from './onnxCase';
import { onnxCases } from './onnxCases';
import { draw, randomNumbers } from './values';

test.each(['RandomNormalLike', 'RandomUniform', 'Bernoulli', 'Multinomial'])(
  '%s is refused, with what to do',
  (operator) => {
    const g = new Graph();
    const inputs = [{ node: g.input('x', [2]), type: 'float' as const }];
    expect(() => operators.get(operator)!(new OperatorCall(g, inputs, [], 1))).toThrow(
      'draws random numbers, so that the loss would be another one at every evaluation; export after model.eval(), or let the model take the numbers as an input',
    );
  },
);

// ONNX Runtime's own kernels are the other implementation: BatchNormalization in training mode is
// not one of them.
const known = onnxCases(3).filter(({ name }) => name !== 'BatchNormalization in training mode');

test.each(known.map((of) => [of.name, of] as const))(
  '%s is what ONNX Runtime makes of it',
  async (_, of) => {
    const random = randomNumbers(11);
    const values = variables(of).map((shape) => draw(random, sizeOf(shape), of.domain));

    const session = await ort.InferenceSession.create(asModel(of), { logSeverityLevel: 3 });
    const feeds = variables(of).map((shape, i) => [
      `x${i}`,
      new ort.Tensor('float32', Float32Array.from(values[i]!), shape),
    ]);
    const results = await session.run(Object.fromEntries(feeds) as Record<string, ort.Tensor>);
    // Places are whole numbers of 64 bits.
    const expected = session.outputNames.flatMap((name) =>
      Array.from(results[name]!.data as ArrayLike<number | bigint>, Number),
    );
    await session.release();

    const g = new Graph();
    const { build, shapes } = asOperation(of);
    const y = build(
      g,
      shapes.map((shape, i) => g.input(`x${i}`, shape)),
    );
    if ((of.results ?? 1) === 1) expect(y.shape).toEqual(results[session.outputNames[0]!]!.dims);
    const run = await referenceRuntime.compile({ outputs: new Map([['y', y]]) });
    const inputs = new Map(
      values.map((array, i) => [`x${i}`, Float64Array.from(Float32Array.from(array))]),
    );
    const found = (await run.run(inputs)).get('y')!;
    expect(found.length).toBe(expected.length);
    found.forEach((value, i) => {
      expect(Math.abs(value - expected[i]!)).toBeLessThan(3e-6 * Math.max(1, Math.abs(value)));
    });
  },
);
