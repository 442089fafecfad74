/**
 * Shapes of custom series that are many in one: hundreds of elements cost a plot more than what they
 * draw, at each step of a slider.
 */
export interface Pen {
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  arc(x: number, y: number, r: number, from: number, to: number): void;
}

export interface Segments {
  /** x₁, y₁, x₂, y₂ of each, one after the other. */
  readonly ends: readonly number[];
}

export interface Discs {
  /** x, y of each, one after the other. */
  readonly centres: readonly number[];
  readonly r: number;
}

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
