import { describe, expect, it } from 'vitest';
import { pathPicture } from '../../../src/extension/documents/pathPicture';

describe('the picture of the loss on a way', () => {
  const format = String;
  const points = (svg: string): number[][] =>
    (/<path d="(M[^"]*)"[^>]*stroke-width/.exec(svg)?.[1] ?? '')
      .split(/(?=[ML])/)
      .map((point) => point.slice(1).split(' ').map(Number));

  it('is higher where the loss is, and wide as the positions are', () => {
    const svg = pathPicture({
      positions: [-0.5, 0, 1, 1.5],
      losses: [4, 2, 0, 4],
      names: ['a.pt', 'b.pt'],
      format,
    });
    const [first, second, third, fourth] = points(svg ?? '');
    // Upwards is less in a picture.
    expect(first![1]).toBe(fourth![1]);
    expect(second![1]! - first![1]!).toBeCloseTo(third![1]! - second![1]!);
    expect(second![1]).toBeGreaterThan(first![1]!);
    expect(third![0]! - second![0]!).toBeCloseTo(2 * (second![0]! - first![0]!), 0);
  });

  it('takes names for text', () => {
    const svg = pathPicture({
      positions: [0, 1],
      losses: [1, 1],
      names: ['<script>"&.pt', 'b\u0000.pt'],
      format,
    });
    expect(svg).toContain('&#60;script&#62;&#34;&#38;.pt');
    expect(svg).toContain('b\ufffd.pt');
  });

  it('is none where there is no line to draw', () => {
    expect(
      pathPicture({ positions: [0, 1], losses: [NaN, 1], names: ['a', 'b'], format }),
    ).toBeNull();
  });
});
