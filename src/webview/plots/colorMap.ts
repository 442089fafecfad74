/**
 * Viridis (van der Walt and Smith 2015): perceptually uniform, readable with every kind of colour
 * vision and in grey. As the polynomial of degree six that Matt Zucker fitted and gave to the
 * public domain, which stays within 0.02 of the original.
 */
const COEFFICIENTS: readonly (readonly [number, number, number])[] = [
  [0.2777273272234177, 0.005407344544966578, 0.3340998053353061],
  [0.1050930431085774, 1.404613529898575, 1.384590162594685],
  [-0.3308618287255563, 0.214847559468213, 0.09509516302823659],
  [-4.634230498983486, -5.799100973351585, -19.33244095627987],
  [6.228269936347081, 14.17993336680509, 56.69055260068105],
  [4.776384997670288, -13.74514537774601, -65.35303263337234],
  [-5.435455855934631, 4.645852612178535, 26.3124352495832],
];

/** sRGB, each in [0, 1], of a position in [0, 1]. */
export function viridis(position: number): readonly [number, number, number] {
  const t = Math.min(1, Math.max(0, position));
  const color: [number, number, number] = [0, 0, 0];
  for (let channel = 0; channel < 3; channel++) {
    let value = 0;
    for (let k = COEFFICIENTS.length - 1; k >= 0; k--) {
      value = value * t + COEFFICIENTS[k]![channel]!;
    }
    color[channel] = Math.min(1, Math.max(0, value));
  }
  return color;
}

export const COLOR_COUNT = 256;

/** RGBA bytes of `COLOR_COUNT` equally spaced positions. */
export function colorTable(): Uint8Array<ArrayBuffer> {
  const table = new Uint8Array(COLOR_COUNT * 4);
  for (let k = 0; k < COLOR_COUNT; k++) {
    const [red, green, blue] = viridis(k / (COLOR_COUNT - 1));
    table[4 * k] = Math.round(red * 255);
    table[4 * k + 1] = Math.round(green * 255);
    table[4 * k + 2] = Math.round(blue * 255);
    table[4 * k + 3] = 255;
  }
  return table;
}
