import { graphic } from 'echarts/core';

/**
 * Shapes of custom series that are many in one: hundreds of elements cost a plot more than what they
 * draw, at each step of a slider.
 */
interface Pen {
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  arc(x: number, y: number, r: number, from: number, to: number): void;
}

interface Segments {
  /** x₁, y₁, x₂, y₂ of each, one after the other. */
  readonly ends: readonly number[];
}

interface Discs {
  /** x, y of each, one after the other. */
  readonly centres: readonly number[];
  readonly r: number;
}

graphic.registerShape(
  'segments',
  graphic.extendShape({
    shape: { ends: [] },
    buildPath(pen: Pen, { ends }: Segments) {
      for (let k = 0; k + 3 < ends.length; k += 4) {
        pen.moveTo(ends[k]!, ends[k + 1]!);
        pen.lineTo(ends[k + 2]!, ends[k + 3]!);
      }
    },
  }),
);

graphic.registerShape(
  'discs',
  graphic.extendShape({
    shape: { centres: [], r: 1 },
    buildPath(pen: Pen, { centres, r }: Discs) {
      for (let k = 0; k + 1 < centres.length; k += 2) {
        pen.moveTo(centres[k]! + r, centres[k + 1]!);
        pen.arc(centres[k]!, centres[k + 1]!, r, 0, 2 * Math.PI);
      }
    },
  }),
);

/** Lines of one style. */
export function segments(ends: readonly number[], style: object): unknown {
  return { type: 'segments', shape: { ends } satisfies Segments, style: { fill: null, ...style } };
}

/** Discs of one size and style; where they overlap they are one. */
export function discs(centres: readonly number[], r: number, style: object): unknown {
  return {
    type: 'discs',
    shape: { centres, r } satisfies Discs,
    style: { strokeFirst: true, ...style },
  };
}
