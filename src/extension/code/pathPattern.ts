/**
 * Paths with holes: `f"runs/{name}/epoch-{epoch:03d}.pt"`, `${run}/best.pt`, `epoch-%03d.pt`,
 * `epoch-*.pt`. What stands in a hole is not known, so that such a path names every file it fits.
 */

/** A stretch of a path: the characters themselves, digits, part of a name, or anything. */
type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'digits' | 'name' | 'any'; readonly atLeast: number };

export interface PathPattern {
  readonly pieces: readonly Piece[];
  /** Whether the path begins at a root: otherwise it may be the end of a longer one. */
  readonly absolute: boolean;
}

/** Python's, JavaScript's, the shell's and printf's holes, and the stars of globs. */
const HOLE = /\$\{[^{}]*\}|\{[^{}]*\}|%0?\d*(?:\.\d+)?[dsif]|\$[A-Za-z_]\w*|\*+/g;

/** Longer ones are no paths. */
const MAX_LENGTH = 512;

/** Whether there is anything in a path that stands for something else. */
export function hasHoles(path: string): boolean {
  return path.search(HOLE) !== -1;
}

/**
 * Reads a path with or without holes, as it stands in code; `null` where it says too little to
 * name anything: a hole and an ending fit every file.
 */
export function pathPattern(path: string): PathPattern | null {
  if (path.length > MAX_LENGTH) return null;
  const text = path.replaceAll('\\', '/').replace(/^(\.{1,2}\/)+/, '');
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(HOLE)) {
    add(pieces, { kind: 'text', text: text.slice(from, match.index) });
    const after = text[match.index + match[0].length];
    const wholeStart = match.index === 0 && after === '/';
    add(pieces, hole(match[0], wholeStart));
    from = match.index + match[0].length;
  }
  add(pieces, { kind: 'text', text: text.slice(from) });
  const said = pieces
    .map((piece) => (piece.kind === 'text' ? piece.text : ''))
    .join('')
    .replace(/\.[A-Za-z0-9]+$/, '')
    .replace(/[^\p{L}\p{N}]/gu, '');
  if (said.length < 2) return null;
  return { pieces, absolute: /^(\/|[A-Za-z]:\/)/.test(text) };
}

function hole(written: string, wholeStart: boolean): Piece {
  if (written === '*') return { kind: 'name', atLeast: 0 };
  if (written.startsWith('*')) return { kind: 'any', atLeast: 0 };
  const printf = /^%0?(\d*)[di]$/.exec(written);
  if (printf) return { kind: 'digits', atLeast: digits(printf[1]) };
  const format = /:0?(\d*)d?\}$/.exec(written);
  if (format && /:(0\d+|\d*d)/.test(written)) return { kind: 'digits', atLeast: digits(format[1]) };
  // At the beginning it is a folder, perhaps with folders around it.
  return { kind: wholeStart ? 'any' : 'name', atLeast: 1 };
}

/** A width pads with zeros and cuts nothing off. */
function digits(width: string | undefined): number {
  return Math.min(20, Math.max(1, Number(width ?? '') || 1));
}

/** Neighbouring holes are one. */
function add(pieces: Piece[], piece: Piece): void {
  if (piece.kind === 'text') {
    if (piece.text !== '') pieces.push(piece);
    return;
  }
  const last = pieces.at(-1);
  if (last === undefined || last.kind === 'text') {
    pieces.push(piece);
    return;
  }
  const kind =
    last.kind === 'any' || piece.kind === 'any'
      ? 'any'
      : last.kind === piece.kind
        ? piece.kind
        : 'name';
  pieces[pieces.length - 1] = { kind, atLeast: Math.max(last.atLeast, piece.atLeast) };
}

/**
 * Whether a file's path fits: as a whole where the pattern begins at a root, otherwise from some
 * folder of it on. Takes time in proportion to the path and the pattern, whatever they are.
 *
 * @param path Absolute, with forward slashes.
 */
export function fits(pattern: PathPattern, path: string): boolean {
  const last = pattern.pieces.at(-1);
  if (last?.kind === 'text' && !path.endsWith(last.text)) return false;
  const steps = stepsOf(pattern);
  // States of an automaton: a state k is on when the first k steps fit what was read so far.
  let on = new Uint8Array(steps.length + 1);
  let next = new Uint8Array(steps.length + 1);
  for (let index = 0; index <= path.length; index++) {
    if (index === 0 || (!pattern.absolute && path[index - 1] === '/')) on[0] = 1;
    for (let k = 0; k < steps.length; k++) {
      if (on[k] === 1 && steps[k]!.repeats) on[k + 1] = 1;
    }
    if (index === path.length) break;
    const character = path[index]!;
    next.fill(0);
    for (let k = 0; k < steps.length; k++) {
      const step = steps[k]!;
      if (on[k] !== 1 || !takes(step, character)) continue;
      next[step.repeats ? k : k + 1] = 1;
    }
    [on, next] = [next, on];
  }
  return on[steps.length] === 1;
}

interface Step {
  readonly kind: 'character' | 'digits' | 'name' | 'any';
  readonly character: string;
  /** Any number of times, also none. */
  readonly repeats: boolean;
}

function stepsOf({ pieces }: PathPattern): Step[] {
  return pieces.flatMap((piece): Step[] => {
    if (piece.kind === 'text') {
      return Array.from({ length: piece.text.length }, (_, k) => ({
        kind: 'character',
        character: piece.text[k]!,
        repeats: false,
      }));
    }
    const one: Step = { kind: piece.kind, character: '', repeats: false };
    return [...Array<Step>(piece.atLeast).fill(one), { ...one, repeats: true }];
  });
}

function takes(step: Step, character: string): boolean {
  switch (step.kind) {
    case 'character':
      return step.character === character;
    case 'digits':
      return character >= '0' && character <= '9';
    case 'name':
      return character !== '/';
    case 'any':
      return true;
  }
}
