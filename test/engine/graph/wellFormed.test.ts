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
import { InputError } from '../../../src/shared/inputError';

type NodeInit = MessageInitShape<typeof NodeProtoSchema>;

const X = [2, 3, 4, 4];

/** Builds a model of the input x and the output y, with weights of these shapes. */
function built(
  node: NodeInit[],
  weights: readonly (readonly [string, readonly number[]])[] = [],
  x: readonly number[] = X,
): unknown {
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ domain: '', version: 17n }],
    graph: {
      node,
      initializer: weights.map(([name, shape]) => ({
        name,
        dims: shape.map(BigInt),
        dataType: TensorProto_DataType.FLOAT,
        floatData: new Array<number>(shape.reduce((size, n) => size * n, 1)).fill(1),
      })),
      input: [{ name: 'x' }],
      output: [{ name: 'y' }],
    },
  });
  const read = new OnnxModel(toBinary(ModelProtoSchema, model), 'model.onnx');
  const g = new Graph();
  const shapes = new Map(weights);
  return read.build(g, g.input('x', x), (name) => g.input(name, shapes.get(name)!));
}

const node = (opType: string, input: string[], more: NodeInit = {}): NodeInit => ({
  opType,
  name: 'here',
  input,
  output: ['y'],
  ...more,
});

const groups = (count: bigint): NodeInit => ({
  attribute: [{ name: 'num_groups', i: count, type: AttributeProto_AttributeType.INT }],
});

// What ONNX Runtime 1.32 says of each of these: it refuses the one and runs the other.
describe('one value for each channel', () => {
  test.each<[string, NodeInit, [string, number[]][], string]>([
    ...[[1], [5], [12], [1, 8], []].map(
      (bias): [string, NodeInit, [string, number[]][], string] => [
        `Conv, [${bias.join()}]`,
        node('Conv', ['x', 'w', 'b']),
        [
          ['w', [8, 3, 1, 1]],
          ['b', bias],
        ],
        `the bias has the shape [${bias.join(', ')}] where there are 8 channels`,
      ],
    ),
    [
      'Conv of one channel',
      node('Conv', ['x', 'w', 'b']),
      [
        ['w', [1, 3, 1, 1]],
        ['b', [8]],
      ],
      'the bias has the shape [8] where there are 1 channels',
    ],
    [
      'ConvTranspose',
      node('ConvTranspose', ['x', 'w', 'b']),
      [
        ['w', [3, 8, 1, 1]],
        ['b', [1]],
      ],
      'the bias has the shape [1] where there are 8 channels',
    ],
    ...['scale', 'bias', 'mean', 'variance'].map(
      (wrong): [string, NodeInit, [string, number[]][], string] => [
        `BatchNormalization, ${wrong}`,
        node('BatchNormalization', ['x', 'scale', 'bias', 'mean', 'variance']),
        ['scale', 'bias', 'mean', 'variance'].map((name) => [name, [name === wrong ? 1 : 3]]),
        `the ${wrong} has the shape [1] where there are 3 channels`,
      ],
    ),
    ...['scale', 'bias'].map((wrong): [string, NodeInit, [string, number[]][], string] => [
      `InstanceNormalization, ${wrong}`,
      node('InstanceNormalization', ['x', 'scale', 'bias']),
      ['scale', 'bias'].map((name) => [name, [name === wrong ? 1 : 3]]),
      `the ${wrong} has the shape [1] where there are 3 channels`,
    ]),
    [
      'GroupNormalization',
      node('GroupNormalization', ['x', 'scale', 'bias'], groups(3n)),
      [
        ['scale', [3]],
        ['bias', [1]],
      ],
      'the bias has the shape [1] where there are 3 channels',
    ],
  ])('%s', (_what, operator, weights, message) => {
    const refusal = () => built([operator], weights);
    expect(refusal).toThrow(InputError);
    expect(refusal).toThrow('model.onnx: node here (');
    expect(refusal).toThrow(message);
  });
});

