import type { Node } from '../../operations';
import { TensorProto_DataType } from '../onnx_pb';
import { pooledName, type NodeValues } from './nodeValues';
import { zeros } from './slices';

/** The name of a node as booleans; computed once for each node. */
export function mask(values: NodeValues, node: Node): string {
  const { model } = values;
  return values.once(`mask ${node.id}`, () => {
    const args = node.inputs.map((input) => values.name(input));
    if (node.operation === 'step') return model.add('Greater', [args[0]!, model.scalar(0)]);
    if (node.operation === 'less') return model.add('Less', args);
    if (node.operation === 'equal') return model.add('Equal', args);
    return model.add('Cast', [values.name(node)], { to: TensorProto_DataType.BOOL });
  });
}

/** The name of a node as whole numbers; computed once for each node. */
export function index(values: NodeValues, node: Node): string {
  const { model } = values;
  return values.once(indexKey(node), () => {
    if (node.operation === 'reshape') {
      return model.add('Reshape', [index(values, node.inputs[0]!), model.ints(node.shape)]);
    }
    if (node.operation === 'argmax') {
      const { axis } = (node as Node<'argmax'>).attributes;
      return model.add('ArgMax', [values.name(node.inputs[0]!)], { axis, keepdims: 1 });
    }
    if (node.operation === 'constant') {
      return model.integerTensor([...(node as Node<'constant'>).attributes.data], node.shape);
    }
    return model.add('Cast', [values.name(node)], { to: TensorProto_DataType.INT64 });
  });
}

function indexKey(node: Node): string {
  return `index ${node.id}`;
}

/** Max pooling gives its values, and where they are in the whole array. */
export function maxPool(values: NodeValues, node: Node<'maxPoolIndex'>): void {
  const { model, plan } = values;
  const [x] = node.inputs as [Node];
  const { kernel, strides, dilations, padsBefore, padsAfter } = node.attributes;
  const pool = { kernel_shape: kernel, strides, dilations, pads: [...padsBefore, ...padsAfter] };
  const indexed = plan.indexed.has(node.id) || plan.needed.has(node.id);
  const places = model.fresh();
  const results = indexed ? [pooledName(node), places] : [pooledName(node)];
  model.addAll('MaxPool', [values.name(x)], pool, results);
  if (!indexed) return;
  const plane = x.shape.slice(2).reduce((product, extent) => product * extent, 1);
  values.once(indexKey(node), () => model.add('Mod', [places, model.ints([plane])]));
}

export function take(values: NodeValues, node: Node<'take'>, out: string): void {
  const { model, plan } = values;
  const [x, indices] = node.inputs as [Node, Node];
  const pool = plan.pooled.get(node.id);
  if (pool !== undefined) {
    model.add('Reshape', [pooledName(pool), model.ints(node.shape)], {}, out);
    return;
  }
  const [rows, m] = indices.shape as [number, number];
  if (rows === 1) {
    const flat = model.add('Reshape', [index(values, indices), model.ints([m])]);
    model.add('Gather', [values.name(x), flat], { axis: 1 }, out);
  } else {
    const at = spreadIndex(values, indices, node.shape);
    model.add('GatherElements', [values.name(x), at], { axis: 1 }, out);
  }
}

export function put(values: NodeValues, node: Node<'put'>, out: string): void {
  const { model } = values;
  const [y, indices] = node.inputs as [Node, Node];
  const [a, m, b] = y.shape as [number, number, number];
  if (a === 1) {
    const at = model.add('Reshape', [index(values, indices), model.ints([m, 1])]);
    const rows = model.add('Reshape', [values.name(y), model.ints([m, b])]);
    const empty = zeros(model, [node.attributes.count, b]);
    const sum = model.add('ScatterND', [empty, at, rows], { reduction: 'add' });
    model.add('Reshape', [sum, model.ints(node.shape)], {}, out);
  } else {
    const at = spreadIndex(values, indices, y.shape);
    const empty = zeros(model, node.shape);
    model.add('ScatterElements', [empty, at, values.name(y)], { axis: 1, reduction: 'add' }, out);
  }
}

/** Indices [A or 1, M] for every element of [A, M, B]. */
function spreadIndex(values: NodeValues, indices: Node, shape: readonly number[]): string {
  const { model } = values;
  const column = model.add('Reshape', [index(values, indices), model.ints([...indices.shape, 1])]);
  return indices.shape[0] === shape[0] && shape[2] === 1
    ? column
    : model.add('Expand', [column, model.ints(shape)]);
}
