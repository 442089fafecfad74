import { element } from '../element';
import { COLOR_COUNT } from '../plots/colorMap';
import type { CustomApi } from '../plots/customApi';
import { fieldImage } from './fieldImage';
import type { Rgba } from '../plots/theme';
import type { HeightScale } from './heightScale';
import type { LossField } from './lossField';
import type { Place } from '../pairs/pairMark';

const IMAGE_SIZE = 640;
/** Of the dots at evaluated points: seen on the dark half of the colours and on the light one. */
const EVALUATED_COLOR = 'rgba(255, 255, 255, 0.6)';

/** A place of the plane, of shares of both axes. */
export function placeOf(
  { axes }: Pick<LossField, 'axes'>,
  [u, v]: readonly [number, number],
): Place {
  const [first, second] = axes;
  return [first.min + u * (first.max - first.min), second.min + v * (second.max - second.min)];
}

/** The same, of steps along both axes, fractions among them. */
export function gridPlace(field: LossField, [i, j]: readonly [number, number]): Place {
  return placeOf(field, [i / (field.rows - 1), j / (field.columns - 1)]);
}

/** A field in its colours, first axis to the right and second axis up. */
export function mapImage(
  field: LossField,
  scale: HeightScale,
  colors: Uint8Array,
  hatch: Rgba,
  evaluated: readonly (readonly [number, number])[] | null = null,
): HTMLCanvasElement {
  const canvas = element('canvas', { width: IMAGE_SIZE, height: IMAGE_SIZE });
  const pixels = fieldImage(field, scale, colors, hatch, IMAGE_SIZE);
  const context = canvas.getContext('2d');
  context?.putImageData(new ImageData(pixels, IMAGE_SIZE, IMAGE_SIZE), 0, 0);
  if (context !== null && evaluated !== null) {
    context.fillStyle = EVALUATED_COLOR;
    for (const [x, y] of evaluated) {
      context.fillRect(x * (IMAGE_SIZE - 1) - 0.75, (1 - y) * (IMAGE_SIZE - 1) - 0.75, 1.5, 1.5);
    }
  }
  return canvas;
}

/** A colour bar: one pixel wide, stretched to its place. */
export function barImage(colors: Uint8Array): HTMLCanvasElement {
  const canvas = element('canvas', { width: 1, height: COLOR_COUNT });
  const pixels = new Uint8ClampedArray(COLOR_COUNT * 4);
  for (let k = 0; k < COLOR_COUNT; k++) {
    const from = 4 * (COLOR_COUNT - 1 - k);
    pixels.set(colors.subarray(from, from + 4), 4 * k);
  }
  canvas.getContext('2d')?.putImageData(new ImageData(pixels, 1, COLOR_COUNT), 0, 0);
  return canvas;
}

/** A series that is one image between two corners of a grid. */
export function picture(
  grid: number,
  image: () => HTMLCanvasElement,
  [left, bottom, right, top]: readonly [number, number, number, number],
): Record<string, unknown> {
  return {
    type: 'custom',
    xAxisIndex: grid,
    yAxisIndex: grid,
    silent: true,
    data: [0],
    renderItem: (_: unknown, api: CustomApi) => {
      const [x, y] = api.coord([left, top]);
      const [x2, y2] = api.coord([right, bottom]);
      return {
        type: 'image',
        style: { image: image(), x, y, width: x2 - x, height: y2 - y },
      };
    },
  };
}
