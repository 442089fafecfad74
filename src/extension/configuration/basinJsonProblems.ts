import {
  findNodeAtLocation,
  getNodeValue,
  parseTree,
  type JSONPath,
  type Node,
} from 'jsonc-parser';
import { tooDeep } from '../../shared/nesting';
import { english, say, type Message } from '../../shared/words/message';
import { t, translated } from '../../shared/words/text';

/**
 * What is wrong with a basin.json beside what its JSON schema tells: files that are not there,
 * values that do not belong together, and what the engine said of it.
 */
export interface Problem {
  /** In the text, in UTF-16 units. */
  readonly offset: number;
  readonly length: number;
  readonly message: string;
  readonly severity: 'error' | 'warning' | 'hint';
  readonly fixes: readonly Fix[];
}

/** What would put it right. */
export type Fix =
  /** Other text in its place. */
  | { readonly kind: 'replace'; readonly title: string; readonly text: string }
  /** Look where the file should be. */
  | { readonly kind: 'reveal'; readonly title: string; readonly folder: string };

/** What a look at the disk tells; paths are relative to the basin.json, with forward slashes. */
export interface Disk {
  readonly isFile: (path: string) => Promise<boolean>;
  /** Names of the files in a folder; none where it cannot be read. */
  readonly list: (folder: string) => Promise<readonly string[]>;
  /** How many files fit a glob. */
  readonly count: (glob: string) => Promise<number>;
}

/** What the schema says beyond what a JSON schema can. */
export type Check = (value: unknown) => readonly {
  readonly path: readonly PropertyKey[];
  readonly message: Message;
}[];

/** Where basin.json names a file. The part after `#` is an array in it. */
const FILES: readonly JSONPath[] = [
  ['model'],
  ['data', 'inputs'],
  ['data', 'targets'],
  ['objective', 'collocation', 'points'],
];

/** Directions whose landscape is around one checkpoint. */
const CENTERED = new Set(['random', 'hessian', undefined]);

export async function findProblems(text: string, disk: Disk, check: Check): Promise<Problem[]> {
  // The editor's own parser tells of brackets beyond number.
  if (tooDeep(text) !== null) return [];
  const root = parseTree(text.replace(/^\uFEFF/, ' '), [], { allowTrailingComma: true });
  if (root?.type !== 'object') return [];
  const problems: Problem[] = [];
  await Promise.all([missingFiles(root, disk, problems), emptyGlobs(root, disk, problems)]);
  missingModel(root, problems);
  evenResolution(root, problems);
  for (const { path, message } of check(getNodeValue(root))) {
    const node = nearest(root, path);
    problems.push({
      ...placeOf(node),
      message: translated(
        path.length === 0 ? say`${message}.` : say`"${path.join('.')}" ${message}.`,
      ),
      severity: 'error',
      fixes: [],
    });
  }
  return problems.sort((a, b) => a.offset - b.offset);
}

/**
 * Where the engine's sentence about a basin.json belongs: at the line or the key it names, or at
 * the file it tells of. `null` where it is about something else, as a checkpoint.
 *
 * @param said `PATH:3:5: …`, `PATH: "objective.residual" …`, `"objective.residual": …`, or a
 *   sentence with the name of a file in it.
 * @param path Of the basin.json.
 */
export function problemOfEngine(
  text: string,
  said: string | Message,
  path: string,
): Problem | null {
  const message = english(said);
  const isNamed = message.startsWith(`${path}:`);
  const rest = isNamed ? message.slice(path.length + 1).trim() : message;
  const whole = translated(said);
  // Whoever reads it in the file knows where it is.
  const sentence = isNamed ? whole.replace(path, '').replace(/^(:\d+:\d+)?[:：]\s*/, '') : whole;
  const problem = (place: { offset: number; length: number }): Problem => ({
    ...place,
    message: sentence,
    severity: 'error',
    fixes: [],
  });
  const line = isNamed ? /^(\d+):(\d+): /.exec(rest) : null;
  const [, row, column] = line ?? [];
  if (row !== undefined && column !== undefined) {
    return problem({ offset: offsetOf(text, Number(row), Number(column)), length: 1 });
  }
  if (tooDeep(text) !== null) return null;
  const root = parseTree(text, [], { allowTrailingComma: true });
  if (root === undefined) return isNamed ? problem({ offset: 0, length: 1 }) : null;
  const key = (isNamed ? /"([\w$]+(?:\.[\w$]+)*)"/ : /^"([\w$]+(?:\.[\w$]+)*)"/).exec(rest)?.[1];
  const node = key === undefined ? root : nearest(root, keysOf(key));
  if (node !== root) return problem(placeOf(node));
  const named = fileNamedIn(rest, root);
  if (named !== undefined) return problem(placeOf(named));
  return isNamed ? problem(placeOf(root)) : null;
}

/** Of a row and a column, both counted from 1. */
function offsetOf(text: string, row: number, column: number): number {
  let offset = 0;
  for (let k = 1; k < row; k++) {
    const end = text.indexOf('\n', offset);
    if (end === -1) break;
    offset = end + 1;
  }
  return Math.min(text.length, offset + column - 1);
}

