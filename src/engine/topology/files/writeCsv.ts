import type { WritableLandscape } from './writeVtk';

/**
 * A landscape as comma-separated values: a header, then one row for each point in C order with its
 * coordinates and the loss, in as many digits as give the same numbers back. NaN and infinities are
 * written `nan`, `inf` and `-inf`, which NumPy and pandas read.
 */
export function writeCsv({ values, axes }: WritableLandscape): string {
  const names = axes.map(({ name }) =>
    /[",\n\r]/.test(name) ? `"${name.replace(/["\n\r]/g, "'")}"` : name,
  );
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

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? 'inf' : '-inf';
}
