/** A line of equal value as points [i, j] of the grid's own units, one after the other. */
export type Polyline = readonly (readonly [number, number])[];

/**
 * Lines of equal value by marching over the triangles whose diagonals join (i+1, j) and (i, j+1):
 * the same triangles `fieldAt` interpolates on. Triangles with a corner that is not finite have no
 * line. A closed line ends where it starts.
 */
export function contourLines(
  values: ArrayLike<number>,
  rows: number,
  columns: number,
  level: number,
): Polyline[] {
  // A crossing lies on an edge, and an edge belongs to at most two triangles, so a crossing has at
  // most two neighbors and lines are found by walking from one to the next.
  const crossings = new Map<number, Crossing>();

  const crossing = (a: number, b: number, kind: number): number => {
    const key = a * 3 + kind;
    if (!crossings.has(key)) {
      const t = (level - values[a]!) / (values[b]! - values[a]!);
      const rowA = Math.floor(a / columns);
      const columnA = a - rowA * columns;
      const rowB = Math.floor(b / columns);
      const columnB = b - rowB * columns;
      crossings.set(key, {
        point: [rowA + t * (rowB - rowA), columnA + t * (columnB - columnA)],
        next: [],
      });
    }
    return key;
  };

  const triangle = (a: number, b: number, c: number, ab: number, ac: number, bc: number): void => {
    const valueA = values[a]!;
    const valueB = values[b]!;
    const valueC = values[c]!;
    if (!Number.isFinite(valueA) || !Number.isFinite(valueB) || !Number.isFinite(valueC)) return;
    const aboveA = valueA >= level;
    const aboveB = valueB >= level;
    const aboveC = valueC >= level;
    if (aboveA === aboveB && aboveB === aboveC) return;
    const ends: number[] = [];
    if (aboveA !== aboveB) ends.push(edge(a, b, ab));
    if (aboveA !== aboveC) ends.push(edge(a, c, ac));
    if (aboveB !== aboveC) ends.push(edge(b, c, bc));
    const [one, two] = ends as [number, number];
    crossings.get(one)!.next.push(two);
    crossings.get(two)!.next.push(one);
  };
  const edge = (a: number, b: number, kind: number): number =>
    a < b ? crossing(a, b, kind) : crossing(b, a, kind);

  for (let i = 0; i + 1 < rows; i++) {
    for (let j = 0; j + 1 < columns; j++) {
      const a = i * columns + j;
      const right = a + columns;
      const up = a + 1;
      triangle(a, right, up, DOWN_ROWS, ALONG_ROW, DIAGONAL);
      triangle(right + 1, right, up, ALONG_ROW, DOWN_ROWS, DIAGONAL);
    }
  }

  const lines: Polyline[] = [];
  const walk = (start: number): void => {
    const line: (readonly [number, number])[] = [];
    let previous = -1;
    let current = start;
    for (;;) {
      const here = crossings.get(current);
      if (here === undefined) {
        // Back at a point that was taken: the line is closed.
        line.push(line[0]!);
        break;
      }
      line.push(here.point);
      crossings.delete(current);
      const next = here.next.find((key) => key !== previous);
      if (next === undefined) break;
      previous = current;
      current = next;
    }
    lines.push(line);
  };
  for (const [key, { next }] of [...crossings])
    if (next.length === 1 && crossings.has(key)) walk(key);
  for (const key of [...crossings.keys()]) if (crossings.has(key)) walk(key);
  return lines;
}

const DOWN_ROWS = 0;
const ALONG_ROW = 1;
const DIAGONAL = 2;

interface Crossing {
  readonly point: readonly [number, number];
  readonly next: number[];
}
