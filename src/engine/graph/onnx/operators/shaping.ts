import { InputError } from '../../../../shared/inputError';
import { say } from '../../../../shared/words/message';
import { sizeOf } from '../../../tensor';
import type { Graph } from '../../graph';
import { broadcastShape } from '../../shapes';
import type { Node } from '../../operations';
import {
  axisOf,
  countable,
  elementType,
  type Operator,
  type OperatorCall,
  type Result,
  type Value,
} from './operatorCall';
import { countAlong, moveAxesLast, pickAlong, takeAlong } from './places';
import { joinedIndices } from './scattering';
import { readTensorProto } from '../tensorProto';

function constant(c: OperatorCall): Result {
  const of = (data: Float64Array, shape: readonly number[], type: Value['type']): Value => ({
    node: c.g.constant(data, shape),
    type,
  });
  const tensor = c.attribute('value')?.t;
  if (tensor !== undefined) {
    const { data, shape } = readTensorProto(tensor, 'constant');
    return of(data, shape, elementType(tensor.dataType));
  }
  const float = c.attribute('value_float');
  if (float !== undefined) return of(Float64Array.of(float.f), [], 'float');
  const integer = c.attribute('value_int');
  if (integer !== undefined) return of(Float64Array.of(Number(integer.i)), [], 'integer');
  const floats = c.attribute('value_floats');
  if (floats !== undefined)
    return of(Float64Array.from(floats.floats), [floats.floats.length], 'float');
  const integers = c.list('value_ints');
  if (integers !== null) return c.integers(integers);
  throw new InputError(say`a constant of this kind is not read`, 'unsupported');
}

function constantOfShape(c: OperatorCall): Result {
  const shape = c.numbers(0) ?? [];
  const tensor = c.attribute('value')?.t;
  const value = tensor === undefined ? 0 : readTensorProto(tensor, 'constant').data[0]!;
  return {
    node: c.g.expand(c.g.scalar(value), shape),
    type: tensor === undefined ? 'float' : elementType(tensor.dataType),
  };
}

function range(c: OperatorCall): Node {
  const [start, end, step] = [0, 1, 2].map((position) => c.numbers(position)?.[0]);
  if (start === undefined || end === undefined || !step) {
    throw new InputError(say`a range needs a start, an end and a step`, 'damaged');
  }
  const count = Math.max(0, Math.ceil((end - start) / step));
  if (!(count <= 2 ** 24)) throw new InputError(say`${count} elements are too many`);
  return c.g.constant(
    Float64Array.from({ length: count }, (_, i) => start + i * step),
    [count],
  );
}

function shapeOf(c: OperatorCall): Value {
  const { shape } = c.node(0);
  const bound = (name: string, absent: number): number => {
    const at = c.integer(name, absent);
    return at < 0 ? at + shape.length : at;
  };
  return c.integers(shape.slice(bound('start', 0), bound('end', shape.length)));
}

function reshape(c: OperatorCall): Node {
  const x = c.node(0);
  const wanted = c.numbers(1) ?? [];
  const copied = wanted.map((extent, axis) =>
    extent === 0 && c.integer('allowzero', 0) === 0 ? (x.shape[axis] ?? 0) : extent,
  );
  const rest = copied.reduce((product, extent) => (extent === -1 ? product : product * extent), 1);
  const shape = copied.map((extent) =>
    extent === -1 ? (rest === 0 ? 0 : sizeOf(x.shape) / rest) : extent,
  );
  return c.g.reshape(x, shape);
}

function flatten(c: OperatorCall): Node {
  const x = c.node(0);
  const at = c.integer('axis', 1);
  const axis = at < 0 ? at + x.shape.length : at;
  return c.g.reshape(x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]);
}

