import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { Graph } from '../../../src/engine/graph/graph';
import { OnnxModel } from '../../../src/engine/graph/onnx/importOnnx';
import {
  AttributeProto_AttributeType,
  ModelProtoSchema,
  TensorProto_DataType,
  type NodeProtoSchema,
} from '../../../src/engine/graph/onnx/onnx_pb';
import { referenceRuntime } from '../../../src/engine/runtime/reference';
import { InputError } from '../../../src/shared/inputError';

type NodeInit = MessageInitShape<typeof NodeProtoSchema>;

/** A model from input [batch, 3] to the output y. */
function modelOf(
  node: NodeInit[],
  more: Pick<
    Extract<MessageInitShape<typeof ModelProtoSchema>, { $typeName?: never }>,
    'opsetImport' | 'functions'
  > = {},
  initializer: { name: string; dims: bigint[]; dataType: number; floatData: number[] }[] = [],
): OnnxModel {
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ domain: '', version: 18n }],
    graph: {
      node,
      initializer,
      input: [
        {
          name: 'x',
          type: {
            value: {
              case: 'tensorType',
              value: {
                elemType: TensorProto_DataType.FLOAT,
                shape: {
                  dim: [
                    { value: { case: 'dimParam', value: 'batch' } },
                    { value: { case: 'dimValue', value: 3n } },
                  ],
                },
              },
            },
          },
        },
      ],
      output: [{ name: 'y' }],
    },
    ...more,
  });
  return new OnnxModel(toBinary(ModelProtoSchema, model), 'model.onnx');
}

async function run(model: OnnxModel, x: readonly number[]): Promise<number[]> {
  const g = new Graph();
  const input = g.input('x', [x.length / 3, 3]);
  const y = model.build(g, input, () => null);
  const executable = await referenceRuntime.compile({ outputs: new Map([['y', y]]) });
  const results = await executable.run(new Map([['x', Float64Array.from(x)]]));
  return [...results.get('y')!];
}

