import { sizeOf } from '../tensor';
import { isUnary } from './elementwise';
import { erf } from './erf';
import type {
  AnyNode,
  BinaryOperation,
  ConvAttributes,
  Node,
  PoolAttributes,
  UnaryOperation,
} from './operations';

/**
 * The value of a node from those of its arguments, in float64, each operation as its definition
 * reads.
 */
export function evaluate(node: AnyNode, args: readonly Float64Array[]): Float64Array {
  const [a, b] = args as [Float64Array, Float64Array];
  const shapes = node.inputs.map((input) => input.shape);
  if (isUnary(node.operation)) return a.map(elementwise[node.operation]);
  switch (node.operation) {
    case 'input':
      throw new Error(`The value of ${node.attributes.name} is not known.`);
    case 'constant':
      return node.attributes.data;
    case 'power': {
      const { exponent } = node.attributes;
      return a.map((x) => Math.pow(x, exponent));
    }
    case 'add':
    case 'sub':
    case 'mul':
    case 'div':
    case 'pow':
    case 'fmod':
    case 'less':
    case 'equal': {
      const f = arithmetic[node.operation];
      const [at, bt] = shapes.map((shape) => broadcastStrides(shape, node.shape));
      return collect(node.shape, (index) => f(a[dot(index, at!)]!, b[dot(index, bt!)]!));
    }
    case 'where': {
      const [mt, at, bt] = shapes.map((shape) => broadcastStrides(shape, node.shape));
      const c = args[2]!;
      return collect(node.shape, (index) =>
        a[dot(index, mt!)] === 0 ? c[dot(index, bt!)]! : b[dot(index, at!)]!,
      );
    }
    case 'argmax': {
      const { axis } = node.attributes;
      const strides = stridesOf(shapes[0]!);
      return collect(node.shape, (index) => {
        const start = dot(index, strides);
        let best = 0;
        for (let i = 1; i < shapes[0]![axis]!; i += 1) {
          if (a[start + i * strides[axis]!]! > a[start + best * strides[axis]!]!) best = i;
        }
        return best;
      });
    }
    case 'maxPoolIndex':
      return maxPoolIndex(a, shapes[0]!, node.shape, node.attributes);
    case 'take': {
      const [rows] = shapes[1]!;
      const [, count, width] = shapes[0]!;
      const columns = node.shape[1]!;
      return collect(node.shape, (index) => {
        const at = place(b[(rows === 1 ? 0 : index[0]! * columns) + index[1]!]!, count!);
        return a[(index[0]! * count! + at) * width! + index[2]!]!;
      });
    }
    case 'put': {
      const [rows] = shapes[1]!;
      const { count } = node.attributes;
      const [, columns, width] = shapes[0]!;
      const out = new Float64Array(sizeOf(node.shape));
      let from = 0;
      forEachIndex(shapes[0]!, (index) => {
        const at = place(b[(rows === 1 ? 0 : index[0]! * columns!) + index[1]!]!, count);
        out[(index[0]! * count + at) * width! + index[2]!]! += a[from++]!;
      });
      return out;
    }
    case 'sum':
      return reduce(a, shapes[0]!, node, 0, (sum, x) => sum + x);
    case 'max':
      return reduce(a, shapes[0]!, node, -Infinity, (most, x) =>
        x > most || Number.isNaN(x) ? x : most,
      );
    case 'reshape':
      return a;
    case 'expand': {
      const strides = broadcastStrides(shapes[0]!, node.shape);
      return collect(node.shape, (index) => a[dot(index, strides)]!);
    }
    case 'transpose': {
      const source = stridesOf(shapes[0]!);
      const strides = node.attributes.permutation.map((axis) => source[axis]!);
      return collect(node.shape, (index) => a[dot(index, strides)]!);
    }
    case 'slice': {
      const { starts, steps } = node.attributes;
      const strides = stridesOf(shapes[0]!);
      return collect(node.shape, (index) => a[dot(walk(index, starts, steps), strides)]!);
    }
    case 'place': {
      const { starts, steps } = node.attributes;
      const strides = stridesOf(node.shape);
      const out = new Float64Array(sizeOf(node.shape));
      let from = 0;
      forEachIndex(shapes[0]!, (index) => {
        out[dot(walk(index, starts, steps), strides)] = a[from++]!;
      });
      return out;
    }
    case 'concat': {
      const { axis } = node.attributes;
      const strides = stridesOf(node.shape);
      const out = new Float64Array(sizeOf(node.shape));
      let start = 0;
      args.forEach((part, position) => {
        const shape = shapes[position]!;
        let from = 0;
        forEachIndex(shape, (index) => {
          out[dot(index, strides) + start * strides[axis]!] = part[from++]!;
        });
        start += shape[axis]!;
      });
      return out;
    }
    case 'matmul': {
      const depth = shapes[0]!.at(-1)!;
      const lead = node.shape.slice(0, -2);
      const [at, bt] = shapes.map((shape) => [
        ...broadcastStrides(shape.slice(0, -2), lead, shape.at(-1)! * shape.at(-2)!),
      ]);
      const columns = node.shape.at(-1)!;
      return collect(node.shape, (index) => {
        const batch = index.slice(0, -2);
        const from = dot(batch, at!) + index.at(-2)! * depth;
        const to = dot(batch, bt!) + index.at(-1)!;
        let sum = 0;
        for (let k = 0; k < depth; k += 1) sum += a[from + k]! * b[to + k * columns]!;
        return sum;
      });
    }
    case 'conv': {
      const out = new Float64Array(sizeOf(node.shape));
      forEachConvTerm(shapes[0]!, shapes[1]!, node.shape, node.attributes, (x, w, y) => {
        out[y]! += a[x]! * b[w]!;
      });
      return out;
    }
    case 'convInput': {
      const out = new Float64Array(sizeOf(node.shape));
      forEachConvTerm(node.shape, shapes[0]!, shapes[1]!, node.attributes, (x, w, y) => {
        out[x]! += a[w]! * b[y]!;
      });
      return out;
    }
    case 'convWeight': {
      const out = new Float64Array(sizeOf(node.shape));
      forEachConvTerm(shapes[0]!, node.shape, shapes[1]!, node.attributes, (x, w, y) => {
        out[w]! += a[x]! * b[y]!;
      });
      return out;
    }
  }
}