function squeeze(c: OperatorCall): Node {
  const x = c.node(0);
  const axes = (c.numbers(1) ?? c.list('axes'))?.map((axis) => axisOf(axis, x.shape.length));
  return c.g.reshape(
    x,
    x.shape.filter((extent, axis) => (axes === undefined ? extent !== 1 : !axes.includes(axis))),
  );
}

function unsqueeze(c: OperatorCall): Node {
  const x = c.node(0);
  const given = c.numbers(1) ?? c.list('axes') ?? [];
  const rank = x.shape.length + given.length;
  const axes = given.map((axis) => axisOf(axis, rank));
  const left = [...x.shape];
  return c.g.reshape(
    x,
    Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : left.shift()!)),
  );
}

function transpose(c: OperatorCall): Node {
  const x = c.node(0);
  return c.g.transpose(x, c.list('perm') ?? x.shape.map((_, axis) => x.shape.length - 1 - axis));
}

function concat(c: OperatorCall): Node {
  const parts = c.inputs.map((_, position) => c.node(position));
  return join(c.g, parts, c.integer('axis', 0));
}

function join(g: Graph, parts: readonly Node[], axis: number): Node {
  const own = axisOf(axis, parts[0]!.shape.length);
  const present = parts.filter((part) => part.shape[own] !== 0);
  return present.length === 0 ? parts[0]! : g.concat(present, own);
}

function slice(c: OperatorCall): Node {
  const x = c.node(0);
  const rank = x.shape.length;
  const from = c.numbers(1) ?? [];
  const to = c.numbers(2) ?? [];
  const axes = (c.numbers(3) ?? from.map((_, axis) => axis)).map((axis) => axisOf(axis, rank));
  const by = c.numbers(4) ?? axes.map(() => 1);

  const starts = x.shape.map(() => 0);
  const steps = x.shape.map(() => 1);
  const counts = [...x.shape];
  axes.forEach((axis, position) => {
    const extent = x.shape[axis]!;
    const step = by[position]!;
    const clamp = (at: number, low: number, high: number): number =>
      Math.min(Math.max(at < 0 ? at + extent : at, low), high);
    const start =
      step > 0 ? clamp(from[position]!, 0, extent) : clamp(from[position]!, 0, extent - 1);
    const end = step > 0 ? clamp(to[position]!, 0, extent) : clamp(to[position]!, -1, extent - 1);
    starts[axis] = start;
    steps[axis] = step;
    counts[axis] = Math.max(0, Math.ceil((end - start) / step));
  });
  return c.g.slice(x, { starts, steps, counts });
}

/** Parts of one axis, of given extents. */
function cut(g: Graph, x: Node, axis: number, extents: readonly number[]): readonly Node[] {
  let start = 0;
  return extents.map((count) => {
    const part = g.slice(x, {
      starts: x.shape.map((_, i) => (i === axis ? start : 0)),
      steps: x.shape.map(() => 1),
      counts: x.shape.map((extent, i) => (i === axis ? count : extent)),
    });
    start += count;
    return part;
  });
}

/** Extents of parts of `size`, the last one smaller where they do not fit. */
function partsOf(extent: number, size: number): readonly number[] {
  return Array.from({ length: countable(Math.ceil(extent / size), say`parts`) }, (_, i) =>
    Math.min(size, extent - i * size),
  );
}

function split(c: OperatorCall): readonly Node[] {
  const x = c.node(0);
  const axis = axisOf(c.integer('axis', 0), x.shape.length);
  const count = c.integer('num_outputs', c.results);
  return cut(
    c.g,
    x,
    axis,
    c.numbers(1) ?? c.list('split') ?? partsOf(x.shape[axis]!, Math.ceil(x.shape[axis]! / count)),
  );
}

