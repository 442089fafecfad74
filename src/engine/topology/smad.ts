import { fromScalar, type Scalar } from '../../shared/result/scalar';
import type { MergeTree, SaddleMinimumDistance } from '../../shared/result/topology';
import type { FiniteRange } from './summaries';

/**
 * SMAD (Landscaper, arXiv 2602.07135), whose definition differs between versions; this is ours:
 * over every minimum of the merge tree whose parent is a saddle, the height of that saddle, the first
 * at which its basin meets any other, above it. Unlike persistence it does not ask which of the two
 * is older, so the global minimum counts too; a tree of one minimum has no saddle and gives 0.
 *
 * A value that is NaN or infinite counts as the nearest finite one (summaries.ts).
 */
export function saddleMinimumDistance(tree: MergeTree, range: FiniteRange): SaddleMinimumDistance {
  const width = Math.min(range.maximum - range.minimum, Number.MAX_VALUE);
  // The root is a saddle where basins meet at the global maximum itself.
  const root = tree.nodes.length - 1;
  const rootIsSaddle = tree.nodes.filter(({ parent }) => parent === root).length > 1;
  let [edges, total, weight, weighted] = [0, 0, 0, 0];
  for (const { kind, value, parent, size } of tree.nodes) {
    if (kind !== 'minimum' || !(tree.nodes[parent]!.kind === 'saddle' || rootIsSaddle)) continue;
    const height = Math.min(
      bounded(tree.nodes[parent]!.value, range) - bounded(value, range),
      Number.MAX_VALUE,
    );
    edges++;
    total += height;
    weight += size;
    weighted += height * size;
  }
  const mean = edges === 0 ? 0 : Math.min(total, Number.MAX_VALUE) / edges;
  const weightedMean = weight === 0 ? 0 : Math.min(weighted, Number.MAX_VALUE) / weight;
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
