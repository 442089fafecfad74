import { COLOR_COUNT } from '../plots/colorMap';
import type { Rgba } from '../plots/theme';
import { fieldAt, type LossField } from './lossField';
import type { HeightScale } from './heightScale';

/** Width of the stripes that stand for "no finite loss here", in pixels of the image. */
const HATCH = 6;

/**
 * The landscape as RGBA bytes, `size` pixels a side, first axis to the right and second axis up.
 * Where there is no finite loss the image is hatched; where the plateau was cut it is stippled.
 */
export function fieldImage(
  field: LossField,
  scale: HeightScale,
  colors: Uint8Array,
  hatch: Rgba,
  size: number,
): Uint8ClampedArray<ArrayBuffer> {
  const units = new Float64Array(field.values.length);
  for (let v = 0; v < units.length; v++) {
    const value = field.values[v]!;
    units[v] = Number.isFinite(value) ? scale.toUnit(value) : NaN;
  }
  const pixels = new Uint8ClampedArray(size * size * 4);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const at = 4 * (y * size + x);
      const unit = fieldAt(field, units, x / (size - 1), 1 - y / (size - 1));
      if (Number.isNaN(unit)) {
        if ((x + y) % HATCH < HATCH / 3) {
          for (let channel = 0; channel < 4; channel++) pixels[at + channel] = hatch[channel]!;
        }
        continue;
      }
      const color = 4 * Math.round(unit * (COLOR_COUNT - 1));
      const plateau = scale.clipped > 0 && unit > 0.9995 && x % 5 === 0 && y % 5 === 0;
      for (let channel = 0; channel < 3; channel++) {
        pixels[at + channel] = colors[color + channel]! * (plateau ? 0.55 : 1);
      }
      pixels[at + 3] = 255;
    }
  }
  return pixels;
}
