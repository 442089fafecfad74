import { Fault } from '../../checkpoint/fault';
import { toScalar } from '../../../shared/result/scalar';
import type { Axis } from '../../../shared/result/landscape';
import { say } from '../../../shared/words/message';
import type { ImportedLandscape } from './importedLandscape';
import type { WritableLandscape } from './writeVtk';

/**
 * A landscape as JSON, in the words of a result document: `shape`, `axes`, and `values` in C order,
 * NaN and infinities as strings.
 */
export function writeJson({ values, axes }: WritableLandscape): string {
  const shape = axes.map(({ steps }) => steps);
  return `${JSON.stringify({ shape, axes, values: Array.from(values, toScalar) })}\n`;
}

/**
 * Reads what `writeJson` writes, and the landscape of a result document.
 *
 * @throws Fault
 */
export function parseJsonLandscape(text: string): ImportedLandscape {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new Fault('damaged', say`it is not JSON`);
  }
  const landscape =
    isRecord(document) && isRecord(document.landscape) ? document.landscape : document;
  if (!isRecord(landscape) || !Array.isArray(landscape.shape) || !Array.isArray(landscape.values)) {
    throw new Fault(
      'unsupported',
      say`it holds no landscape`,
      say`name a result document with a landscape, or give "shape", "axes" and "values"`,
    );
  }
  const { shape, values, axes } = landscape;
  const numbers = Float64Array.from(values, (value: unknown) => {
    if (typeof value === 'number') return value;
    if (value === 'Infinity' || value === '-Infinity') return Number(value);
    if (value === 'NaN' || value === null) return NaN;
    throw new Fault('invalid', say`one of its values is no number`, say`write NaN as "NaN"`);
  });
  if (!shape.every((extent): extent is number => Number.isInteger(extent) && extent >= 1)) {
    throw new Fault('invalid', say`its shape is none`, say`give the points along each axis`);
  }
  const points = shape.reduce((product, extent) => product * extent, 1);
  if (points !== numbers.length) {
    throw new Fault(
      'invalid',
      say`its shape has ${points} points but there are ${numbers.length} values`,
      say`give one value for each point`,
    );
  }
  return { values: numbers, shape, axes: axesOf(axes, shape) };
}

function axesOf(axes: unknown, shape: readonly number[]): readonly Axis[] | null {
  if (!Array.isArray(axes) || axes.length !== shape.length) return null;
  const known = axes.map((axis: unknown, k): Axis | null => {
    if (!isRecord(axis)) return null;
    const { name, min, max, steps } = axis;
    return typeof name === 'string' &&
      typeof min === 'number' &&
      typeof max === 'number' &&
      typeof steps === 'number' &&
      steps === shape[k]
      ? { name, min, max, steps }
      : null;
  });
  return known.every((axis) => axis !== null) ? known : null;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
