import { splitDiagrams } from './diagram';
import type { DiagramDistance, DiagramMatch, DiagramPoint, FinitePoints } from './diagram';

/**
 * Bottleneck distance of two persistence diagrams, exact, with a matching that attains it.
 *
 * The ground metric is max(|Δbirth|, |Δdeath|); a point's distance from the diagonal is half its
 * persistence. Points of infinite death are matched among themselves; where their numbers differ
 * the distance is Infinity, and `matches` holds the finite points only.
 *
 * The distance is one of at most nm + n + m costs. It is found by bisection over them: a candidate
 * is drawn from those still possible, and a matching within it looked for by Hopcroft and Karp
 * (1973). Only points farther than the candidate from the diagonal must be matched; a matching that
 * covers those of the first diagram is turned, path by path, into one that covers those of the
 * second as well (Mendelsohn and Dulmage 1958). O(n + m) memory.
 *
 * @throws InputError when a point is NaN or dies before it is born.
 */
export function bottleneckDistance(
  first: readonly DiagramPoint[],
  second: readonly DiagramPoint[],
): DiagramDistance {
  const parts = splitDiagrams(first, second);
  const matcher = new Matcher(parts.first, parts.second);
  const matches = [...matcher.narrowest(), ...parts.infinite];
  return {
    distance: parts.comparable
      ? matches.reduce((largest, { cost }) => Math.max(largest, cost), 0)
      : Infinity,
    matches,
  };
}

const FREE = -1;

/** Matchings of two sets of finite points within a radius. Points are by birth, then by index. */
class Matcher {
  private readonly first: Points;
  private readonly second: Points;
  /** Partner in the other set, or FREE: of the last matching that was tried. */
  private readonly ofFirst: Int32Array;
  private readonly ofSecond: Int32Array;
  private readonly layer: Int32Array;
  private readonly queue: Int32Array;
  private readonly seen: Uint8Array;

  constructor(first: FinitePoints, second: FinitePoints) {
    this.first = byBirth(first);
    this.second = byBirth(second);
    const [n, m] = [first.index.length, second.index.length];
    this.ofFirst = new Int32Array(n);
    this.ofSecond = new Int32Array(m);
    this.layer = new Int32Array(n);
    this.queue = new Int32Array(n);
    this.seen = new Uint8Array(m);
  }

  narrowest(): DiagramMatch[] {
    const { first, second } = this;
    // At the largest distance from the diagonal all may go there.
    let high = Math.max(largest(first.toDiagonal), largest(second.toDiagonal));
    let low = -1;
    this.ofFirst.fill(FREE);
    this.ofSecond.fill(FREE);
    let best = this.ofFirst.slice();
    const random = { state: 1 };
    for (;;) {
      const radius = this.candidate(low, high, random);
      if (radius === null) break;
      if (this.match(radius)) {
        best = this.ofFirst.slice();
        high = radius;
      } else {
        low = radius;
      }
    }
    return this.described(best);
  }

  /** A cost above `low` and below `high`, each of them as likely; null where there is none. */
  private candidate(low: number, high: number, random: { state: number }): number | null {
    const { first, second } = this;
    let count = 0;
    let chosen: number | null = null;
    const offer = (cost: number) => {
      if (!(cost > low && cost < high)) return;
      count++;
      if (nextRandom(random) * count < 1) chosen = cost;
    };
    offer(0);
    first.toDiagonal.forEach(offer);
    second.toDiagonal.forEach(offer);
    for (let i = 0; i < first.birth.length; i++) {
      const b = first.birth[i]!;
      const d = first.death[i]!;
      for (let j = firstWithin(second, b, high); j < second.birth.length; j++) {
        if (second.birth[j]! - b >= high) break;
        const cost = Math.max(Math.abs(second.birth[j]! - b), Math.abs(second.death[j]! - d));
        if (cost > low && cost < high) {
          count++;
          if (nextRandom(random) * count < 1) chosen = cost;
        }
      }
    }
    return chosen;
  }

  /** Whether all points farther than `radius` from the diagonal have partners within it. */
  private match(radius: number): boolean {
    const { first, second, ofFirst, ofSecond, seen } = this;
    ofFirst.fill(FREE);
    ofSecond.fill(FREE);
    let uncovered = 0;
    for (let i = 0; i < ofFirst.length; i++) if (first.toDiagonal[i]! > radius) uncovered++;
    while (uncovered > 0) {
      if (!this.layers(radius)) return false;
      for (let i = 0; i < ofFirst.length; i++) {
        if (first.toDiagonal[i]! > radius && ofFirst[i] === FREE && this.augment(i, radius)) {
          uncovered--;
        }
      }
    }
    for (let j = 0; j < ofSecond.length; j++) {
      if (!(second.toDiagonal[j]! > radius) || ofSecond[j] !== FREE) continue;
      seen.fill(0);
      if (!this.cover(j, radius)) return false;
    }
    return true;
  }

  /** Breadth-first layers from the free points of the first set; whether a free one is reached. */
  private layers(radius: number): boolean {
    const { first, second, ofFirst, ofSecond, layer, queue } = this;
    layer.fill(-1);
    let tail = 0;
    for (let i = 0; i < ofFirst.length; i++) {
      if (first.toDiagonal[i]! > radius && ofFirst[i] === FREE) {
        layer[i] = 0;
        queue[tail++] = i;
      }
    }
    let reached = false;
    for (let head = 0; head < tail; head++) {
      const i = queue[head]!;
      for (let j = firstWithin(second, first.birth[i]!, radius); ; j++) {
        const near = nearness(second, j, first.birth[i]!, first.death[i]!, radius);
        if (near === 'past') break;
        if (near === 'apart') continue;
        const next = ofSecond[j]!;
        if (next === FREE) reached = true;
        else if (layer[next]! < 0) {
          layer[next] = layer[i]! + 1;
          queue[tail++] = next;
        }
      }
    }
    return reached;
  }

