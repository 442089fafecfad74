import { linearTicks, logTicks } from '../plots/ticks';
import { formatTick } from '../../shared/words/numbers';

/** An axis for values that are known: with a margin, logarithmic where they range over decades. */
export interface ScatterAxis {
  readonly logarithmic: boolean;
  /** Ends, in units of the axis. */
  readonly low: number;
  readonly high: number;
  readonly place: (value: number) => number;
  readonly ticks: (most: number) => readonly { readonly at: number; readonly text: string }[];
}

const DECADES_FOR_LOG = 2;
const MARGIN = 0.05;

/** @param values finite, at least one. */
export function scatterAxis(values: readonly number[], mayBeLogarithmic = true): ScatterAxis {
  const least = values.reduce((low, value) => Math.min(low, value), Infinity);
  const most = values.reduce((high, value) => Math.max(high, value), -Infinity);
  const logarithmic = mayBeLogarithmic && least > 0 && Math.log10(most / least) >= DECADES_FOR_LOG;
  const areCounts = values.every(Number.isInteger);
  const place = logarithmic ? Math.log10 : (value: number) => value;
  const span = place(most) - place(least) || Math.abs(place(most)) || 1;
  const low = place(least) - MARGIN * span;
  const high = place(most) + MARGIN * span;
  return {
    logarithmic,
    low,
    high,
    place,
    ticks: (count) => {
      const { values: at, step } = logarithmic
        ? logTicks(10 ** low, 10 ** high, count)
        : linearTicks(low, high, count);
      // Between counts there is nothing.
      const shown = logarithmic || !areCounts ? at : at.filter(Number.isInteger);
      return shown.map((value) => ({
        at: place(value),
        text: formatTick(value, logarithmic ? value : areCounts ? Math.max(1, step) : step),
      }));
    },
  };
}