function splitToSequence(c: OperatorCall): Result {
  const { node: x, type } = c.value(0);
  const axis = axisOf(c.integer('axis', 0), x.shape.length);
  const extent = x.shape[axis]!;
  const given = c.optional(1);
  const lengths =
    given === null
      ? partsOf(extent, 1)
      : given.shape.length === 0
        ? partsOf(extent, c.numbers(1)![0]!)
        : c.numbers(1)!;
  const keeps = given !== null || c.integer('keepdims', 1) === 1;
  const parts = cut(c.g, x, axis, lengths).map((part) =>
    keeps
      ? part
      : c.g.reshape(
          part,
          part.shape.filter((_, i) => i !== axis),
        ),
  );
  return { items: parts.map((node) => ({ node, type })) };
}

function concatFromSequence(c: OperatorCall): Result {
  const { items } = c.sequence(0);
  const axis = c.integer('axis', 0);
  const stacks = c.integer('new_axis', 0) === 1;
  const nodes = items.map(({ node }) => {
    if (!stacks) return node;
    const at = axisOf(axis, node.shape.length + 1);
    return c.g.reshape(node, [...node.shape.slice(0, at), 1, ...node.shape.slice(at)]);
  });
  return { node: join(c.g, nodes, axis), type: items[0]?.type ?? 'float' };
}

/** Of rows by indices: known ones become slices, computed ones are looked up. */
function gather(c: OperatorCall): Node {
  const { g } = c;
  const x = c.node(0);
  const indices = c.node(1);
  const axis = axisOf(c.integer('axis', 0), x.shape.length);
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  const extent = x.shape[axis]!;
  const known = c.known(1);
  if (known === null) {
    c.places(1, { extent });
    const flat = g.reshape(indices, [1, sizeOf(indices.shape)]);
    return g.reshape(takeAlong(g, x, axis, flat), shape);
  }
  const places = [...known].map((at) => (at < 0 ? at + extent : at));
  const outside = places.find((at) => at < 0 || at >= extent);
  if (outside !== undefined) {
    throw new InputError(
      say`index ${outside} is outside of axis ${axis} of [${x.shape.join(', ')}]`,
    );
  }
  return g.reshape(pickAlong(g, x, axis, places), shape);
}

function gatherElements(c: OperatorCall): Node {
  const { g } = c;
  const x = c.node(0);
  const indices = c.node(1);
  const axis = axisOf(c.integer('axis', 0), x.shape.length);
  c.places(1, { extent: x.shape[axis]! });
  // Rows beyond those that have indices are not looked at.
  const own = g.slice(x, {
    starts: x.shape.map(() => 0),
    steps: x.shape.map(() => 1),
    counts: x.shape.map((extent, i) => (i === axis ? extent : indices.shape[i]!)),
  });
  const { rows } = moveAxesLast(g, own, [axis]);
  const at = moveAxesLast(g, indices, [axis]);
  const found = g.take(g.reshape(rows, [...rows.shape, 1]), at.rows);
  return at.restore(g.reshape(found, at.rows.shape));
}

function gatherNd(c: OperatorCall): Node {
  const { g } = c;
  const batch = c.integer('batch_dims', 0);
  const x = c.node(0);
  const indices = c.node(1);
  const lead = sizeOf(x.shape.slice(0, batch));
  const own = x.shape.slice(batch);
  const depth = indices.shape.at(-1)!;
  const rest = own.slice(depth);
  const blocks = g.reshape(x, [lead, sizeOf(own.slice(0, depth)), sizeOf(rest)]);
  const joined = joinedIndices(c, x.shape, batch);
  const found = g.take(blocks, g.reshape(joined, [lead, sizeOf(joined.shape) / lead]));
  return g.reshape(found, [...indices.shape.slice(0, -1), ...rest]);
}