/** Elementwise operations on one number. */
export const elementwise: Readonly<Record<UnaryOperation, (x: number) => number>> = {
  neg: (x) => -x,
  exp: Math.exp,
  log: Math.log,
  log1p: Math.log1p,
  expm1: Math.expm1,
  sqrt: Math.sqrt,
  reciprocal: (x) => 1 / x,
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  erf,
  sin: Math.sin,
  cos: Math.cos,
  atan: Math.atan,
  asin: Math.asin,
  acos: Math.acos,
  sinh: Math.sinh,
  cosh: Math.cosh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  abs: Math.abs,
  relu: (x) => (x > 0 || Number.isNaN(x) ? x : 0),
  step: (x) => (x > 0 ? 1 : 0),
  sign: Math.sign,
  floor: Math.floor,
  round: roundHalfToEven,
};

function roundHalfToEven(x: number): number {
  const below = Math.floor(x);
  const beyond = x - below;
  if (beyond !== 0.5) return beyond < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/** Elementwise operations on two numbers. */
export const arithmetic: Readonly<Record<BinaryOperation, (x: number, y: number) => number>> = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  // Unlike Math.pow, 1 to any power is 1, as C and NumPy have it.
  pow: (x, y) => (x === 1 ? 1 : Math.pow(x, y)),
  fmod: (x, y) => x % y,
  less: (x, y) => (x < y ? 1 : 0),
  equal: (x, y) => (x === y ? 1 : 0),
};

type Index = readonly number[];

