import { fromScalar, toScalar, type Scalar } from '../../shared/result/scalar';
import { persistenceOf } from '../topology/persistence';
import { segmentLandscape, type Segmentation } from '../topology/segmentation';
import { simplifyContourTree } from '../topology/trees/contourSimplification';
import { contourTree } from '../topology/trees/contourTree';
import { splitTree } from '../topology/trees/splitTree';
import { table } from './table';
import type { Neighborhood } from '../../shared/result/topology';
import { formatCount, formatNumber, formatShare } from '../../shared/words/numbers';
import { plural } from '../../shared/words/text';

/** A landscape and how its topology is taken. */
export interface Choice {
  readonly values: Float64Array;
  readonly shape: readonly number[];
  readonly neighborhood: Neighborhood;
  /** Of persistence; what is not above it is left out. */
  readonly threshold: number;
}

interface SplitNode {
  readonly vertex: number;
  readonly value: Scalar;
  /** Index of the node this one merges into on the way down; −1 for the root. */
  readonly parent: number;
  /** Vertices on the arc from this node down to its parent, this node included. */
  readonly size: number;
}

interface ContourNode {
  readonly vertex: number;
  readonly value: Scalar;
  /** Arcs that lead down and up. */
  readonly down: number;
  readonly up: number;
}

interface ContourArc {
  /** Indices of its nodes. */
  readonly lower: number;
  readonly upper: number;
  /** Vertices strictly between them. */
  readonly size: number;
}

export interface Trees {
  readonly splitTree: { readonly nodes: readonly SplitNode[] };
  readonly contourTree: {
    readonly nodes: readonly ContourNode[];
    readonly arcs: readonly ContourArc[];
  };
}

/**
 * The trees beside the merge tree, simplified to the threshold.
 *
 * @throws InputError for a neighbourhood that has no contours.
 */
export function otherTrees({ values, shape, neighborhood, threshold }: Choice): Trees {
  const contours = simplifyContourTree(contourTree(values, shape, neighborhood), values, threshold);
  const split = splitTree(values, shape, neighborhood, threshold);
  const value = (vertex: number): Scalar => toScalar(values[vertex]!);
  return {
    splitTree: {
      nodes: Array.from(split.vertex, (vertex, node) => ({
        vertex,
        value: value(vertex),
        parent: split.parent[node]!,
        size: split.size[node]!,
      })),
    },
    contourTree: {
      nodes: Array.from(contours.vertex, (vertex, node) => ({
        vertex,
        value: value(vertex),
        down: contours.down[node]!,
        up: contours.up[node]!,
      })),
      arcs: Array.from(contours.lower, (lower, arc) => ({
        lower,
        upper: contours.upper[arc]!,
        size: contours.size[arc]!,
      })),
    },
  };
}

const SHOWN = 20;

/** Counts, and the highest arcs of the contour tree. */
export function treesText({ splitTree: { nodes }, contourTree: contours }: Trees): string {
  const inner = new Set(nodes.map(({ parent }) => parent));
  const maxima = nodes.filter((_, node) => !inner.has(node)).length;
  const arcs = contours.arcs
    .map(({ lower, upper, size }) => ({
      from: contours.nodes[lower]!,
      to: contours.nodes[upper]!,
      size,
    }))
    .map((arc) => ({
      ...arc,
      height: persistenceOf(fromScalar(arc.from.value), fromScalar(arc.to.value)),
    }))
    .sort((a, b) => b.height - a.height);
  const rows = arcs
    .slice(0, SHOWN)
    .map(({ from, to, size, height }) => [
      formatNumber(fromScalar(from.value), 6),
      formatNumber(fromScalar(to.value), 6),
      formatNumber(height, 6),
      String(from.vertex),
      String(to.vertex),
      formatCount(size),
    ]);
  const more =
    arcs.length > SHOWN
      ? `\n… and ${formatCount(arcs.length - SHOWN)} more; --json prints all.`
      : '';
  return `split tree: ${plural(maxima, 'maximum', 'maxima')}; contour tree: ${plural(contours.nodes.length, 'node')}, ${plural(arcs.length, 'arc')}, the highest first\n\n${table(
    ['from', 'to', 'height', 'lower at', 'upper at', 'points between'],
    rows,
  )}${more}`;
}

/** The Morse–Smale cells, without basins and hills up to the threshold. */
export function basinsOf({ values, shape, ...options }: Choice): Segmentation {
  return segmentLandscape(values, shape, options);
}

/** For each point the vertex of its minimum, that of its maximum, and its cell. */
export function basinLabels(segmentation: Segmentation): ReadonlyMap<string, Int32Array> {
  const { basin, hill, cell, minima, maxima } = segmentation;
  return new Map([
    ['basin', basin.map((index) => minima[index]!)],
    ['hill', hill.map((index) => maxima[index]!)],
    ['cell', cell],
  ]);
}

/** As JSON has it: plain lists. */
export function basinsDocument({ minima, maxima, basin, hill, cells }: Segmentation): object {
  return {
    minima: [...minima],
    maxima: [...maxima],
    basin: [...basin],
    hill: [...hill],
    cells,
  };
}

/** The largest basins. */
export function basinsText({ minima, maxima, basin, cells }: Segmentation): string {
  const sizes = new Int32Array(minima.length);
  for (const index of basin) sizes[index]!++;
  const largest = [...sizes.keys()].sort((a, b) => sizes[b]! - sizes[a]! || a - b);
  const rows = largest
    .slice(0, SHOWN)
    .map((index) => [
      String(minima[index]!),
      formatCount(sizes[index]!),
      formatShare(sizes[index]! / basin.length),
    ]);
  const more =
    largest.length > SHOWN
      ? `\n… and ${formatCount(largest.length - SHOWN)} more; --json prints all.`
      : '';
  return `${plural(minima.length, 'basin')}, ${plural(maxima.length, 'hill')}, ${plural(cells.length, 'Morse–Smale cell')}; basins, the largest first\n\n${table(
    ['minimum at', 'points', 'share'],
    rows,
  )}${more}`;
}