function pad(c: OperatorCall): Node {
  const { g } = c;
  const x = c.node(0);
  const rank = x.shape.length;
  const amounts = c.numbers(1) ?? [];
  const axes = c.numbers(3) ?? x.shape.map((_, axis) => axis);
  const before = x.shape.map(() => 0);
  const after = x.shape.map(() => 0);
  axes.forEach((axis, position) => {
    before[axisOf(axis, rank)] = amounts[position]!;
    after[axisOf(axis, rank)] = amounts[position + axes.length]!;
  });
  // Negative amounts cut.
  const kept = g.slice(x, {
    starts: before.map((amount) => Math.max(0, -amount)),
    steps: x.shape.map(() => 1),
    counts: x.shape.map(
      (extent, axis) => extent + Math.min(0, before[axis]!) + Math.min(0, after[axis]!),
    ),
  });
  const wider = before.map((amount) => Math.max(0, amount));
  const longer = after.map((amount) => Math.max(0, amount));
  const mode = c.text('mode', 'constant');
  if (mode === 'constant') return padConstant(c, kept, wider, longer);
  return kept.shape.reduce((result, extent, axis) => {
    if (wider[axis] === 0 && longer[axis] === 0) return result;
    const count = countable(wider[axis]! + extent + longer[axis]!, say`places`);
    const places = Array.from({ length: count }, (_, i) =>
      mirrored(i - wider[axis]!, extent, mode),
    );
    return pickAlong(g, result, axis, places);
  }, kept);
}

function mirrored(at: number, extent: number, mode: string): number {
  switch (mode) {
    case 'edge':
      return Math.min(Math.max(at, 0), extent - 1);
    case 'wrap':
      return ((at % extent) + extent) % extent;
    case 'reflect': {
      if (extent === 1) return 0;
      const period = 2 * (extent - 1);
      const inside = ((at % period) + period) % period;
      return inside < extent ? inside : period - inside;
    }
    default:
      throw new InputError(say`padding by ${mode} is not supported`, 'unsupported');
  }
}

function padConstant(
  c: OperatorCall,
  x: Node,
  before: readonly number[],
  after: readonly number[],
): Node {
  const { g } = c;
  const shape = x.shape.map((extent, axis) => extent + before[axis]! + after[axis]!);
  const ones = x.shape.map(() => 1);
  const value = c.optional(2);
  const placed = g.place(x, shape, before, ones);
  if (value === null || c.known(2)?.[0] === 0) return placed;
  const inside = g.place(g.expand(g.scalar(1), x.shape), shape, before, ones);
  return g.where(inside, placed, g.reshape(value, []));
}

function tile(c: OperatorCall): Node {
  const { g } = c;
  const x = c.node(0);
  const repeats = c.numbers(1) ?? [];
  const apart = g.reshape(
    x,
    x.shape.flatMap((extent) => [1, extent]),
  );
  const wide = g.expand(
    apart,
    x.shape.flatMap((extent, axis) => [repeats[axis]!, extent]),
  );
  return g.reshape(
    wide,
    x.shape.map((extent, axis) => extent * repeats[axis]!),
  );
}

function triangle(c: OperatorCall): Node {
  const { g } = c;
  const x = c.node(0);
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  const k = c.numbers(1)?.[0] ?? 0;
  const down = g.add(countAlong(g, 0, rows, 2), g.scalar(k));
  const across = countAlong(g, 1, columns, 2);
  return c.integer('upper', 1) === 1
    ? g.where(g.less(across, down), g.scalar(0), x)
    : g.where(g.less(down, across), g.scalar(0), x);
}

function oneHot(c: OperatorCall): Result {
  const { g } = c;
  const indices = c.node(0);
  const depth = c.numbers(1)?.[0] ?? 0;
  c.places(0, { extent: depth });
  const rank = indices.shape.length + 1;
  const axis = axisOf(c.integer('axis', -1), rank);
  const shape = [...indices.shape.slice(0, axis), 1, ...indices.shape.slice(axis)];
  const at = g.reshape(indices, shape);
  const wrapped = g.where(g.less(at, g.scalar(0)), g.add(at, g.scalar(depth)), at);
  const hit = g.equal(wrapped, countAlong(g, axis, depth, rank));
  const off = g.slice(c.node(2), { starts: [0], steps: [1], counts: [1] });
  const on = g.slice(c.node(2), { starts: [1], steps: [1], counts: [1] });
  return { node: g.where(hit, on, off), type: c.value(2).type };
}

