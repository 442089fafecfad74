import type { PersistenceSummary, TopologySummaries } from '../../shared/result/topology';

/** Smallest and largest finite value; `count` of the others. */
export interface FiniteRange {
  readonly minimum: number;
  readonly maximum: number;
  readonly nonFinite: number;
}

/** [0, 0] where no value is finite. */
export function finiteRange(values: Float64Array | Float32Array): FiniteRange {
  let minimum = Infinity;
  let maximum = -Infinity;
  let nonFinite = 0;
  for (let v = 0; v < values.length; v++) {
    const x = values[v]!;
    if (x - x !== 0) {
      nonFinite++;
      continue;
    }
    if (x < minimum) minimum = x;
    if (x > maximum) maximum = x;
  }
  return nonFinite === values.length
    ? { minimum: 0, maximum: 0, nonFinite }
    : { minimum, maximum, nonFinite };
}

/**
 * Summaries of pairs, in units of the values.
 *
 * A birth or death that is NaN or infinite counts as the nearest finite value of the landscape:
 * a persistence is then a lower bound, and every summary is a finite number.
 *
 * @param births Of the finite pairs; `deaths` likewise.
 * @param essential Global minimum and global maximum.
 * @param inner For each finite pair 1 where it does not touch the border, else 0; absent of points
 *   that have none.
 */
export function summarize(
  births: Float64Array,
  deaths: Float64Array,
  essential: { readonly birth: number; readonly death: number },
  range: FiniteRange,
  inner?: ArrayLike<number>,
): TopologySummaries {
  const persistences = new Float64Array(births.length + 1);
  for (let k = 0; k < births.length; k++) {
    persistences[k] = boundedPersistence(births[k]!, deaths[k]!, range);
  }
  persistences[births.length] = boundedPersistence(essential.birth, essential.death, range);
  const width = Math.min(range.maximum - range.minimum, Number.MAX_VALUE);
  return {
    ...(inner === undefined
      ? {}
      : {
          inner: summaryOf(
            persistences.filter((_, k) => inner[k] === 1),
            width,
          ),
        }),
    finite: summaryOf(persistences.slice(0, births.length), width),
    withEssential: summaryOf(persistences, width),
    range: width,
    persistenceEntropy: persistenceEntropy(persistences),
  };
}

/** Of pairs of any dimension, bounded as above. */
export function summarizePairs(
  births: Float64Array,
  deaths: Float64Array,
  range: FiniteRange,
): PersistenceSummary {
  const persistences = births.map((birth, k) => boundedPersistence(birth, deaths[k]!, range));
  return summaryOf(persistences, Math.min(range.maximum - range.minimum, Number.MAX_VALUE));
}

function boundedPersistence(birth: number, death: number, range: FiniteRange): number {
  const persistence = bounded(death, range) - bounded(birth, range);
  return Math.min(persistence, Number.MAX_VALUE);
}

function bounded(value: number, range: FiniteRange): number {
  if (Number.isNaN(value)) return range.maximum;
  return Math.min(Math.max(value, range.minimum), range.maximum);
}

function summaryOf(persistences: Float64Array, range: number): PersistenceSummary {
  const count = persistences.length;
  if (count === 0) {
    return { count, total: 0, mean: 0, median: 0, maximum: 0, meanOverRange: 0 };
  }
  const sorted = persistences.slice().sort();
  let total = 0;
  for (let k = 0; k < count; k++) total += sorted[k]!;
  total = Math.min(total, Number.MAX_VALUE);
  const mean = total / count;
  const middle = (count - 1) / 2;
  return {
    count,
    total,
    mean,
    median: sorted[Math.floor(middle)]! / 2 + sorted[Math.ceil(middle)]! / 2,
    maximum: sorted[count - 1]!,
    meanOverRange: range > 0 ? mean / range : 0,
  };
}

/**
 * −Σ pᵢ log pᵢ with the natural logarithm, pᵢ a pair's share of the total persistence
 * (Chintakunta et al. 2015). 0 where the total is 0.
 */
function persistenceEntropy(persistences: Float64Array): number {
  let maximum = 0;
  for (let k = 0; k < persistences.length; k++) maximum = Math.max(maximum, persistences[k]!);
  if (maximum === 0) return 0;
  // Shares of the largest first: a total of large persistences could overflow.
  let total = 0;
  for (let k = 0; k < persistences.length; k++) total += persistences[k]! / maximum;
  let entropy = 0;
  for (let k = 0; k < persistences.length; k++) {
    const share = persistences[k]! / maximum / total;
    if (share > 0) entropy -= share * Math.log(share);
  }
  return Math.max(entropy, 0);
}