function failure(of: () => unknown): InputError {
  try {
    of();
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error('Nothing was refused.');
}

const build = (model: OnnxModel): unknown => {
  const g = new Graph();
  return model.build(g, g.input('x', [2, 3]), () => null);
};

test('a function of the model is written out, with its attributes and inner names', async () => {
  const model = modelOf(
    [
      { opType: 'Twice', domain: 'local', name: 'a', input: ['x'], output: ['h'] },
      {
        opType: 'Twice',
        domain: 'local',
        name: 'b',
        input: ['h'],
        output: ['y'],
        attribute: [{ name: 'slope', type: AttributeProto_AttributeType.FLOAT, f: 0.5 }],
      },
    ],
    {
      functions: [
        {
          name: 'Twice',
          domain: 'local',
          input: ['v'],
          output: ['w'],
          attributeProto: [{ name: 'slope', type: AttributeProto_AttributeType.FLOAT, f: 0.25 }],
          node: [
            { opType: 'Add', input: ['v', 'v'], output: ['sum'] },
            {
              opType: 'LeakyRelu',
              input: ['sum'],
              output: ['w'],
              attribute: [
                {
                  name: 'alpha',
                  type: AttributeProto_AttributeType.FLOAT,
                  refAttrName: 'slope',
                },
              ],
            },
          ],
        },
      ],
    },
  );
  // 1 → 2 → 4; −1 → −2·0.25 → −1·0.5; 0 stays.
  expect(await run(model, [1, -1, 0])).toEqual([4, -0.5, 0]);
});

test('shapes are worked out for the batch that is asked for', async () => {
  const model = modelOf([
    { opType: 'Shape', input: ['x'], output: ['shape'] },
    {
      opType: 'Constant',
      output: ['zero'],
      attribute: [{ name: 'value_int', type: AttributeProto_AttributeType.INT, i: 0n }],
    },
    {
      opType: 'Constant',
      output: ['axes'],
      attribute: [{ name: 'value_ints', type: AttributeProto_AttributeType.INTS, ints: [0n] }],
    },
    {
      opType: 'Constant',
      output: ['rest'],
      attribute: [{ name: 'value_ints', type: AttributeProto_AttributeType.INTS, ints: [-1n] }],
    },
    { opType: 'Gather', input: ['shape', 'zero'], output: ['batch'] },
    { opType: 'Unsqueeze', input: ['batch', 'axes'], output: ['row'] },
    { opType: 'Concat', input: ['rest', 'row'], output: ['turned'], attribute: [{ name: 'axis' }] },
    { opType: 'Reshape', input: ['x', 'turned'], output: ['y'] },
  ]);
  expect(await run(model, [1, 2, 3, 4, 5, 6])).toEqual([1, 2, 3, 4, 5, 6]);
});

test('what the output does not depend on is not asked for', async () => {
  const model = modelOf([
    { opType: 'TopK', input: ['x', 'x'], output: ['unused'] },
    { opType: 'Neg', input: ['x'], output: ['y'] },
  ]);
  expect(await run(model, [1, 2, 3])).toEqual([-1, -2, -3]);
});

describe('what cannot be analysed is refused with the node’s name', () => {
  test('an operator without derivatives', () => {
    const error = failure(() =>
      modelOf([
        {
          opType: 'NonMaxSuppression',
          name: '/head/NonMaxSuppression',
          input: ['x'],
          output: ['y'],
        },
      ]),
    );
    expect(error.reason).toBe('unsupported');
    expect(error.message).toContain('operator NonMaxSuppression (node /head/NonMaxSuppression)');
    expect(error.message).toContain('export it again');
  });

  test('a cycle', () => {
    const model = modelOf([
      { opType: 'Add', name: 'first', input: ['x', 'b'], output: ['a'] },
      { opType: 'Neg', name: 'second', input: ['a'], output: ['b'] },
      { opType: 'Neg', input: ['b'], output: ['y'] },
    ]);
    const error = failure(() => build(model));
    expect(error.reason).toBe('damaged');
    expect(error.message).toContain('node first (Add) uses b before it is made');
  });

  test('a function that calls itself', () => {
    const error = failure(() =>
      modelOf([{ opType: 'F', domain: 'local', input: ['x'], output: ['y'] }], {
        functions: [
          {
            name: 'F',
            domain: 'local',
            input: ['v'],
            output: ['w'],
            node: [{ opType: 'F', domain: 'local', input: ['v'], output: ['w'] }],
          },
        ],
      }),
    );
    expect(error.message).toContain('the function F calls itself');
  });

  test('an input that nothing gives', () => {
    const error = failure(() =>
      build(modelOf([{ opType: 'Add', name: 'sum', input: ['x', 'lost'], output: ['y'] }])),
    );
    expect(error.message).toContain('node sum (Add) uses lost');
  });

  test('shapes that do not fit', () => {
    const error = failure(() =>
      build(modelOf([{ opType: 'MatMul', name: 'product', input: ['x', 'x'], output: ['y'] }])),
    );
    expect(error.reason).toBe('mismatch');
    expect(error.message).toContain(
      'node product (MatMul): No matrix product of [2, 3] with [2, 3]',
    );
  });

  test('an array larger than any machine, before it is made', () => {
    const shape = [
      {
        name: 'value_ints',
        type: AttributeProto_AttributeType.INTS,
        ints: [1_000_000_000n, 2n, 3n],
      },
    ];
    const error = failure(() =>
      build(
        modelOf([
          { opType: 'Constant', output: ['shape'], attribute: shape },
          { opType: 'Expand', name: 'huge', input: ['x', 'shape'], output: ['y'] },
        ]),
      ),
    );
    expect(error.message).toContain('node huge (Expand): An array [1000000000, 2, 3] is larger');
  });

  test('a constant that is NaN', () => {
    const error = failure(() =>
      modelOf([{ opType: 'Add', input: ['x', 'onnx::c'], output: ['y'] }], {}, [
        { name: 'onnx::c', dims: [1n], dataType: TensorProto_DataType.FLOAT, floatData: [NaN] },
      ]),
    );
    expect(error.message).toContain('tensor onnx::c holds NaN');
  });

  test('a shape that depends on the data', () => {
    const error = failure(() =>
      build(modelOf([{ opType: 'Reshape', name: 'r', input: ['x', 'x'], output: ['y'] }])),
    );
    expect(error.message).toContain('node r (Reshape): input 1 depends on the data');
  });

  test('random values', () => {
    const model = modelOf(
      [{ opType: 'Dropout', name: 'drop', input: ['x', '', 'onnx::train'], output: ['y'] }],
      {},
      [{ name: 'onnx::train', dims: [], dataType: TensorProto_DataType.FLOAT, floatData: [1] }],
    );
    expect(failure(() => build(model)).message).toContain('call model.eval()');
  });
});