/** Channels and places exchanged. */
function depthToSpace(c: OperatorCall): Node {
  const { g } = c;
  const x = c.node(0);
  const b = c.integer('blocksize', 1);
  const [n, channels, height, width] = x.shape as [number, number, number, number];
  const depth = channels / b ** 2;
  const columnFirst = c.text('mode', 'DCR') === 'CRD';
  const apart = g.reshape(
    x,
    columnFirst ? [n, depth, b, b, height, width] : [n, b, b, depth, height, width],
  );
  const moved = g.transpose(apart, columnFirst ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]);
  return g.reshape(moved, [n, depth, height * b, width * b]);
}

function spaceToDepth(c: OperatorCall): Node {
  const { g } = c;
  const x = c.node(0);
  const b = c.integer('blocksize', 1);
  const [n, channels, height, width] = x.shape as [number, number, number, number];
  const apart = g.reshape(x, [n, channels, height / b, b, width / b, b]);
  const moved = g.transpose(apart, [0, 3, 5, 1, 2, 4]);
  return g.reshape(moved, [n, channels * b ** 2, height / b, width / b]);
}

function nonZero(c: OperatorCall): Value {
  const known = c.known(0);
  if (known === null) {
    throw new InputError(
      say`the number of its results depends on the data; use torch.where with three arguments`,
      'unsupported',
    );
  }
  const { shape } = c.node(0);
  const found = [...known.keys()].filter((at) => known[at] !== 0);
  const columns = shape.map((extent, axis) => {
    const stride = sizeOf(shape.slice(axis + 1));
    return found.map((at) => Math.floor(at / stride) % extent);
  });
  return {
    node: c.g.constant(Float64Array.from(columns.flat()), [shape.length, found.length]),
    type: 'integer',
  };
}

/** What moves elements, counts them or makes them. */
export const shapingOperators: readonly (readonly [string, Operator])[] = [
  ['Constant', constant],
  ['ConstantOfShape', constantOfShape],
  ['Range', range],
  ['Shape', shapeOf],
  ['Size', (c) => ({ node: c.g.scalar(sizeOf(c.node(0).shape)), type: 'integer' })],
  ['Reshape', reshape],
  ['Flatten', flatten],
  ['Squeeze', squeeze],
  ['Unsqueeze', unsqueeze],
  ['Transpose', transpose],
  ['Expand', (c) => c.g.expand(c.node(0), broadcastShape(c.node(0).shape, c.numbers(1) ?? []))],
  ['Concat', concat],
  ['Slice', slice],
  ['Split', split],
  ['SplitToSequence', splitToSequence],
  ['SequenceConstruct', (c) => ({ items: c.inputs.map((_, position) => c.value(position)) })],
  ['SequenceAt', (c) => sequenceAt(c)],
  ['SequenceLength', (c) => ({ node: c.g.scalar(c.sequence(0).items.length), type: 'integer' })],
  ['ConcatFromSequence', concatFromSequence],
  ['Gather', gather],
  ['GatherElements', gatherElements],
  ['GatherND', gatherNd],
  ['Pad', pad],
  ['Tile', tile],
  ['Trilu', triangle],
  ['OneHot', oneHot],
  ['DepthToSpace', depthToSpace],
  ['SpaceToDepth', spaceToDepth],
  ['NonZero', nonZero],
];

function sequenceAt(c: OperatorCall): Value {
  const { items } = c.sequence(0);
  const at = c.numbers(1)?.[0] ?? 0;
  const item = items[at < 0 ? at + items.length : at];
  if (item === undefined) throw new InputError(say`there is no element ${at}`, 'damaged');
  return item;
}
