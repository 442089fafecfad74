import { COLOR_COUNT } from './colorMap';

/** Blue below nothing, orange above it, in OKLab (Ottosson 2020), where equal steps look equal. */
const BELOW = [0.42, -0.03, -0.16] as const;
const NOTHING = [0.97, 0, 0] as const;
const ABOVE = [0.5, 0.13, 0.1] as const;

/** RGBA bytes of `COLOR_COUNT` equally spaced positions; no difference is in the middle. */
export function divergingTable(): Uint8Array {
  const table = new Uint8Array(COLOR_COUNT * 4);
  for (let k = 0; k < COLOR_COUNT; k++) {
    const at = (2 * k) / (COLOR_COUNT - 1) - 1;
    const end = at < 0 ? BELOW : ABOVE;
    const lab = NOTHING.map((from, axis) => from + Math.abs(at) * (end[axis]! - from));
    table.set([...sRgbOf(lab as [number, number, number]), 255], 4 * k);
  }
  return table;
}

function sRgbOf([L, a, b]: readonly [number, number, number]): [number, number, number] {
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    byte(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    byte(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    byte(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

function byte(linear: number): number {
  const clamped = Math.min(1, Math.max(0, linear));
  const encoded = clamped <= 0.0031308 ? 12.92 * clamped : 1.055 * clamped ** (1 / 2.4) - 0.055;
  return Math.round(255 * encoded);
}
