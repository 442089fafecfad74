/** Neighbourhoods that are compared; `knn:8` is the paper's graph. */
export const NEIGHBORHOODS = ['freudenthal', '4', '8', 'knn:8'];

/** Pairs below this are left out; a share is one of the range of the plane's losses. */
export const THRESHOLDS = [
  { name: 'none', of: () => 0 },
  { name: 'rounding of the loss', of: ({ topology }) => topology.threshold },
  { name: '10⁻⁶ of the range', of: ({ topology }) => 1e-6 * topology.summaries.range },
  { name: '10⁻⁴ of the range', of: ({ topology }) => 1e-4 * topology.summaries.range },
  { name: '10⁻² of the range', of: ({ topology }) => 1e-2 * topology.summaries.range },
];
export const DEFAULT_THRESHOLD = THRESHOLDS[1];

/** Every finite minimum–saddle pair of a plane, by Basin's own path. */
export function pairsOf(basin, document, neighborhood) {
  const { shape } = document.landscape;
  const values = Float64Array.from(document.landscape.values, (value) => Number(value));
  const branches = basin.branchesOf(basin.comparableKeys(values), shape, neighborhood);
  const persistences = basin.branchPersistences(branches, values);
  const pairs = [];
  for (let b = 0; b < branches.minimum.length; b++) {
    if (b === branches.root || !(persistences[b] > 0)) continue;
    const [minimum, saddle] = [branches.minimum[b], branches.saddle[b]];
    pairs.push({
      minimum,
      saddle,
      birth: values[minimum],
      death: values[saddle],
      persistence: persistences[b],
      isMinimumInside: !basin.isOnBorder(minimum, shape),
      isSaddleInside: !basin.isOnBorder(saddle, shape),
    });
  }
  return pairs;
}

/**
 * Saddles and the mean persistence of a plane. Inside: saddles that are not on the border, and pairs
 * of which neither end is. `withEssential` is what the paper calls average persistence: the range of
 * the values is one of the pairs.
 */
export function countsOf(pairs, threshold, range, isInside) {
  const kept = pairs.filter(({ persistence }) => persistence > threshold);
  const counted = isInside
    ? kept.filter((each) => each.isMinimumInside && each.isSaddleInside)
    : kept;
  const total = counted.reduce((sum, { persistence }) => sum + persistence, 0);
  return {
    saddles: isInside ? kept.filter((each) => each.isSaddleInside).length : kept.length,
    persistence: counted.length === 0 ? null : total / counted.length,
    withEssential: (total + range) / (counted.length + 1),
  };
}
