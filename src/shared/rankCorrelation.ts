/** How two figures go together over checkpoints, and how sure that is. */
export interface RankCorrelation {
  /** Pairs of which both figures are finite. */
  readonly count: number;
  /** Spearman's ρ, from −1 to 1; null where one of the figures is the same everywhere. */
  readonly rho: number | null;
  /** 95 % of the bootstrap's ρ lie between these; null where ρ is. */
  readonly interval: readonly [number, number] | null;
}

/** Fewer pairs than this say next to nothing: with five, one ρ in twenty is beyond ±0.9 by chance. */
export const FEW_PAIRS = 10;
const RESAMPLES = 2000;

/**
 * Spearman's rank correlation with the percentile interval of a bootstrap over the pairs (Efron 1979).
 * Equal values share the mean of their ranks. The same numbers give the same interval.
 *
 * Checkpoints of one run follow from each other: for them the interval is too narrow, which is said
 * where it is shown.
 *
 * @param x of the same length as y; a pair with a value that is not finite is left out.
 */
export function rankCorrelation(
  x: readonly (number | null)[],
  y: readonly (number | null)[],
): RankCorrelation {
  const pairs = x.flatMap((a, k): [number, number][] => {
    const b = y[k] ?? null;
    return a !== null && b !== null && Number.isFinite(a) && Number.isFinite(b) ? [[a, b]] : [];
  });
  const count = pairs.length;
  const all = Float64Array.from(pairs.keys());
  const rho = spearman(pairs, all);
  if (rho === null) return { count, rho: null, interval: null };
  const random = randomNumbers();
  const resampled: number[] = [];
  const drawn = new Float64Array(count);
  for (let k = 0; k < RESAMPLES; k++) {
    for (let i = 0; i < count; i++) drawn[i] = Math.floor(random() * count);
    const other = spearman(pairs, drawn);
    if (other !== null) resampled.push(other);
  }
  const sorted = Float64Array.from(resampled).sort();
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!;
  return { count, rho, interval: sorted.length === 0 ? null : [at(0.025), at(0.975)] };
}

/** Of the pairs with these indices; null where one side is constant. */
function spearman(
  pairs: readonly (readonly [number, number])[],
  indices: Float64Array,
): number | null {
  const [a, b] = [0, 1].map((side) =>
    ranks(Float64Array.from(indices, (index) => pairs[index]![side]!)),
  ) as [Float64Array, Float64Array];
  const middle = (indices.length - 1) / 2;
  let [ab, aa, bb] = [0, 0, 0];
  for (let k = 0; k < indices.length; k++) {
    const [u, v] = [a[k]! - middle, b[k]! - middle];
    ab += u * v;
    aa += u * u;
    bb += v * v;
  }
  return aa > 0 && bb > 0 ? Math.max(-1, Math.min(1, ab / Math.sqrt(aa * bb))) : null;
}

/** From 0; equal values share the mean of theirs. */
function ranks(values: Float64Array): Float64Array {
  const order = Uint32Array.from(values.keys()).sort((i, j) => values[i]! - values[j]!);
  const result = new Float64Array(values.length);
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let k = from; k < to; k++) result[order[k]!] = (from + to - 1) / 2;
    from = to;
  }
  return result;
}

/** Uniform in [0, 1): mulberry32, always the same series. */
function randomNumbers(): () => number {
  let state = 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
