import { leadingFigures } from './leadingFigures';
import type { ResultDocument } from './result';

/** Numbers that are followed through a training. */
export const FIGURES = [
  'loss',
  'accuracy',
  'error',
  'eigenvalue',
  'trace',
  'saddles',
  'persistence',
] as const;
export type Figure = (typeof FIGURES)[number];

/** `null` where a number is not known or not finite. */
export type EntryFigures = Readonly<Record<Figure, number | null>>;

export function entryFigures({ metrics, hessian, topology }: ResultDocument): EntryFigures {
  const leading = topology && leadingFigures(topology);
  return {
    loss: finite(metrics?.loss),
    accuracy: finite(metrics?.accuracy),
    error: finite(metrics?.error),
    eigenvalue: finite(hessian?.eigenvalues[0]?.value),
    trace: finite(hessian?.trace.value),
    saddles: finite(leading?.saddles),
    persistence: finite(leading?.averagePersistence),
  };
}

function finite(value: number | string | null | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