function keysOf(path: string): JSONPath {
  return path.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

/** Where the file is named that a sentence tells of; of several arrays in it the one it tells of. */
function fileNamedIn(message: string, root: Node): Node | undefined {
  let found: { node: Node; score: number } | undefined;
  for (const location of FILES) {
    const node = findNodeAtLocation(root, location);
    const written: unknown = node?.value;
    if (node === undefined || typeof written !== 'string') continue;
    const [path, array] = splitArray(written);
    const name = path.split('/').at(-1) ?? '';
    if (name.length < 3 || !message.includes(name)) continue;
    const isArray = array.length > 1 && message.includes(`\`${array.slice(1)}\``);
    const score = isArray ? 2 : 1;
    if (found === undefined || score > found.score) found = { node, score };
  }
  return found?.node;
}

async function missingFiles(root: Node, disk: Disk, problems: Problem[]): Promise<void> {
  await Promise.all(
    FILES.map(async (location) => {
      const node = findNodeAtLocation(root, location);
      const written: unknown = node?.value;
      if (node === undefined || typeof written !== 'string' || written === '') return;
      const [path, array] = splitArray(written);
      if (await disk.isFile(path)) return;
      const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '.';
      const names = await disk.list(folder);
      const likely = likeliest(path.split('/').at(-1) ?? '', names);
      const fixes: Fix[] = [];
      if (likely !== undefined) {
        const other = (folder === '.' ? likely : `${folder}/${likely}`) + array;
        fixes.push({
          kind: 'replace',
          title: t('Use {0}', other),
          text: JSON.stringify(other),
        });
      }
      fixes.push({ kind: 'reveal', title: t('Show the folder it should be in'), folder });
      problems.push({
        ...placeOf(node),
        message: t('{0} does not exist. Paths are relative to this file.', path),
        severity: 'error',
        fixes,
      });
    }),
  );
}

/** Checkpoints that may bring their graph along: those of Keras and TensorFlow.js, and any file. */
const OWN_GRAPH = /\.keras$|\.h5$|\.json$|\*$/;

function missingModel(root: Node, problems: Problem[]): void {
  // Its name may stand there already, with nothing behind it yet.
  if (root.children?.some(({ children }) => children?.[0]?.value === 'model') === true) return;
  const globs = findNodeAtLocation(root, ['checkpoints'])?.children;
  if (globs === undefined) return;
  if (globs.some(({ value }) => typeof value === 'string' && OWN_GRAPH.test(value))) return;
  problems.push({
    ...placeOf(root),
    message: t('"model" is missing: name the ONNX export of the network’s graph.'),
    severity: 'error',
    fixes: [],
  });
}

function splitArray(written: string): [string, string] {
  const at = written.lastIndexOf('#');
  return at === -1 ? [written, ''] : [written.slice(0, at), written.slice(at)];
}

/** The only file of the same ending, or the one whose name differs least. */
function likeliest(name: string, names: readonly string[]): string | undefined {
  const ending = /\.[^.]+$/.exec(name)?.[0] ?? '';
  const same = names.filter((each) => each.endsWith(ending) && ending !== '');
  if (same.length <= 1) return same[0];
  const ranked = same
    .slice(0, 500)
    .map((each) => ({ each, distance: editDistance(name, each) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  return best !== undefined && best.distance <= 3 ? best.each : undefined;
}

/** Levenshtein's distance, of names short enough for it. */
function editDistance(a: string, b: string): number {
  if (a.length > 100 || b.length > 100) return Infinity;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

async function emptyGlobs(root: Node, disk: Disk, problems: Problem[]): Promise<void> {
  const globs = findNodeAtLocation(root, ['checkpoints'])?.children ?? [];
  await Promise.all(
    globs.map(async (node) => {
      const glob: unknown = node.value;
      if (typeof glob !== 'string' || glob === '' || (await disk.count(glob)) > 0) return;
      problems.push({
        ...placeOf(node),
        message: t('No file fits {0} yet. Globs are relative to this file.', glob),
        severity: 'warning',
        fixes: [{ kind: 'reveal', title: t('Show the folder of this file'), folder: '.' }],
      });
    }),
  );
}

function evenResolution(root: Node, problems: Problem[]): void {
  const directions: unknown = findNodeAtLocation(root, ['landscape', 'directions'])?.value;
  if (!CENTERED.has(directions as string | undefined)) return;
  const resolution = findNodeAtLocation(root, ['landscape', 'resolution']);
  if (resolution === undefined) return;
  for (const node of resolution.children ?? [resolution]) {
    const value: unknown = node.value;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 3 || value % 2 === 1) {
      continue;
    }
    problems.push({
      ...placeOf(node),
      message: t(
        'Basin takes {0} points: with an even number the checkpoint would be no point of the grid.',
        value + 1,
      ),
      severity: 'hint',
      fixes: [{ kind: 'replace', title: t('Change to {0}', value + 1), text: String(value + 1) }],
    });
  }
}

/** The node of a path, or of as much of it as is there. */
function nearest(root: Node, path: readonly PropertyKey[]): Node {
  for (let length = path.length; length > 0; length--) {
    const keys = path.slice(0, length).map((key) => (typeof key === 'number' ? key : String(key)));
    const node = findNodeAtLocation(root, keys);
    if (node !== undefined) return node;
  }
  return root;
}

/** What is large is marked where it begins: its key. */
function placeOf(node: Node): { offset: number; length: number } {
  const isLarge = node.type === 'object' || node.type === 'array';
  const property = node.parent?.type === 'property' ? node.parent : undefined;
  const key = property?.children?.[0];
  const marked = isLarge && key !== undefined ? key : node;
  const isRoot = isLarge && key === undefined;
  return { offset: marked.offset, length: isRoot ? 1 : marked.length };
}
