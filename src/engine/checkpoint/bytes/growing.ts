import type { CheckpointFile } from './checkpointFile';
import { Fault } from '../fault';
import { say } from '../../../shared/words/message';

/** Thrown where the bytes that are known end, and the file goes on. */
class NeedsMore extends Error {}

/** Numbers and texts at the beginning of a file, little-endian, one after the other. */
export class Growing {
  position = 0;
  private readonly view: DataView;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly size: number,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  skip(length: number): number {
    const at = this.position;
    if (!(length >= 0 && at + length <= this.size)) {
      throw new Fault('damaged', say`it ends before the data its header announces`);
    }
    if (at + length > this.bytes.length) throw new NeedsMore();
    this.position = at + length;
    return at;
  }

  uint32(): number {
    return this.view.getUint32(this.skip(4), true);
  }

  /** Larger than 2⁵³ it is not exact, and nothing it could count is. */
  uint64(): number {
    return Number(this.view.getBigUint64(this.skip(8), true));
  }

  text(length: number): string {
    const at = this.skip(length);
    return Buffer.from(this.bytes.subarray(at, at + length)).toString('utf8');
  }

  number(
    kind:
      | 'uint8'
      | 'int8'
      | 'uint16'
      | 'int16'
      | 'uint32'
      | 'int32'
      | 'float32'
      | 'uint64'
      | 'int64'
      | 'float64',
  ): number {
    const { view } = this;
    switch (kind) {
      case 'uint8':
        return view.getUint8(this.skip(1));
      case 'int8':
        return view.getInt8(this.skip(1));
      case 'uint16':
        return view.getUint16(this.skip(2), true);
      case 'int16':
        return view.getInt16(this.skip(2), true);
      case 'uint32':
        return this.uint32();
      case 'int32':
        return view.getInt32(this.skip(4), true);
      case 'float32':
        return view.getFloat32(this.skip(4), true);
      case 'uint64':
        return this.uint64();
      case 'int64':
        return Number(view.getBigInt64(this.skip(8), true));
      case 'float64':
        return view.getFloat64(this.skip(8), true);
    }
  }
}

/**
 * Parses the header of a file whose length nobody knows beforehand: more of the file is read as long as
 * it needs more.
 *
 * @throws Fault when it needs more than `most`, or more than there is.
 */
export async function readHeader<T>(
  file: CheckpointFile,
  most: number,
  parse: (bytes: Growing) => T,
): Promise<T> {
  for (let length = 2 ** 16; ; length *= 4) {
    const bytes = await file.read(0, Math.min(file.size, length));
    try {
      return parse(new Growing(bytes, file.size));
    } catch (error) {
      if (!(error instanceof NeedsMore)) throw error;
      if (length >= most)
        throw new Fault('unsupported', say`its header is larger than Basin reads`);
    }
  }
}
