import type { ResultDocument } from './result';

/** How far the values of a document reach, so that those of a whole training can have one scale. */
export interface EntryExtents {
  /** Of the finite losses: the smallest, the ninetieth percentile, the largest. */
  readonly loss: { readonly low: number; readonly most: number; readonly high: number } | null;
  /** Of the Ritz values and eigenvalues, and the largest density. */
  readonly spectrum: { readonly low: number; readonly high: number; readonly peak: number } | null;
}

/** They take a sort of all losses: once for each document, as a rule where it is read. */
const known = new WeakMap<ResultDocument, EntryExtents>();

export function entryExtents(document: ResultDocument): EntryExtents {
  let extents = known.get(document);
  if (extents === undefined) known.set(document, (extents = extentsOf(document)));
  return extents;
}

function extentsOf({ landscape, hessian }: ResultDocument): EntryExtents {
  const losses = Float64Array.from(
    (landscape?.values ?? []).flatMap((value) =>
      typeof value === 'number' && Number.isFinite(value) ? [value] : [],
    ),
  ).sort();
  const low = losses[0];
  const ends =
    hessian === undefined
      ? []
      : [
          ...hessian.density.nodes.map(({ value }) => value),
          ...hessian.eigenvalues.map(({ value }) => value),
          hessian.smallest.value,
        ].filter(Number.isFinite);
  const peak = (hessian?.density.values ?? []).reduce((most, value) => Math.max(most, value), 0);
  const extreme = (pick: (a: number, b: number) => number) => ends.reduce((a, b) => pick(a, b));
  return {
    loss:
      low === undefined
        ? null
        : { low, most: losses[Math.floor(0.9 * (losses.length - 1))]!, high: losses.at(-1)! },
    spectrum: ends.length === 0 ? null : { low: extreme(Math.min), high: extreme(Math.max), peak },
  };
}