describe('what is broadcast to an input does not make it larger', () => {
  test.each<[string, NodeInit, [string, number[]][], number[]]>([
    [
      'Gemm, wide',
      node('Gemm', ['x', 'w', 'b']),
      [
        ['w', [3, 1]],
        ['b', [8]],
      ],
      [2, 3],
    ],
    [
      'Gemm, three axes',
      node('Gemm', ['x', 'w', 'b']),
      [
        ['w', [3, 8]],
        ['b', [1, 1, 8]],
      ],
      [2, 3],
    ],
    ['LayerNormalization, scale', node('LayerNormalization', ['x', 'w']), [['w', [4]]], [2, 3, 1]],
    [
      'LayerNormalization, bias',
      node('LayerNormalization', ['x', 'w', 'b']),
      [
        ['w', [1]],
        ['b', [4]],
      ],
      [2, 3, 1],
    ],
    ['PRelu', node('PRelu', ['x', 'w']), [['w', [5, 1]]], [2, 1, 4]],
  ])('%s', (_what, operator, weights, x) => {
    const refusal = () => built([operator], weights, x);
    expect(refusal).toThrow(InputError);
    expect(refusal).toThrow(/^model\.onnx: node here \(.*does not broadcast to \[2, /);
  });

  test.each<[string, NodeInit, [string, number[]][], number[], number[]]>([
    ...[[8], [1], [2, 1], [1, 8], [], [1, 1]].map(
      (bias): [string, NodeInit, [string, number[]][], number[], number[]] => [
        `Gemm, [${bias.join()}]`,
        node('Gemm', ['x', 'w', 'b']),
        [
          ['w', [3, 8]],
          ['b', bias],
        ],
        [2, 3],
        [2, 8],
      ],
    ),
    ['LayerNormalization, [1]', node('LayerNormalization', ['x', 'w']), [['w', [1]]], X, X],
    [
      'LayerNormalization, all axes',
      node('LayerNormalization', ['x', 'w']),
      [['w', [3, 4, 4]]],
      X,
      X,
    ],
    ['PRelu, [1]', node('PRelu', ['x', 'w']), [['w', [1]]], X, X],
  ])('and may be smaller: %s', (_what, operator, weights, x, shape) => {
    expect(built([operator], weights, x)).toMatchObject({ shape });
  });
});

describe('a value that is defined twice is named', () => {
  const wide: NodeInit = { opType: 'Neg', name: 'first', input: ['x'], output: ['h'] };
  test.each<[string, NodeInit[], [string, number[]][], string]>([
    [
      'by two nodes',
      [node('Relu', ['x']), node('Neg', ['x'], { name: 'second' })],
      [],
      'model.onnx: node second (Neg) makes the value y, which another node',
    ],
    [
      'by two nodes without names that are not needed',
      [wide, { ...wide, opType: 'Relu', name: '' }, node('Neg', ['x'])],
      [],
      'model.onnx: node h (Relu) makes the value h, which another node',
    ],
    [
      'by one node',
      [node('Split', ['x'], { output: ['y', 'y'] })],
      [],
      'model.onnx: node here (Split) makes the value y, which another node',
    ],
    [
      'by a node and an initializer',
      [wide, node('Add', ['x', 'h'])],
      [['h', [1]]],
      'model.onnx: node first (Neg) makes the value h, which another node, an initializer or an input is already',
    ],
    [
      'by a node and an input',
      [{ ...wide, output: ['x'] }, node('Neg', ['x'])],
      [],
      'model.onnx: node first (Neg) makes the value x, which another node, an initializer or an input is already',
    ],
    [
      'by two initializers',
      [node('Add', ['x', 'w'])],
      [
        ['w', [1]],
        ['w', [4]],
      ],
      'model.onnx has two initializers called w',
    ],
  ])('%s', (_what, nodes, weights, message) => {
    const refusal = () => built(nodes, weights);
    expect(refusal).toThrow(InputError);
    expect(refusal).toThrow(message);
  });

  test('outputs without a name are no values', () => {
    const unnamed = node('Dropout', ['x'], { output: ['y', ''] });
    expect(built([{ ...wide, output: [''] }, unnamed])).toMatchObject({ shape: X });
  });
});
