import type { ModelWriter } from './modelWriter';

/** Zeros around an array; negative amounts cut. */
export function pad(
  model: ModelWriter,
  x: string,
  before: readonly number[],
  after: readonly number[],
): string {
  if ([...before, ...after].every((amount) => amount === 0)) return x;
  return model.add('Pad', [x, model.ints([...before, ...after])], { mode: 'constant' });
}

export function slice(
  model: ModelWriter,
  x: string,
  shape: readonly number[],
  starts: readonly number[],
  steps: readonly number[],
  counts: readonly number[],
  out?: string,
): string {
  const axes = shape
    .map((_, axis) => axis)
    .filter((axis) => !(starts[axis] === 0 && steps[axis] === 1 && counts[axis] === shape[axis]));
  const ends = axes.map((axis) => {
    const end = starts[axis]! + counts[axis]! * steps[axis]!;
    // Before the first element, counted from the end: a plain −1 would mean the last one.
    return end < 0 ? -shape[axis]! - 1 : end;
  });
  return model.add(
    'Slice',
    [
      x,
      model.ints(axes.map((axis) => starts[axis]!)),
      model.ints(ends),
      model.ints(axes),
      model.ints(axes.map((axis) => steps[axis]!)),
    ],
    {},
    out,
  );
}

export function place(
  model: ModelWriter,
  x: string,
  shape: readonly number[],
  to: {
    readonly shape: readonly number[];
    readonly starts: readonly number[];
    readonly steps: readonly number[];
  },
  out?: string,
): string {
  let value = x;
  let starts = to.starts;
  const steps = to.steps.map(Math.abs);
  if (to.steps.some((step) => step < 0)) {
    const back = to.steps.map((step) => step < 0);
    value = slice(
      model,
      value,
      shape,
      shape.map((extent, axis) => (back[axis] ? extent - 1 : 0)),
      shape.map((_, axis) => (back[axis] ? -1 : 1)),
      shape,
    );
    starts = starts.map((start, axis) =>
      back[axis] ? start + (shape[axis]! - 1) * to.steps[axis]! : start,
    );
  }
  let extents = [...shape];
  if (steps.some((step) => step > 1)) {
    // Between the elements: pad each one to a block of `step`, then read the blocks as one row.
    const apart = extents.flatMap((extent) => [extent, 1]);
    value = model.add('Reshape', [value, model.ints(apart)]);
    const pads = [...apart.map(() => 0), ...steps.flatMap((step) => [0, step - 1])];
    value = model.add('Pad', [value, model.ints(pads)], { mode: 'constant' });
    extents = extents.map((extent, axis) => extent * steps[axis]!);
    value = model.add('Reshape', [value, model.ints(extents)]);
  }
  // The last block may reach past the end: a negative pad cuts.
  const after = extents.map((extent, axis) => to.shape[axis]! - extent - starts[axis]!);
  return model.add('Pad', [value, model.ints([...starts, ...after])], { mode: 'constant' }, out);
}

/** Some axes backwards: the spatial ones if absent. */
export function flip(
  model: ModelWriter,
  w: string,
  shape: readonly number[],
  axes: readonly number[] = shape.map((_, axis) => axis).slice(2),
): string {
  return slice(
    model,
    w,
    shape,
    shape.map((extent, axis) => (axes.includes(axis) ? extent - 1 : 0)),
    shape.map((_, axis) => (axes.includes(axis) ? -1 : 1)),
    shape,
  );
}

export function zeros(model: ModelWriter, shape: readonly number[]): string {
  return model.add('Expand', [model.scalar(0), model.ints(shape)]);
}
