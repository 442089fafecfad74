import type { Points } from './points';

/** Points of a leaf. */
const LEAF = 8;

/**
 * A k-d tree (Bentley 1975): points in boxes, halved at the median along their longest side. Node k
 * has the children 2k + 1 and 2k + 2 and holds `order[first[k] … last[k]]`.
 */
export class KdTree {
  readonly order: Int32Array;
  readonly first: Int32Array;
  readonly last: Int32Array;
  /** Corners of each node's box around its points: `dimensions` numbers each. */
  readonly low: Float64Array;
  readonly high: Float64Array;
  private readonly isInner: Uint8Array;

  constructor(readonly points: Points) {
    const { coordinates, dimensions } = points;
    const count = coordinates.length / dimensions;
    let nodes = 1;
    for (let size = count; size > LEAF; size = Math.ceil(size / 2)) nodes = 2 * nodes + 1;
    this.order = new Int32Array(count);
    for (let k = 0; k < count; k++) this.order[k] = k;
    this.first = new Int32Array(nodes);
    this.last = new Int32Array(nodes);
    this.isInner = new Uint8Array(nodes);
    this.low = new Float64Array(nodes * dimensions);
    this.high = new Float64Array(nodes * dimensions);
    this.divide(0, 0, count);
  }

  isLeaf(node: number): boolean {
    return this.isInner[node] === 0;
  }

  private divide(node: number, from: number, to: number): void {
    const { dimensions } = this.points;
    this.first[node] = from;
    this.last[node] = to;
    const axis = this.enclose(node, from, to);
    const at = node * dimensions + axis;
    // Points at one place are not divided by anything.
    if (to - from <= LEAF || this.low[at] === this.high[at]) return;
    this.isInner[node] = 1;
    const middle = (from + to) >>> 1;
    this.select(from, to - 1, middle, axis);
    this.divide(2 * node + 1, from, middle);
    this.divide(2 * node + 2, middle, to);
  }

  /** @returns The axis along which the box is longest. */
  private enclose(node: number, from: number, to: number): number {
    const { coordinates, dimensions } = this.points;
    let longest = 0;
    let length = -1;
    for (let axis = 0; axis < dimensions; axis++) {
      let low = Infinity;
      let high = -Infinity;
      for (let k = from; k < to; k++) {
        const x = coordinates[this.order[k]! * dimensions + axis]!;
        if (x < low) low = x;
        if (x > high) high = x;
      }
      this.low[node * dimensions + axis] = low;
      this.high[node * dimensions + axis] = high;
      if (high - low > length) {
        length = high - low;
        longest = axis;
      }
    }
    return longest;
  }

  /** Hoare's selection: what is before `middle` is not above it along the axis. */
  private select(from: number, to: number, middle: number, axis: number): void {
    const { order } = this;
    const { coordinates, dimensions } = this.points;
    const at = (k: number) => coordinates[order[k]! * dimensions + axis]!;
    while (from < to) {
      const pivot = at((from + to) >>> 1);
      let i = from;
      let j = to;
      while (i <= j) {
        while (at(i) < pivot) i++;
        while (at(j) > pivot) j--;
        if (i > j) break;
        const point = order[i]!;
        order[i++] = order[j]!;
        order[j--] = point;
      }
      if (middle <= j) to = j;
      else if (middle >= i) from = i;
      else return;
    }
  }
}
