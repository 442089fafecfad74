import { sizeOf } from '../../tensor';

export type Index = readonly number[];

export function stridesOf(shape: Index): readonly number[] {
  const strides: number[] = [];
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** Strides of an array of `shape` for indices of the shape it is broadcast to. */
export function broadcastStrides(shape: Index, to: Index, unit = 1): readonly number[] {
  const own = stridesOf(shape);
  const lead = to.length - shape.length;
  return to.map((_, axis) =>
    axis < lead || shape[axis - lead] === 1 ? 0 : own[axis - lead]! * unit,
  );
}

export function dot(index: Index, strides: Index): number {
  let offset = 0;
  for (let axis = 0; axis < strides.length; axis += 1) offset += index[axis]! * strides[axis]!;
  return offset;
}

/** Calls with every index of a shape, in C order. The index is the same array each time. */
export function forEachIndex(shape: Index, visit: (index: Index) => void): void {
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

export function collect(shape: Index, value: (index: Index) => number): Float64Array {
  const out = new Float64Array(sizeOf(shape));
  let at = 0;
  forEachIndex(shape, (index) => {
    out[at++] = value(index);
  });
  return out;
}
