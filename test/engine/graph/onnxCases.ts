import type { Constant, OnnxCase, Variable } from './onnxCase';

const x = (...shape: number[]): Variable => ({ shape });
const ints = (...values: number[]): Constant => ({
  shape: [values.length],
  values,
  type: 'integer',
});
const int = (value: number): Constant => ({ shape: [], values: [value], type: 'integer' });
const float = (value: number): Constant => ({ shape: [], values: [value], type: 'float' });
const array = (shape: readonly number[], values: readonly number[]): Constant => ({
  shape,
  values,
  type: 'float',
});
const f = (value: number): { float: number } => ({ float: value });

/** @param n a small extent, so that shapes vary. */
export function onnxCases(n: number): readonly OnnxCase[] {
  const elementwise = (operator: string, more: Partial<OnnxCase> = {}): OnnxCase => ({
    name: operator,
    operator,
    inputs: [x(n, 3)],
    ...more,
  });
  const reduction = (operator: string, more: Partial<OnnxCase> = {}): OnnxCase => ({
    name: operator,
    operator,
    inputs: [x(2, n, 3)],
    attributes: { axes: [0, 2], keepdims: 0 },
    ...more,
  });
  const named = (
    name: string,
    operator: string,
    inputs: OnnxCase['inputs'],
    attributes: OnnxCase['attributes'] = {},
    more: Partial<OnnxCase> = {},
  ): OnnxCase => ({ name, operator, inputs, attributes, ...more });
  const lstm = (name: string, directions: number, attributes: OnnxCase['attributes']): OnnxCase =>
    named(
      name,
      'LSTM',
      [
        x(n, 2, 3),
        x(directions, 8, 3),
        x(directions, 8, 2),
        x(directions, 16),
        null,
        x(directions, 2, 2),
        x(directions, 2, 2),
      ],
      { hidden_size: 2, ...attributes },
      { results: 3 },
    );
  const gru = (name: string, directions: number, attributes: OnnxCase['attributes']): OnnxCase =>
    named(
      name,
      'GRU',
      [
        x(n, 2, 3),
        x(directions, 6, 3),
        x(directions, 6, 2),
        x(directions, 12),
        null,
        x(directions, 2, 2),
      ],
      { hidden_size: 2, ...attributes },
      { results: 2 },
    );
  const positive = { domain: 'positive' } as const;
  const smooth = { domain: 'awayFromZero' } as const;
  const distinct = { domain: 'distinct' } as const;
  const mask: Constant = {
    shape: [n, 3],
    values: Array.from({ length: n * 3 }, (_, i) => Number(i % 4 !== 1)),
    type: 'boolean',
  };
  return [
    elementwise('Ceil', smooth),
    elementwise('Round', smooth),
    elementwise('Tan'),
    elementwise('Asin', { inputs: [x(n, 3)], domain: 'inside' }),
    elementwise('Acos', { domain: 'inside' }),
    elementwise('Sinh'),
    elementwise('Cosh'),
    elementwise('Asinh'),
    elementwise('Atanh', { domain: 'inside' }),
    elementwise('Softplus'),
    elementwise('Softsign', smooth),
    elementwise('LeakyRelu', { attributes: { alpha: f(0.2) }, ...smooth }),
    elementwise('Elu', { attributes: { alpha: f(0.7) }, ...smooth }),
    elementwise('Celu', { attributes: { alpha: f(0.7) }, ...smooth }),
    elementwise('Selu', smooth),
    elementwise('ThresholdedRelu', { attributes: { alpha: f(0.1) }, ...smooth }),
    elementwise('HardSigmoid', smooth),
    elementwise('HardSwish', smooth),
    elementwise('Mish', { opset: 18 }),
    elementwise('Gelu', { opset: 20 }),
    elementwise('Gelu', {
      name: 'Gelu by tanh',
      opset: 20,
      attributes: { approximate: 'tanh' },
    }),
    elementwise('Shrink', { attributes: { bias: f(0.1), lambd: f(0.2) }, ...smooth }),
    named('PRelu', 'PRelu', [x(n, 3), x(3)], {}, smooth),
    named('Clip', 'Clip', [x(n, 3), float(-0.2), float(0.713)], {}, smooth),
    named('Clip as ReLU6', 'Clip', [x(n, 3), float(0), float(6)], {}, smooth),
    named('Max', 'Max', [x(n, 3), x(3), float(-0.1)], {}, smooth),
    named('Min', 'Min', [x(n, 3), x(n, 1)], {}, smooth),
    named('Mean', 'Mean', [x(n, 3), x(3), x(n, 1)]),
    named('Pow by a number', 'Pow', [x(n, 3), float(3)]),
    named('Pow by an array', 'Pow', [x(n, 3), x(3)], {}, positive),
    named('Where', 'Where', [mask, x(n, 3), x(3)]),

    reduction('ReduceMean'),
    reduction('ReduceL1', smooth),
    reduction('ReduceL2'),
    reduction('ReduceSumSquare'),
    reduction('ReduceLogSum', positive),
    reduction('ReduceLogSumExp'),
    reduction('ReduceMax', distinct),
    reduction('ReduceMin', distinct),
    reduction('ReduceProd', positive),
    named('ReduceSum over all', 'ReduceSum', [x(2, n)]),
    named('CumSum', 'CumSum', [x(2, n, 3), int(1)]),
    named('CumSum, exclusive and reversed', 'CumSum', [x(2, n), int(-1)], {
      exclusive: 1,
      reverse: 1,
    }),
    named('Softmax over a middle axis', 'Softmax', [x(2, n, 3)], { axis: 1 }),
    named('LogSoftmax', 'LogSoftmax', [x(2, n, 3)], { axis: -1 }),

    named('Squeeze', 'Squeeze', [x(1, n, 1, 2), ints(0, 2)]),
    named('Unsqueeze', 'Unsqueeze', [x(n, 2), ints(-1, 0)]),
    named('Slice backwards', 'Slice', [
      x(n, 5),
      ints(-1, 4),
      ints(-9, 0),
      ints(0, 1),
      ints(-1, -2),
    ]),
    named('Split', 'Split', [x(n, 5), ints(2, 3)], { axis: 1 }, { results: 2 }),
    named('Gather', 'Gather', [
      x(4, n, 2),
      { shape: [2, 2], values: [3, 0, 0, -1], type: 'integer' },
    ]),
    named('Gather in the middle', 'Gather', [x(2, 4, n), ints(1, 1, 3, 0)], { axis: 1 }),
    named(
      'GatherElements',
      'GatherElements',
      [
        x(2, 4, n),
        {
          shape: [1, 2, n],
          values: Array.from({ length: 2 * n }, (_, i) => (i * 3) % 4),
          type: 'integer',
        },
      ],
      { axis: 1 },
    ),
    named('GatherND', 'GatherND', [
      x(3, 4, n),
      { shape: [3, 2], values: [0, 1, 2, 3, 0, 1], type: 'integer' },
    ]),
    named('ScatterND', 'ScatterND', [
      x(4, n),
      { shape: [2, 1], values: [3, 1], type: 'integer' },
      x(2, n),
    ]),
    named(
      'ScatterND, adding',
      'ScatterND',
      [x(4, n), { shape: [3, 1], values: [3, 1, 3], type: 'integer' }, x(3, n)],
      { reduction: 'add' },
    ),
    named(
      'ScatterElements',
      'ScatterElements',
      [x(2, 4), { shape: [2, 2], values: [3, 1, 0, 2], type: 'integer' }, x(2, 2)],
      { axis: 1 },
    ),
    named(
      'ScatterElements of a part, the last of equal places',
      'ScatterElements',
      [x(3, 4), { shape: [2, 3], values: [3, 1, 3, -4, 2, 0], type: 'integer' }, x(2, 3)],
      { axis: 1 },
    ),
    ...['add', 'mul', 'max', 'min'].map((reduction) =>
      named(
        `ScatterElements by ${reduction}`,
        'ScatterElements',
        [
          x(3, n),
          {
            shape: [4, n],
            values: [0, 2, 0, 2].flatMap((at) => Array.from({ length: n }, (_, i) => (at + i) % 3)),
            type: 'integer',
          },
          x(4, n),
        ],
        { axis: 0, reduction },
        { opset: 18, ...distinct },
      ),
    ),
    ...['mul', 'max', 'min'].map((reduction) =>
      named(
        `ScatterND by ${reduction}`,
        'ScatterND',
        [x(4, n), { shape: [3, 1], values: [3, 1, 3], type: 'integer' }, x(3, n)],
        { reduction },
        { opset: 18, ...distinct },
      ),
    ),
    named(
      'GatherND of batches',
      'GatherND',
      [x(2, 3, n), { shape: [2, 2, 1], values: [2, 0, 1, -1], type: 'integer' }],
      { batch_dims: 1 },
    ),
    named('TopK', 'TopK', [x(2, n, 4), ints(2)], {}, { results: 2, ...distinct }),
    named(
      'TopK, the smallest, of a middle axis',
      'TopK',
      [x(2, n, 3), ints(2)],
      { axis: 1, largest: 0 },
      { results: 2, ...distinct },
    ),
    named('DFT of real numbers', 'DFT', [x(2, n + 3, 1)], { axis: 1, onesided: 1 }),
    named('DFT of complex numbers, longer', 'DFT', [x(2, n + 2, 2), int(7)], { axis: 1 }),
    named('DFT, inverse', 'DFT', [x(2, n + 2, 3, 2)], { axis: 1, inverse: 1 }),
    named(
      'GridSample',
      'GridSample',
      [x(2, 2, 3 + n, 4), x(2, 3, 2, 2)],
      { mode: 'bilinear', align_corners: 0 },
      { opset: 16 },
    ),
    named(
      'GridSample to the border, by corners',
      'GridSample',
      [x(1, 2, 4, 3 + n), x(1, 2, 3, 2)],
      { padding_mode: 'border', align_corners: 1 },
      { opset: 16 },
    ),
    named('Pad with a number', 'Pad', [x(n, 3), ints(1, 0, 2, 1), float(0.5)]),
    named('Pad by reflection', 'Pad', [x(2, n, 4), ints(0, 1, 2, 0, 1, 3)], { mode: 'reflect' }),
    named('Pad by the edge', 'Pad', [x(n, 3), ints(1, 2, 0, 1)], { mode: 'edge' }),
    named('Pad, cutting', 'Pad', [x(n, 4), ints(0, -1, 1, -2)]),
    named('Tile', 'Tile', [x(n, 2), ints(2, 3)]),
    named('Trilu', 'Trilu', [x(2, n, 3)], { upper: 0 }),
    named('Trilu, above', 'Trilu', [x(n, 4), int(1)], { upper: 1 }),
    named('DepthToSpace', 'DepthToSpace', [x(1, 8, n, 2)], { blocksize: 2 }),
    named('DepthToSpace, columns first', 'DepthToSpace', [x(2, 4, n, 2)], {
      blocksize: 2,
      mode: 'CRD',
    }),
    named('SpaceToDepth', 'SpaceToDepth', [x(1, 2, 2 * n, 4)], { blocksize: 2 }),

    named('MatMul with a vector', 'MatMul', [x(2, n, 3), x(3)]),
    named('MatMul, broadcasting', 'MatMul', [x(2, 1, n, 3), x(4, 3, 2)]),
    named('Gemm', 'Gemm', [x(3, n), x(2, 3), x(2)], {
      transA: 1,
      transB: 1,
      alpha: f(0.5),
      beta: f(2),
    }),
    named('Einsum of three', 'Einsum', [x(2, n, 3), x(2, 4, 3), x(2, 4, 2)], {
      equation: 'bid,bjd,bje->bie',
    }),
    named('Einsum, implicit, with a diagonal', 'Einsum', [x(n, n), x(n, 3)], {
      equation: 'ii,ij',
    }),
    named('Einsum with hidden axes', 'Einsum', [x(2, n, 3), x(3, 2)], {
      equation: '...i,ij->...j',
    }),

    named('Conv in one dimension', 'Conv', [x(2, 2, 5 + n), x(3, 2, 3), x(3)], {
      strides: [2],
      pads: [1, 0],
    }),
    named('Conv in three dimensions', 'Conv', [x(1, 2, 3, 4, 2 + n), x(2, 2, 2, 3, 2)], {
      pads: [1, 0, 1, 0, 1, 0],
      strides: [1, 2, 1],
    }),
    named('Conv, depthwise', 'Conv', [x(2, 3, 5, 3 + n), x(3, 1, 3, 3), x(3)], {
      group: 3,
      pads: [1, 1, 1, 1],
      strides: [2, 2],
    }),
    named('Conv, depthwise and dilated', 'Conv', [x(2, 2, 6, 4 + n), x(4, 1, 3, 2)], {
      group: 2,
      dilations: [2, 1],
      pads: [2, 0, 2, 1],
    }),
    named('Conv with the padding it needs', 'Conv', [x(1, 2, 5, 3 + n), x(2, 2, 3, 2)], {
      strides: [2, 1],
      auto_pad: 'SAME_UPPER',
    }),
    named('ConvTranspose', 'ConvTranspose', [x(2, 3, 3, n), x(3, 2, 3, 3), x(2)], {
      strides: [2, 2],
      pads: [1, 1, 1, 0],
      output_padding: [1, 0],
    }),
    named('ConvTranspose in groups', 'ConvTranspose', [x(1, 4, n, 3), x(4, 2, 2, 3)], {
      group: 2,
      dilations: [1, 2],
    }),
    named('ConvTranspose in one dimension', 'ConvTranspose', [x(2, 2, n), x(2, 3, 4)], {
      strides: [2],
      pads: [1, 1],
    }),
    named(
      'MaxPool',
      'MaxPool',
      [x(2, 2, 5, 3 + n)],
      {
        kernel_shape: [3, 2],
        strides: [2, 1],
        pads: [1, 0, 1, 1],
      },
      distinct,
    ),
    named(
      'MaxPool in one dimension, rounding up',
      'MaxPool',
      [x(2, 3, 4 + n)],
      {
        kernel_shape: [3],
        strides: [2],
        ceil_mode: 1,
      },
      distinct,
    ),
    named(
      'MaxPool in three dimensions',
      'MaxPool',
      [x(1, 2, 4, 4, 2 * n)],
      {
        kernel_shape: [2, 2, 2],
        strides: [2, 2, 2],
      },
      distinct,
    ),
    named(
      'MaxPool, dilated',
      'MaxPool',
      [x(1, 2, 5, 4 + n)],
      {
        kernel_shape: [2, 3],
        dilations: [2, 1],
      },
      distinct,
    ),
    named('AveragePool', 'AveragePool', [x(2, 2, 5, 3 + n)], {
      kernel_shape: [3, 2],
      strides: [2, 1],
      pads: [1, 0, 1, 1],
    }),
    named('AveragePool, counting the padding', 'AveragePool', [x(1, 2, 5, 3 + n)], {
      kernel_shape: [3, 3],
      strides: [2, 2],
      pads: [1, 1, 1, 1],
      count_include_pad: 1,
    }),
    named('AveragePool in three dimensions', 'AveragePool', [x(1, 2, 4, 4, 2 * n)], {
      kernel_shape: [2, 2, 2],
      strides: [2, 2, 2],
    }),
    named('GlobalAveragePool', 'GlobalAveragePool', [x(2, 3, n, 2)]),
    named('GlobalMaxPool', 'GlobalMaxPool', [x(2, 3, n, 2)], {}, distinct),
    named('Resize, nearest', 'Resize', [x(1, 2, n, 3), null, array([4], [1, 1, 2, 2])], {
      coordinate_transformation_mode: 'asymmetric',
      mode: 'nearest',
      nearest_mode: 'floor',
    }),
    named('Resize, linear', 'Resize', [x(1, 2, n, 3), null, null, ints(1, 2, 5, 7)], {
      mode: 'linear',
    }),
    named('Resize, linear, by corners', 'Resize', [x(1, 2, n, 3), null, null, ints(1, 2, 4, 6)], {
      mode: 'linear',
      coordinate_transformation_mode: 'align_corners',
    }),
    named('Resize, cubic', 'Resize', [x(1, 1, n + 1, 4), null, null, ints(1, 1, 6, 7)], {
      mode: 'cubic',
    }),

    named('BatchNormalization', 'BatchNormalization', [
      x(2, 3, n),
      x(3),
      x(3),
      array([3], [0.1, -0.2, 0.3]),
      array([3], [0.5, 1, 2]),
    ]),
    named(
      'BatchNormalization in training mode',
      'BatchNormalization',
      [x(3, 2, n), x(2), x(2), array([2], [0, 0]), array([2], [1, 1])],
      { training_mode: 1 },
    ),
    named('LayerNormalization', 'LayerNormalization', [x(2, n, 3), x(n, 3), x(n, 3)], { axis: 1 }),
    named(
      'RMSNormalization',
      'RMSNormalization',
      [x(2, n, 3), x(3)],
      { epsilon: f(1e-3) },
      { opset: 23 },
    ),
    named('InstanceNormalization', 'InstanceNormalization', [x(2, 3, 2, n), x(3), x(3)]),
    named(
      'GroupNormalization',
      'GroupNormalization',
      [x(2, 4, n), x(4), x(4)],
      { num_groups: 2 },
      { opset: 21 },
    ),
    named('LpNormalization', 'LpNormalization', [x(n, 3)], { axis: 0, p: 2 }),
    named('LRN', 'LRN', [x(2, 5, n, 2)], { size: 3, alpha: f(0.2) }),
    named('MeanVarianceNormalization', 'MeanVarianceNormalization', [x(2, 2, n, 3)]),

    named(
      'Attention',
      'Attention',
      [x(2, 2, n, 3), x(2, 2, 4, 3), x(2, 2, 4, 2)],
      {},
      { opset: 23 },
    ),
    named(
      'Attention, causal, heads joined, keys shared',
      'Attention',
      [x(2, n, 8), x(2, n, 4), x(2, n, 4)],
      { q_num_heads: 4, kv_num_heads: 2, is_causal: 1, scale: f(0.6) },
      { opset: 23 },
    ),
    lstm('LSTM', 1, {}),
    lstm('LSTM in both directions', 2, { direction: 'bidirectional' }),
    gru('GRU', 1, { linear_before_reset: 1 }),
    gru('GRU backwards, reset first', 1, { direction: 'reverse' }),
    // Of 3, 1 and 2 steps, and of as many as there are.
    ...['LSTM', 'GRU'].map((operator) =>
      named(
        `${operator} of packed sequences, in both directions`,
        operator,
        [
          x(n, 3, 3),
          x(2, operator === 'LSTM' ? 8 : 6, 3),
          x(2, operator === 'LSTM' ? 8 : 6, 2),
          null,
          {
            shape: [3],
            values: [Math.min(n, 3), 1, Math.min(n, 2)],
            type: 'integer',
            isShort: true,
          },
          x(2, 3, 2),
        ],
        {
          hidden_size: 2,
          direction: 'bidirectional',
          ...(operator === 'GRU' ? { linear_before_reset: 1 } : {}),
        },
        { results: 2 },
      ),
    ),
    named('RNN', 'RNN', [x(n, 2, 3), x(1, 2, 3), x(1, 2, 2), x(1, 4)], { hidden_size: 2 }),
    named('SoftmaxCrossEntropyLoss', 'SoftmaxCrossEntropyLoss', [x(3, 4), ints(1, 0, 3)]),
    named(
      'SoftmaxCrossEntropyLoss with weights and places',
      'SoftmaxCrossEntropyLoss',
      [
        x(2, 4, n),
        { shape: [2, n], values: Array.from({ length: 2 * n }, (_, i) => i % 4), type: 'integer' },
        array([4], [0.5, 2, 1, 0.25]),
      ],
      { ignore_index: 2 },
    ),
    named(
      'NegativeLogLikelihoodLoss of each',
      'NegativeLogLikelihoodLoss',
      [x(3, 4), ints(1, 0, 3)],
      { reduction: 'none' },
    ),
  ];
}