  /** An augmenting path from a free point of the first set, along the layers. */
  private augment(start: number, radius: number): boolean {
    const { first, second, ofFirst, ofSecond, layer } = this;
    const path = [{ i: start, j: firstWithin(second, first.birth[start]!, radius) }];
    while (path.length > 0) {
      const step = path.at(-1)!;
      const { i } = step;
      const near = nearness(second, step.j, first.birth[i]!, first.death[i]!, radius);
      if (near === 'past') {
        layer[i] = -1;
        path.pop();
        if (path.length > 0) path.at(-1)!.j++;
        continue;
      }
      const next = near === 'near' ? ofSecond[step.j]! : start;
      if (near === 'near' && next === FREE) {
        for (const { i: from, j: to } of path) {
          ofFirst[from] = to;
          ofSecond[to] = from;
        }
        return true;
      }
      if (near === 'near' && layer[next] === layer[i]! + 1) {
        path.push({ i: next, j: firstWithin(second, first.birth[next]!, radius) });
      } else {
        step.j++;
      }
    }
    return false;
  }

  /**
   * An alternating path from a free point of the second set to a free one of the first, or to one of
   * the second that may go to the diagonal. Points of the first set stay covered.
   */
  private cover(start: number, radius: number): boolean {
    const { first, second, ofFirst, ofSecond, seen } = this;
    const from = new Map<number, { before: number; by: number }>();
    const queue = [start];
    seen[start] = 1;
    const rematch = (end: number, by: number) => {
      let j = end;
      let i = by;
      for (;;) {
        const freed = ofSecond[j]!;
        ofSecond[j] = i;
        ofFirst[i] = j;
        const step = from.get(j);
        if (step === undefined) return;
        j = step.before;
        i = step.by;
        if (freed !== i) throw new Error('an alternating path is broken');
      }
    };
    for (const j of queue) {
      for (let i = firstWithin(first, second.birth[j]!, radius); ; i++) {
        const near = nearness(first, i, second.birth[j]!, second.death[j]!, radius);
        if (near === 'past') break;
        if (near === 'apart') continue;
        const next = ofFirst[i]!;
        if (next === FREE) {
          rematch(j, i);
          return true;
        }
        if (seen[next]) continue;
        seen[next] = 1;
        from.set(next, { before: j, by: i });
        if (!(second.toDiagonal[next]! > radius)) {
          ofSecond[next] = FREE;
          from.delete(next);
          rematch(j, i);
          return true;
        }
        queue.push(next);
      }
    }
    return false;
  }

  private described(ofFirst: Int32Array): DiagramMatch[] {
    const { first, second } = this;
    const matches: DiagramMatch[] = [];
    const taken = new Uint8Array(second.index.length);
    for (let i = 0; i < ofFirst.length; i++) {
      const j = ofFirst[i]!;
      const cost =
        j === FREE
          ? first.toDiagonal[i]!
          : Math.max(
              Math.abs(second.birth[j]! - first.birth[i]!),
              Math.abs(second.death[j]! - first.death[i]!),
            );
      if (j !== FREE) taken[j] = 1;
      matches.push({ first: first.index[i]!, second: j === FREE ? null : second.index[j]!, cost });
    }
    for (let j = 0; j < taken.length; j++) {
      if (!taken[j]) {
        matches.push({ first: null, second: second.index[j]!, cost: second.toDiagonal[j]! });
      }
    }
    return matches;
  }
}

interface Points extends FinitePoints {
  readonly toDiagonal: Float64Array;
}

function byBirth({ index, birth, death }: FinitePoints): Points {
  const order = Int32Array.from(birth, (_, k) => k).sort((a, b) => birth[a]! - birth[b]! || a - b);
  return {
    index: order.map((k) => index[k]!),
    birth: Float64Array.from(order, (k) => birth[k]!),
    death: Float64Array.from(order, (k) => death[k]!),
    toDiagonal: Float64Array.from(order, (k) => death[k]! / 2 - birth[k]! / 2),
  };
}

/** The first point whose birth is not below that of the given one by more than the radius. */
function firstWithin(points: Points, birth: number, radius: number): number {
  let j = firstFrom(points.birth, birth - radius);
  // Rounding of the difference decides as it does in `nearness`.
  while (j > 0 && Math.abs(points.birth[j - 1]! - birth) <= radius) j--;
  return j;
}

function firstFrom(sorted: Float64Array, least: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

function nearness(
  points: Points,
  j: number,
  birth: number,
  death: number,
  radius: number,
): 'near' | 'apart' | 'past' {
  if (j >= points.birth.length) return 'past';
  const apart = points.birth[j]! - birth;
  if (apart > radius) return 'past';
  return Math.abs(apart) <= radius && Math.abs(points.death[j]! - death) <= radius
    ? 'near'
    : 'apart';
}

function largest(numbers: Float64Array): number {
  let most = 0;
  for (let k = 0; k < numbers.length; k++) most = Math.max(most, numbers[k]!);
  return most;
}

/** Mulberry32: which candidate is tried changes the time only, and that should not vary either. */
function nextRandom(random: { state: number }): number {
  random.state = (random.state + 0x6d2b79f5) >>> 0;
  let t = random.state;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
