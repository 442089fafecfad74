import {
  findNodeAtLocation,
  getNodeValue,
  parseTree,
  type JSONPath,
  type Node,
} from 'jsonc-parser';
import { t } from './text';

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
  readonly message: string;
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
  const root = parseTree(text.replace(/^\uFEFF/, ' '), [], { allowTrailingComma: true });
  if (root?.type !== 'object') return [];
  const problems: Problem[] = [];
  await Promise.all([missingFiles(root, disk, problems), emptyGlobs(root, disk, problems)]);
  evenResolution(root, problems);
  for (const { path, message } of check(getNodeValue(root))) {
    const node = nearest(root, path);
    problems.push({
      ...placeOf(node),
      message: `${path.length === 0 ? '' : `"${path.join('.')}" `}${message}.`,
      severity: 'error',
      fixes: [],
    });
  }
  return problems.sort((a, b) => a.offset - b.offset);
}

/**
 * Where the engine's sentence about a basin.json belongs: it names the key in quotes, or the line.
 *
 * @param message `PATH: "objective.residual" …`, `PATH:3:5: …`.
 * @param path Of the basin.json, as the sentence begins with it.
 */
export function problemOfEngine(text: string, message: string, path: string): Problem | null {
  if (!message.startsWith(`${path}:`)) return null;
  const rest = message.slice(path.length + 1).trim();
  const line = /^(\d+):(\d+): (.*)$/s.exec(rest);
  if (line) {
    const [, row = '1', column = '1', sentence = rest] = line;
    const lines = text.split('\n');
    const before = lines.slice(0, Number(row) - 1).join('\n').length + (row === '1' ? 0 : 1);
    const offset = Math.min(text.length, before + Number(column) - 1);
    return { offset, length: 1, message: sentence, severity: 'error', fixes: [] };
  }
  const root = parseTree(text, [], { allowTrailingComma: true });
  const key = /"([\w$]+(?:\.[\w$]+)*)"/.exec(rest)?.[1];
  const node =
    root === undefined || key === undefined
      ? root
      : nearest(
          root,
          key.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part)),
        );
  return {
    ...(node === undefined ? { offset: 0, length: 1 } : placeOf(node)),
    message: rest,
    severity: 'error',
    fixes: [],
  };
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
