import type { Run } from '../state/runs';

/** Scales that hold every checkpoint of a run, so that what moves is the training and not the axis. */
export interface RunScales {
  readonly loss: { readonly low: number; readonly high: number } | null;
  readonly spectrum: { readonly low: number; readonly high: number; readonly peak: number } | null;
}

/** How far above its ninetieth percentile a landscape reaches: as its own scale does. */
const HEADROOM = 3;

/** They are asked for each time something is drawn. */
const scalesOf = new WeakMap<Run, RunScales>();

export function runScales(run: Run): RunScales {
  let known = scalesOf.get(run);
  if (known === undefined) scalesOf.set(run, (known = findScales(run)));
  return known;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

function findScales(run: Run): RunScales {
  const extents = run.entries.flatMap(({ summary }) => summary?.extents ?? []);
  const losses = extents.flatMap(({ loss }) => loss ?? []);
  const spectra = extents.flatMap(({ spectrum }) => spectrum ?? []);
  const least = (values: readonly number[]) => values.reduce((a, b) => Math.min(a, b), Infinity);
  const most = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b), -Infinity);
  return {
    loss:
      losses.length === 0
        ? null
        : {
            low: least(losses.map(({ low }) => low)),
            // Half of the landscapes reach it: one that runs away would leave the others flat.
            high: median(
              losses.map(({ low, most: usual, high }) =>
                usual > low ? Math.min(high, low + HEADROOM * (usual - low)) : high,
              ),
            ),
          },
    spectrum:
      spectra.length === 0
        ? null
        : {
            low: least(spectra.map(({ low }) => low)),
            high: most(spectra.map(({ high }) => high)),
            peak: most(spectra.map(({ peak }) => peak)),
          },
  };
}
