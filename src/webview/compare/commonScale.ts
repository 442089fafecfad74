import { largest, smallest } from '../../shared/extremes';
import { heightScale, type HeightScale } from '../landscape/heightScale';
import type { ScaleKind } from '../state/viewState';
import type { LossField } from '../landscape/lossField';

/** One scale for several fields, so that equal colours are equal losses. */
export function commonScale(fields: readonly LossField[], wanted: ScaleKind): HeightScale {
  return heightScale(together(fields), wanted);
}

/** All values as one column. */
function together(fields: readonly LossField[]): LossField {
  const [first] = fields;
  const values = Float64Array.from(fields.flatMap((field) => [...field.values]));
  const kinds = Uint8Array.from(fields.flatMap((field) => [...field.kinds]));
  const sum = (of: (field: LossField) => number) =>
    fields.reduce((total, field) => total + of(field), 0);
  return {
    rows: values.length,
    columns: 1,
    axes: first!.axes,
    values,
    kinds,
    counts: {
      points: sum(({ counts }) => counts.points),
      pending: sum(({ counts }) => counts.pending),
      nan: sum(({ counts }) => counts.nan),
      infinite: sum(({ counts }) => counts.infinite),
    },
    minimum: smallest(fields.map(({ minimum }) => minimum)),
    maximum: largest(fields.map(({ maximum }) => maximum)),
  };
}

/** Second less first, and a scale from −r to r. Both must have the same grid. */
export function differenceField(
  first: LossField,
  second: LossField,
): { readonly field: LossField; readonly scale: HeightScale; readonly largest: number } {
  const values = second.values.map((value, v) => value - first.values[v]!);
  const kinds = Uint8Array.from(values, (value) => (Number.isFinite(value) ? 0 : 1));
  const sizes = values.filter((_, v) => kinds[v] === 0).map(Math.abs);
  sizes.sort();
  const largest = sizes.at(-1) ?? 0;
  // A corner that runs away must not make the rest look equal: what is beyond has the end's colour.
  const reach =
    Math.min(largest, 3 * (sizes[Math.floor(0.9 * (sizes.length - 1))] ?? 0)) || largest || 1;
  const field = { ...first, values, kinds, minimum: -reach, maximum: reach };
  const scale = heightScale(
    {
      ...field,
      rows: 2,
      columns: 1,
      values: Float64Array.of(-reach, reach),
      kinds: new Uint8Array(2),
    },
    'linear',
  );
  return { field, scale, largest };
}
