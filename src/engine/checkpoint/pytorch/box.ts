import { stridesC } from '../bytes/elements';

/** Elements of a box as they lie in memory. */
export interface Strided {
  /** From the first element to the last one. */
  readonly bytes: Uint8Array;
  /** In elements. */
  readonly strides: readonly number[];
}

/**
 * Copies a box into an array in C order.
 *
 * @param sizes of the box. @param target bytes of the array, of `shape`.
 * @param offsets of the box's first element in the array. @param width bytes of an element.
 * @param met where it is given: 1 for each element that has been copied.
 */
export function placeBox(
  { bytes, strides }: Strided,
  sizes: readonly number[],
  target: Uint8Array,
  shape: readonly number[],
  offsets: readonly number[],
  width: number,
  met: Uint8Array | null,
): void {
  if (sizes.includes(0)) return;
  const outer = stridesC(shape);
  // The axes from here on lie in both without a gap, and are copied at once.
  let run = 1;
  let axes = sizes.length;
  const isOn = (axis: number) => strides[axis] === run && outer[axis] === run;
  while (axes > 0 && (sizes[axes - 1] === 1 || isOn(axes - 1))) run *= sizes[--axes]!;
  const index = new Uint32Array(axes);
  let from = 0;
  let to = offsets.reduce((sum, offset, axis) => sum + offset * outer[axis]!, 0);
  for (;;) {
    target.set(bytes.subarray(from * width, (from + run) * width), to * width);
    met?.fill(1, to, to + run);
    let axis = axes - 1;
    for (; axis >= 0; axis--) {
      from += strides[axis]!;
      to += outer[axis]!;
      if (++index[axis]! < sizes[axis]!) break;
      from -= strides[axis]! * sizes[axis]!;
      to -= outer[axis]! * sizes[axis]!;
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}