function stridesOf(shape: Index): readonly number[] {
  const strides: number[] = [];
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** Strides of an array of `shape` for indices of the shape it is broadcast to. */
function broadcastStrides(shape: Index, to: Index, unit = 1): readonly number[] {
  const own = stridesOf(shape);
  const lead = to.length - shape.length;
  return to.map((_, axis) =>
    axis < lead || shape[axis - lead] === 1 ? 0 : own[axis - lead]! * unit,
  );
}

function dot(index: Index, strides: Index): number {
  let offset = 0;
  for (let axis = 0; axis < strides.length; axis += 1) offset += index[axis]! * strides[axis]!;
  return offset;
}

function walk(index: Index, starts: Index, steps: Index): readonly number[] {
  return index.map((i, axis) => starts[axis]! + i * steps[axis]!);
}

/** Calls with every index of a shape, in C order. The index is the same array each time. */
function forEachIndex(shape: Index, visit: (index: Index) => void): void {
  if (sizeOf(shape) === 0) return;
  const index = shape.map(() => 0);
  for (;;) {
    visit(index);
    let axis = shape.length - 1;
    while (axis >= 0) {
      index[axis]! += 1;
      if (index[axis]! < shape[axis]!) break;
      index[axis] = 0;
      axis -= 1;
    }
    if (axis < 0) return;
  }
}

function collect(shape: Index, value: (index: Index) => number): Float64Array {
  const out = new Float64Array(sizeOf(shape));
  let at = 0;
  forEachIndex(shape, (index) => {
    out[at++] = value(index);
  });
  return out;
}

function reduce(
  a: Float64Array,
  shape: Index,
  node: Node,
  start: number,
  join: (accumulated: number, x: number) => number,
): Float64Array {
  const strides = broadcastStrides(node.shape, shape);
  const out = new Float64Array(sizeOf(node.shape)).fill(start);
  let from = 0;
  forEachIndex(shape, (index) => {
    const to = dot(index, strides);
    out[to] = join(out[to]!, a[from++]!);
  });
  return out;
}

/** Visits every product of the sum that defines a convolution: offsets in x, w and y. */
function forEachConvTerm(
  x: Index,
  w: Index,
  y: Index,
  { strides, dilations, padsBefore, groups }: ConvAttributes,
  visit: (x: number, w: number, y: number) => void,
): void {
  const [xs, ws, ys] = [stridesOf(x), stridesOf(w), stridesOf(y)] as [Index, Index, Index];
  const inputs = w[1]!;
  const outputs = w[0]! / groups;
  const spatialOut = y.slice(2);
  const kernel = w.slice(2);
  forEachIndex(spatialOut, (out) => {
    forEachIndex(kernel, (tap) => {
      let xOffset = 0;
      for (let axis = 0; axis < kernel.length; axis += 1) {
        const at = out[axis]! * strides[axis]! + tap[axis]! * dilations[axis]! - padsBefore[axis]!;
        if (at < 0 || at >= x[axis + 2]!) return;
        xOffset += at * xs[axis + 2]!;
      }
      const wOffset = dot(tap, ws.slice(2));
      const yOffset = dot(out, ys.slice(2));
      for (let n = 0; n < x[0]!; n += 1) {
        for (let o = 0; o < w[0]!; o += 1) {
          const firstInput = Math.floor(o / outputs) * inputs;
          for (let c = 0; c < inputs; c += 1) {
            visit(
              n * xs[0]! + (firstInput + c) * xs[1]! + xOffset,
              o * ws[0]! + c * ws[1]! + wOffset,
              n * ys[0]! + o * ys[1]! + yOffset,
            );
          }
        }
      }
    });
  });
}

/** An index into an axis; negative ones count from its end. */
function place(index: number, count: number): number {
  const at = index < 0 ? index + count : index;
  if (!(at >= 0 && at < count)) throw new RangeError(`Index ${index} is outside of ${count} rows.`);
  return at;
}

function maxPoolIndex(
  x: Float64Array,
  shape: Index,
  out: Index,
  { kernel, strides, dilations, padsBefore }: PoolAttributes,
): Float64Array {
  const spatial = shape.slice(2);
  const inner = stridesOf(spatial);
  const outer = stridesOf(shape);
  return collect(out, (index) => {
    const start = index[0]! * outer[0]! + index[1]! * outer[1]!;
    let best = -1;
    forEachIndex(kernel, (tap) => {
      let at = 0;
      for (let axis = 0; axis < kernel.length; axis += 1) {
        const i =
          index[axis + 2]! * strides[axis]! + tap[axis]! * dilations[axis]! - padsBefore[axis]!;
        if (i < 0 || i >= spatial[axis]!) return;
        at += i * inner[axis]!;
      }
      if (best < 0 || x[start + at]! > x[start + best]!) best = at;
    });
    return best;
  });
}
