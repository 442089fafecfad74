/**
 * The bytes between the extension host and the engine: every message is a frame, four bytes that
 * say so, the length of its content in four bytes (big endian), and the content. Who writes anything
 * else is found out by the next bytes, and not by waiting for what never comes.
 */

const MARK = [0x42, 0x73, 0x6e, 0x01] as const;
const HEAD_BYTES = 8;

/** No message is as long: a longer one is not believed. */
export const MAX_FRAME = 2 ** 29;

/** The channel carries something that is no frame, or a frame whose content cannot be read. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/**
 * What goes before a content.
 *
 * @param length of the content in bytes.
 * @throws FrameError where it is too long to be sent.
 */
export function frameHead(length: number): Uint8Array {
  if (length > MAX_FRAME) throw new FrameError(`A message of ${length} bytes is too long.`);
  const head = new Uint8Array(HEAD_BYTES);
  head.set(MARK);
  new DataView(head.buffer).setUint32(MARK.length, length);
  return head;
}

/** Takes frames out of a stream of bytes that comes in pieces of any size. */
export class FrameSplitter {
  private readonly head = new Uint8Array(HEAD_BYTES);
  private headBytes = 0;
  private pieces: Uint8Array[] = [];
  private missing = 0;

  /**
   * @param bytes are kept until their frame is whole: nobody may write into them.
   * @returns the contents that are whole now.
   * @throws FrameError at the first byte that belongs to no frame; nothing can be read any more.
   */
  push(bytes: Uint8Array): Uint8Array[] {
    const contents: Uint8Array[] = [];
    let at = 0;
    while (at < bytes.length) {
      if (this.headBytes < HEAD_BYTES) {
        const byte = bytes[at++]!;
        if (this.headBytes < MARK.length && byte !== MARK[this.headBytes]) {
          throw new FrameError('What came is no frame.');
        }
        this.head[this.headBytes++] = byte;
        if (this.headBytes < HEAD_BYTES) continue;
        this.missing = new DataView(this.head.buffer).getUint32(MARK.length);
        if (this.missing > MAX_FRAME) {
          throw new FrameError(`A message of ${this.missing} bytes is not believed.`);
        }
      } else {
        const piece = bytes.subarray(at, at + this.missing);
        this.pieces.push(piece);
        this.missing -= piece.length;
        at += piece.length;
      }
      if (this.missing === 0) contents.push(this.take());
    }
    return contents;
  }

  private take(): Uint8Array {
    const { pieces } = this;
    this.pieces = [];
    this.headBytes = 0;
    const [only] = pieces;
    if (pieces.length === 1 && only !== undefined) return only;
    const content = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      content.set(piece, at);
      at += piece.length;
    }
    return content;
  }
}
