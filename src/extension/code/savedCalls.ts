import { hasCheckpointEnding } from '../../shared/checkpointNames';
import { scanCode, type CodeString, type ScannedCode, type ScannedLanguage } from './codeStrings';

/** A call in source code that saves or loads weights. */
export interface SavedCall {
  readonly kind: 'save' | 'load';
  /** Of the name of the function, in the text. */
  readonly start: number;
  readonly end: number;
  /** The path it is given, as it is written, perhaps with holes. */
  readonly path: string;
}

/**
 * Functions of PyTorch, safetensors, NumPy, Keras, Lightning, Hugging Face and TensorFlow.js.
 * A method `save` is anything's: what counts is that its path is a checkpoint's.
 */
const CALLS: Readonly<Record<ScannedLanguage, RegExp>> = {
  python:
    /\b(?:(?<save>torch\.(?:jit\.)?save|save_file|save_model|(?:np|numpy|jnp)\.savez(?:_compressed)?|\w+\.save_weights|\w+\.save_checkpoint|\w+\.save_state|\w+\.save_pretrained|(?:\w+\.)?ModelCheckpoint|\w+\.save)|(?<load>torch\.(?:jit\.)?load|load_file|load_model|(?:np|numpy|jnp)\.load|\w+\.load_weights|\w+\.load_checkpoint|\w+\.load_from_checkpoint|\w+\.load_state|\w+\.from_pretrained))\s*\(/g,
  javascript:
    /\b(?:(?<save>\w+\.save|\w+\.saveWeights)|(?<load>\w+\.loadLayersModel|\w+\.loadGraphModel|\w+\.loadWeights|loadLayersModel))\s*\(/g,
};

/** More calls in a file are not looked at. */
const MAX_CALLS = 500;
/** An argument list longer than this is not one that names a path. */
const MAX_ARGUMENTS_LENGTH = 4000;

/** Finds the calls of a source file whose path is written in it. */
export function findSavedCalls(text: string, language: ScannedLanguage): SavedCall[] {
  const scanned = scanCode(text, language);
  const assignments = findAssignments(scanned.code);
  const calls: SavedCall[] = [];
  let looked = 0;
  for (const match of scanned.code.matchAll(CALLS[language])) {
    if (++looked > MAX_CALLS) break;
    const open = match.index + match[0].length;
    const close = closingParenthesis(scanned.code, open);
    const path = pathIn(scanned, open, close) ?? pathOfVariable(scanned, assignments, open, close);
    if (path === undefined) continue;
    calls.push({
      kind: match.groups?.save === undefined ? 'load' : 'save',
      start: match.index,
      end: open - 1,
      path,
    });
  }
  return calls;
}

function closingParenthesis(code: string, from: number): number {
  let depth = 1;
  const limit = Math.min(code.length, from + MAX_ARGUMENTS_LENGTH);
  for (let index = from; index < limit; index++) {
    const character = code[index];
    if (character === '(') depth++;
    else if (character === ')' && --depth === 0) return index;
  }
  return limit;
}

/**
 * The path among the strings of an expression. Paths are often put together: `out / "last.pt"`,
 * `os.path.join(out, "last.pt")`, `run + "/last.pt"`. Their last part says the most; the parts
 * before it are taken along as far as they are written.
 */
function pathIn({ strings, code }: ScannedCode, from: number, to: number): string | undefined {
  const inside = strings.filter(({ start, end }) => start >= from && end <= to);
  const last = inside.findLastIndex(({ text }) => looksLikePath(text));
  const string = inside[last];
  if (string === undefined) return undefined;
  return precedingParts(code, inside.slice(0, last), string) + undoEscapes(string);
}

function looksLikePath(text: string): boolean {
  return hasCheckpointEnding(text) || text.startsWith('file://') || /[/\\][\w.{}$-]+$/.test(text);
}

/** Literal folders before the last part: `"runs" / name / "last.pt"` is `runs/{}/last.pt`. */
function precedingParts(code: string, before: readonly CodeString[], last: CodeString): string {
  let parts = '';
  let end = last.start;
  for (const string of before.toReversed()) {
    const between = code.slice(string.end, end);
    const joined = /^\s*(?:[/,+]\s*[\w.[\]]*\s*)*$/.exec(between);
    if (!joined || /[(=]/.test(between)) break;
    // os.path.join and Path(...) join by commas, and by slashes; `a + b` does not add one.
    const names = between.split(/[/,]/).filter((part) => /\w/.test(part)).length;
    const plus = between.includes('+');
    if (plus && names === 0) parts = undoEscapes(string) + parts;
    else parts = `${undoEscapes(string)}/${'{}/'.repeat(names)}${parts}`;
    end = string.start;
  }
  return parts.replace(/\/{2,}/g, '/');
}

interface Assignment {
  readonly name: string;
  /** Where its right side begins. */
  readonly from: number;
}

/** Assignments to plain names, in the order of the text. */
function findAssignments(code: string): Assignment[] {
  return [
    ...code.matchAll(
      /(?:^|[\n;{])[ \t]*(?:const |let |var )?([A-Za-z_]\w*)[ \t]{0,8}(?::[^=\n]{0,80})?=(?!=)/g,
    ),
  ].map((match) => ({ name: match[1] ?? '', from: match.index + match[0].length }));
}

/** Of the paths that names in an argument list were given above: the last one before the call. */
function pathOfVariable(
  scanned: ScannedCode,
  assignments: readonly Assignment[],
  from: number,
  to: number,
): string | undefined {
  const names = new Set(
    [...scanned.code.slice(from, to).matchAll(/(?<![.\w])[A-Za-z_]\w*(?!\s*[(\w=])/g)].map(
      ([name]) => name,
    ),
  );
  for (const { name, from: begin } of assignments.toReversed()) {
    if (begin >= from || !names.has(name)) continue;
    const path = pathIn(scanned, begin, endOfStatement(scanned.code, begin));
    if (path !== undefined) return path;
  }
  return undefined;
}

/** The end of the line, or of the last line of an open bracket. */
function endOfStatement(code: string, from: number): number {
  let depth = 0;
  const limit = Math.min(code.length, from + MAX_ARGUMENTS_LENGTH);
  for (let index = from; index < limit; index++) {
    const character = code[index]!;
    if ('([{'.includes(character)) depth++;
    else if (')]}'.includes(character)) depth--;
    else if (character === ';' || (character === '\n' && depth <= 0)) return index;
  }
  return limit;
}

function undoEscapes({ text, prefix }: CodeString): string {
  return prefix.includes('r') ? text : text.replace(/\\(["'`\\/])/g, '$1');
}
