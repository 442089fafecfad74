import { countsOf, DEFAULT_THRESHOLD, NEIGHBORHOODS, pairsOf, THRESHOLDS } from './counts.mjs';

/** Settings of a basin.json with another look at its landscape. */
export function look(settings, landscape) {
  settings.landscape = { ...settings.landscape, ...landscape };
  return settings;
}

/**
 * The planes of some networks, each looked at in several ways, and what is counted on them. The first
 * way has curvature too, and says which networks there are, in which order.
 */
export class Planes {
  /**
   * @param ways `{ name, title, change, pattern, isWhole }`: what `Variants.run` is given, and whether
   *   its networks have curvature of their own.
   * @param key what a row's network is called.
   */
  constructor(basin, variants, ways, key, { workers, memory }) {
    this.basin = basin;
    this.key = key;
    this.studies = new Map();
    for (const [at, { name, change, pattern, isWhole }] of ways.entries()) {
      const only = at === 0 || isWhole ? undefined : ['landscape', 'topology'];
      this.studies.set(name, variants.run(name, change, { only, workers, memory, pattern }));
    }
    this.main = ways[0].name;
    this.base = this.studies.get(this.main);
    this.networks = this.base.rows.map(key);
    this.pairs = new Map();
  }

  /** In the order of the networks; null for one that was not looked at so. */
  rowsOf(name) {
    const byKey = new Map(this.studies.get(name).rows.map((row) => [this.key(row), row]));
    return this.networks.map((network) => byKey.get(network) ?? null);
  }

  /** Minimum–saddle pairs of each network's plane. */
  pairsOf(name, neighborhood) {
    const own = `${name} ${neighborhood}`;
    if (!this.pairs.has(own)) {
      const pairs = this.rowsOf(name).map(
        (row) => row && pairsOf(this.basin, row.document, neighborhood),
      );
      this.pairs.set(own, pairs);
    }
    return this.pairs.get(own);
  }

  /** What each network's plane has, by a choice of everything; null where there is none. */
  countsOf({
    plane = this.main,
    neighborhood = 'freudenthal',
    isInside = true,
    threshold = DEFAULT_THRESHOLD,
  }) {
    const pairs = this.pairsOf(plane, neighborhood);
    return this.rowsOf(plane).map((row, at) => {
      if (row === null) return null;
      const { range } = row.document.topology.summaries;
      return countsOf(pairs[at], threshold.of(row.document), range, isInside);
    });
  }

  /** What could not be analysed, and why. */
  get others() {
    return [...this.studies.values()].flatMap(({ others }) => others);
  }
}

/** As near to the paper's counts as its text and code say: k nearest neighbours, everything counted. */
export const LIKE_THE_PAPER = {
  name: 'knn:8, border counted, no threshold',
  neighborhood: 'knn:8',
  isInside: false,
  threshold: THRESHOLDS[0],
};

/**
 * Choices in groups, each of which changes one thing of the first.
 *
 * @param last the groups that are a study's own.
 */
export function choiceGroups(last) {
  return [
    {
      title: 'as Basin counts, and as the paper does',
      choices: [{ name: 'freudenthal, inside, above rounding', isMain: true }, LIKE_THE_PAPER],
    },
    {
      title: 'neighbourhood',
      choices: NEIGHBORHOODS.slice(1).map((neighborhood) => ({ neighborhood, name: neighborhood })),
    },
    { title: 'border', choices: [{ isInside: false, name: 'border counted' }] },
    {
      title: 'persistence threshold',
      choices: THRESHOLDS.filter((each) => each !== DEFAULT_THRESHOLD).map((threshold) => ({
        threshold,
        name: threshold.name,
      })),
    },
    ...last,
  ];
}
