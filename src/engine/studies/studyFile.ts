import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import * as z from 'zod';
import { problemsOf } from '../../shared/checkConfiguration';
import { InputError } from '../../shared/inputError';
import { PARTS, type Part } from '../../shared/result';
import { say } from '../../shared/words/message';
import { readJsonc } from '../study/configuration/jsonc';
import { checkpointPattern, type CheckpointPattern } from './checkpointPattern';

const text = z.string().min(1);
const value = z.union([text, z.number()]);

/** What a study is about: checkpoints of many runs, and what tells the runs apart. */
const schema = z.strictObject({
  $schema: z.string().optional(),
  title: text.optional(),
  /** Globs relative to the file, with `{name}` for what differs between the runs. */
  checkpoints: z.union([text, z.array(text).min(1)]),
  /** The last checkpoint of each run, or all of them. */
  which: z.enum(['last', 'all']).default('last'),
  /** Values that are expected, by factor: each combination is a row, whether its run is there or not. */
  factors: z.record(z.string(), z.array(value).min(1)).default({}),
  only: z.array(z.enum(PARTS)).min(1).optional(),
  slurm: z
    .strictObject({
      cpus: z.number().int().min(1).optional(),
      memory: text.optional(),
      time: text.optional(),
      partition: text.optional(),
      account: text.optional(),
      /** How often a task that meets its time limit asks to be run again. */
      requeues: z.number().int().min(0).default(10),
      /** Before Basin is started, as `module load nodejs`. */
      before: z.array(z.string()).default([]),
    })
    .default({ requeues: 10, before: [] }),
});

export type SlurmSettings = z.infer<typeof schema>['slurm'];

/** A study's file, read. */
export interface StudyFile {
  /** Absolute. */
  readonly path: string;
  readonly folder: string;
  /** Of the file, without its ending. */
  readonly name: string;
  readonly title: string;
  readonly patterns: readonly CheckpointPattern[];
  /** Of all patterns, in the order they stand. */
  readonly factors: readonly string[];
  readonly which: 'last' | 'all';
  /** As texts, in the order given. */
  readonly expected: ReadonlyMap<string, readonly string[]>;
  readonly only: readonly Part[] | undefined;
  readonly slurm: SlurmSettings;
}

const STUDY_FILE = 'study.json';

/** A study's file is written by hand. */
const MAX_BYTES = 2 ** 20;

/**
 * @param path the file, or a folder with a study.json.
 * @throws InputError with what is wrong in it.
 */
export async function readStudyFile(path: string): Promise<StudyFile> {
  const isFolder = existsSync(path) && statSync(path).isDirectory();
  const file = resolve(isFolder ? join(path, STUDY_FILE) : path);
  if (!existsSync(file)) {
    throw new InputError(
      say`${isFolder ? `${path} holds no ${STUDY_FILE}` : `${path} does not exist`}; write one, as {"checkpoints": "beta-{beta}/seed-{seed}/step-*.pt"}.`,
      'missing',
    );
  }
  const content = await readJsonc(file, MAX_BYTES);
  const parsed = schema.safeParse(content);
  if (!parsed.success) {
    const [problem] = problemsOf(parsed.error, content);
    const where = problem!.path.length === 0 ? '' : ` "${problem!.path.join('.')}"`;
    throw new InputError(say`${file}:${where} ${problem!.message}.`);
  }
  const { checkpoints, factors: expected, title, which, only, slurm } = parsed.data;
  const patterns = [checkpoints].flat().map((each) => checkpointPattern(each, file));
  const factors = [...new Set(patterns.flatMap((pattern) => pattern.factors))];
  const unknown = Object.keys(expected).find((name) => !factors.includes(name));
  if (unknown !== undefined) {
    throw new InputError(
      say`${file}: "factors" has ${unknown}, which "checkpoints" does not; write {${unknown}} where it stands in the paths.`,
    );
  }
  const name = basename(file).replace(/\.jsonc?$/, '');
  return {
    path: file,
    folder: dirname(file),
    name,
    title: title ?? name,
    patterns,
    factors,
    which,
    expected: new Map(Object.entries(expected).map(([key, values]) => [key, values.map(String)])),
    only,
    slurm,
  };
}
