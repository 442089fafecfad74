import { Fault } from '../../checkpoint/fault';
import { say } from '../../../shared/words/message';

/**
 * A block of LZ4, without a frame around it: VTK's `vtkLZ4DataCompressor`.
 *
 * Source: lz4/lz4, doc/lz4_Block_format.md.
 *
 * @param size bytes it unpacks to.
 * @throws Fault when it unpacks to another size, or refers to what is not there.
 */
export function unpackLz4(packed: Uint8Array, size: number): Uint8Array {
  // A byte stands for 255 at most.
  if (!(size <= 255 * packed.length)) throw broken();
  const out = new Uint8Array(size);
  let from = 0;
  let to = 0;
  const lengthFrom = (nibble: number): number => {
    let length = nibble;
    for (let more = nibble === 15 ? 255 : 0; more === 255; length += more) {
      if (from >= packed.length) throw broken();
      more = packed[from++]!;
    }
    return length;
  };
  while (from < packed.length) {
    const token = packed[from++]!;
    const literals = lengthFrom(token >> 4);
    if (from + literals > packed.length || to + literals > size) throw broken();
    out.set(packed.subarray(from, from + literals), to);
    from += literals;
    to += literals;
    // The last sequence has literals alone.
    if (from === packed.length) break;
    if (from + 2 > packed.length) throw broken();
    const distance = packed[from]! | (packed[from + 1]! << 8);
    from += 2;
    const end = to + lengthFrom(token & 15) + 4;
    if (distance === 0 || distance > to || end > size) throw broken();
    // Byte by byte: a match may overlap what it makes.
    for (; to < end; to++) out[to] = out[to - distance]!;
  }
  if (to !== size) throw broken();
  return out;
}

function broken(): Fault {
  return new Fault('damaged', say`its packed data is not whole`);
}
