import { relative, resolve, sep } from 'node:path';
import { glob } from 'tinyglobby';
import { InputError } from '../../shared/inputError';
import { say } from '../../shared/words/message';
import { nameIn } from '../../shared/pathNames';
import { naturalOrder } from '../study/configuration/study';
import type { StudyFile } from './studyFile';

/** Values by factor, as they stand in paths. */
export type Factors = Readonly<Record<string, string>>;

/** One checkpoint of a study. */
export interface StudyTask {
  readonly factors: Factors;
  /** Absolute. */
  readonly path: string;
  /** Relative to the study's file, with forward slashes. */
  readonly name: string;
}

export interface StudyPlan {
  /** In natural order of their factors, then of their names: the same on every machine. */
  readonly tasks: readonly StudyTask[];
  /** Combinations of factors that were expected and have no checkpoint. */
  readonly missing: readonly Factors[];
  /** Of factors: as their values are given in the study's file, else 9 before 10. */
  readonly order: (a: Factors, b: Factors) => number;
}

/** @throws InputError where there is no checkpoint at all. */
export async function planStudy(file: StudyFile): Promise<StudyPlan> {
  const found = new Map<string, StudyTask>();
  for (const pattern of file.patterns) {
    const paths = await glob([pattern.glob], {
      cwd: file.folder,
      absolute: true,
      onlyFiles: true,
      expandDirectories: false,
      ignore: ['**/node_modules/**', '**/.git/**', '**/.basin/**'],
    });
    for (const path of paths.map((each) => resolve(each))) {
      const name = nameIn(file.folder, path, { relative, sep });
      const factors = pattern.match(name);
      if (factors !== null && !found.has(name)) found.set(name, { factors, path, name });
    }
  }
  if (found.size === 0) {
    const patterns = file.patterns.map(({ text }) => text).join(', ');
    throw new InputError(
      say`${file.path}: no file matches "checkpoints" (${patterns}); check the patterns, which are relative to this file.`,
      'missing',
    );
  }
  const order = orderOf(file);
  const all = [...found.values()].sort(
    (a, b) => order(a.factors, b.factors) || naturalOrder(a.name, b.name),
  );
  const tasks = file.which === 'all' ? all : lastOfEach(all);
  const missing = combinations(file.expected).filter(
    (factors) => !tasks.some((task) => isPartOf(factors, task.factors)),
  );
  return { tasks, missing, order };
}

/** Of runs, which are told apart by their factors and, where there are none, by their folders. */
function lastOfEach(tasks: readonly StudyTask[]): StudyTask[] {
  const last = new Map<string, StudyTask>();
  for (const task of tasks) {
    const folder = task.name.slice(0, task.name.lastIndexOf('/') + 1);
    const isTold = Object.keys(task.factors).length > 0;
    last.set(isTold ? keyOf(task.factors) : folder, task);
  }
  return [...last.values()];
}

function orderOf({ factors: names, expected }: StudyFile): (a: Factors, b: Factors) => number {
  return (a, b) => {
    for (const name of names) {
      const [first, second] = [a[name] ?? '', b[name] ?? ''];
      if (first === second) continue;
      const places = expected.get(name) ?? [];
      const [i, j] = [places.indexOf(first), places.indexOf(second)];
      if (i >= 0 && j >= 0) return i - j;
      return naturalOrder(first, second);
    }
    return 0;
  };
}

function combinations(expected: ReadonlyMap<string, readonly string[]>): Factors[] {
  if (expected.size === 0) return [];
  let all: Factors[] = [{}];
  for (const [name, values] of expected) {
    all = all.flatMap((factors) => values.map((value) => ({ ...factors, [name]: value })));
  }
  return all;
}

function isPartOf(factors: Factors, of: Factors): boolean {
  return Object.entries(factors).every(([name, value]) => of[name] === value);
}

function keyOf(factors: Factors): string {
  return JSON.stringify(Object.entries(factors).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** As people read it: beta 7, seed 3. */
export function describeFactors(factors: Factors): string {
  return Object.entries(factors)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}
