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
  const sides = [0, 1].map((side) => levels(pairs.map((pair) => pair[side]!))) as [Levels, Levels];
  const rho = spearman(sides, Uint32Array.from(pairs.keys()));
  if (rho === null) return { count, rho: null, interval: null };
  const random = randomNumbers();
  const resampled: number[] = [];
  const drawn = new Uint32Array(count);
  for (let k = 0; k < RESAMPLES; k++) {
    for (let i = 0; i < count; i++) drawn[i] = Math.floor(random() * count);
    const other = spearman(sides, drawn);
    if (other !== null) resampled.push(other);
  }
  const sorted = Float64Array.from(resampled).sort();
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!;
  return { count, rho, interval: sorted.length === 0 ? null : [at(0.025), at(0.975)] };
}

/** Values by their order alone: any draw from them is ranked by counting, without sorting it. */
interface Levels {
  /** For each value how many different ones are below it. */
  readonly of: Uint32Array;
  /** Of one draw, by level: how many values it has there, then the rank they share. */
  readonly ranks: Float64Array;
}

function levels(values: readonly number[]): Levels {
  const different = Float64Array.from(new Set(values)).sort();
  const level = new Map(Array.from(different, (value, k) => [value, k]));
  return {
    of: Uint32Array.from(values, (value) => level.get(value)!),
    ranks: new Float64Array(different.length),
  };
}

/** Of the pairs with these indices; null where one side is constant. */
function spearman(sides: readonly [Levels, Levels], indices: Uint32Array): number | null {
  for (const side of sides) rank(side, indices);
  const [a, b] = sides;
  const middle = (indices.length - 1) / 2;
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let k = 0; k < indices.length; k++) {
    const index = indices[k]!;
    const u = a.ranks[a.of[index]!]! - middle;
    const v = b.ranks[b.of[index]!]! - middle;
    ab += u * v;
    aa += u * u;
    bb += v * v;
  }
  return aa > 0 && bb > 0 ? Math.max(-1, Math.min(1, ab / Math.sqrt(aa * bb))) : null;
}

/** From 0; equal values share the mean of theirs. */
function rank({ of, ranks }: Levels, indices: Uint32Array): void {
  ranks.fill(0);
  for (let k = 0; k < indices.length; k++) ranks[of[indices[k]!]!]!++;
  let below = 0;
  for (let level = 0; level < ranks.length; level++) {
    const count = ranks[level]!;
    ranks[level] = below + (count - 1) / 2;
    below += count;
  }
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
