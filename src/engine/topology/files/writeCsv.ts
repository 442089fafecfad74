import type { WritableLandscape } from './writeVtk';

/**
 * A landscape as comma-separated values: a header, then one row for each point in C order with its
 * coordinates and the loss, in as many digits as give the same numbers back. NaN and infinities are
 * written `nan`, `inf` and `-inf`, which NumPy and pandas read.
 */
export function writeCsv({ values, axes }: WritableLandscape): string {
  const names = axes.map(({ name }, axis) => nameOfColumn(name, axis));
  const lines = [[...names, 'loss'].join(',')];
  const position = axes.map(() => 0);
  for (const value of values) {
    const coordinates = axes.map(({ min, max, steps }, axis) =>
      String(steps > 1 ? min + ((max - min) * position[axis]!) / (steps - 1) : min),
    );
    lines.push([...coordinates, numberText(value)].join(','));
    for (let axis = axes.length - 1; axis >= 0; axis--) {
      position[axis]!++;
      if (position[axis]! < axes[axis]!.steps) break;
      position[axis] = 0;
    }
  }
  return `${lines.join('\n')}\n`;
}

/** A name that is read as one: not as a comment, a number, or a column of losses. */
function nameOfColumn(name: string, axis: number): string {
  const plain = name.replace(/[\n\r]/g, ' ').trim();
  const isName = plain !== '' && Number.isNaN(Number(plain)) && !/^#|^loss$/i.test(plain);
  const column = isName ? plain : `axis ${axis}`;
  return /[",;\t]/.test(column) ? `"${column.replaceAll('"', '""')}"` : column;
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? 'inf' : '-inf';
}
