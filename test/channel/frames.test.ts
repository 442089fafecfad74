import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameError, frameHead, FrameSplitter, MAX_FRAME } from '../../src/channel/frames';

function frame(content: Uint8Array): Uint8Array {
  return Uint8Array.from([...frameHead(content.length), ...content]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

describe('frames', () => {
  it('have a head that says who wrote them and how long they are', () => {
    expect([...frameHead(0x010203)]).toEqual([0x42, 0x73, 0x6e, 1, 0, 1, 2, 3]);
    expect(() => frameHead(MAX_FRAME + 1)).toThrow(FrameError);
  });

  it('come out as they went in, however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 17 }), { minLength: 1, maxLength: 20 }),
        (contents, cuts) => {
          const bytes = joined(contents.map(frame));
          const splitter = new FrameSplitter();
          const found: Uint8Array[] = [];
          for (let at = 0, k = 0; at < bytes.length; k++) {
            const end = at + cuts[k % cuts.length]!;
            found.push(...splitter.push(bytes.subarray(at, end)));
            at = end;
          }
          expect(found.map((content) => [...content])).toEqual(contents.map((each) => [...each]));
        },
      ),
    );
  });

  it('end at the first byte that belongs to none', () => {
    const content = Uint8Array.of(1, 2, 3);
    for (const garbage of ['Warning', 'B', 'Bsn\u0002', '\u0000\u0000\u0000\u0008']) {
      const splitter = new FrameSplitter();
      expect(splitter.push(frame(content)).map((each) => [...each])).toEqual([[1, 2, 3]]);
      const bytes = joined([new TextEncoder().encode(garbage), frame(content)]);
      expect(() => splitter.push(bytes)).toThrow(FrameError);
    }
  });

  it('are not believed where they say to be longer than any', () => {
    const head = Uint8Array.of(0x42, 0x73, 0x6e, 1, 0x80, 0, 0, 0);
    expect(() => new FrameSplitter().push(head)).toThrow(/2147483648 bytes is not believed/);
  });
});
