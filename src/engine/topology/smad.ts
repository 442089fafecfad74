import { fromScalar } from '../../shared/result';
import type { MergeTree, Scalar } from '../../shared/result';
import type { FiniteRange } from './summaries';

/** Saddle–minimum average distances of a merge tree, in units of the values. */
export interface SaddleMinimumDistance {
  /** Edges from a saddle down to a minimum. */
  readonly edges: number;
  /** Mean of f(saddle) − f(minimum) over them; 0 where there is none. */
  readonly mean: number;
  /** The same, each edge weighted by the vertices on its arc: the volume of its basin. */
  readonly weightedMean: number;
  /** Both divided by the range of finite values; 0 where that is 0. */
  readonly meanOverRange: number;
  readonly weightedMeanOverRange: number;
}

/**
 * SMAD (Landscaper, arXiv 2602.07135), whose definition differs between versions; this is ours:
 * over every minimum of the merge tree whose parent is a saddle, the height of that saddle, the first
 * at which its basin meets any other, above it. Unlike persistence it does not ask which of the two
 * is older, so the global minimum counts too; a tree of one minimum has no saddle and gives 0.
 *
 * A value that is NaN or infinite counts as the nearest finite one (summaries.ts).
 */
export function saddleMinimumDistance(tree: MergeTree, range: FiniteRange): SaddleMinimumDistance {
  const width = range.maximum - range.minimum;
  // The root is a saddle where basins meet at the global maximum itself.
  const root = tree.nodes.length - 1;
  const rootIsSaddle = tree.nodes.filter(({ parent }) => parent === root).length > 1;
  let [edges, total, weight, weighted] = [0, 0, 0, 0];
  for (const { kind, value, parent, size } of tree.nodes) {
    if (kind !== 'minimum' || !(tree.nodes[parent]!.kind === 'saddle' || rootIsSaddle)) continue;
    const height = bounded(tree.nodes[parent]!.value, range) - bounded(value, range);
    edges++;
    total += height;
    weight += size;
    weighted += height * size;
  }
  const mean = edges === 0 ? 0 : total / edges;
  const weightedMean = weight === 0 ? 0 : weighted / weight;
  return {
    edges,
    mean,
    weightedMean,
    meanOverRange: width > 0 ? mean / width : 0,
    weightedMeanOverRange: width > 0 ? weightedMean / width : 0,
  };
}

function bounded(value: Scalar, { minimum, maximum }: FiniteRange): number {
  const number = fromScalar(value);
  return Number.isNaN(number) ? maximum : Math.min(Math.max(number, minimum), maximum);
}
