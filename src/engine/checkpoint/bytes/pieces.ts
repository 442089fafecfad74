import type { Tensor } from '../../tensor';
import { bytesPerElement, decode, type ElementType, type Layout } from './elements';

/** Bytes of a piece: read in some milliseconds, so that whoever waits for its turn gets one. */
const PIECE = 2 ** 22;

/** Bytes of whole elements in a piece. */
export function pieceOf(type: ElementType): number {
  const width = bytesPerElement(type);
  return Math.floor(PIECE / width) * width;
}

/** Bytes `start` to `end` of a file, block by block. */
export async function* blocks(
  read: (start: number, end: number) => Promise<Uint8Array>,
  start: number,
  end: number,
  length: number,
): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; at += length) yield await read(at, Math.min(end, at + length));
}

/** The elements of blocks that hold whole ones, in the order they are in. */
export async function* elementsOf(
  source: AsyncIterable<Uint8Array>,
  type: ElementType,
  littleEndian: boolean,
): AsyncGenerator<Tensor> {
  const width = bytesPerElement(type);
  for await (const bytes of source) {
    yield decode(bytes, type, { shape: [bytes.length / width], strides: [1] }, littleEndian);
  }
}

/**
 * Whether an array's elements are those between its first and its last one, each of them once: then
 * whatever does not depend on their order can be computed from the bytes as they come.
 */
export function fillsItsExtent({ shape, strides }: Layout): boolean {
  if (shape.includes(0)) return true;
  const axes = shape.map((length, axis) => ({ length, stride: strides[axis]! }));
  let dense = 1;
  for (const { length, stride } of axes
    .filter((axis) => axis.length > 1)
    .sort((a, b) => a.stride - b.stride)) {
    if (stride !== dense) return false;
    dense *= length;
  }
  return true;
}
