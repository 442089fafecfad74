import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { studyFolder } from './taskRecord';
import type { StudyFile } from './studyFile';

export interface SlurmScripts {
  /** Files to write, by their absolute paths. */
  readonly array: { readonly path: string; readonly text: string };
  readonly merge: { readonly path: string; readonly text: string };
  /** Where the tasks log, absolute: sbatch needs it to be there. */
  readonly logs: string;
}

export interface SlurmOptions {
  readonly shards: number;
  /** How Basin is started: its executable and script, absolute. */
  readonly command: readonly string[];
  /** What the merge writes, absolute. */
  readonly out: readonly string[];
}

/** Seconds before its time limit that a task is told to end. */
const WARNING = 120;

/**
 * The scripts of an array over the shards of a study, and of the merge that follows it. They are
 * written to be read, changed and kept.
 *
 * Slurm sends the warning before a time limit to the script alone (`B:`), which hands it on: Basin puts
 * away what it has, and the task asks to be run again, where it goes on. The warning is SIGUSR1, as
 * SIGTERM is what `scancel` sends: a task that is cancelled stays so.
 */
export function slurmScripts(file: StudyFile, options: SlurmOptions): SlurmScripts {
  const { shards, command, out } = options;
  const { slurm } = file;
  const folder = studyFolder(file);
  const logs = join(folder, 'logs');
  const job = `basin-${file.name.replaceAll(/[^A-Za-z0-9._-]/g, '_')}`;
  const settings = (
    [
      ['partition', slurm.partition],
      ['account', slurm.account],
    ] as const
  ).flatMap(([name, value]) => (value === undefined ? [] : [`#SBATCH --${name}=${value}`]));
  const resources = (
    [
      ['cpus-per-task', slurm.cpus],
      ['mem', slurm.memory],
      ['time', slurm.time],
    ] as const
  ).flatMap(([name, value]) => (value === undefined ? [] : [`#SBATCH --${name}=${value}`]));
  const basin = [...command, 'study', file.path].map(quoted).join(' ');
  const array = [
    '#!/bin/bash',
    `# The shards of ${oneLine(file.title)}. What a task has done is kept and is not computed again:`,
    '# one that is cancelled, killed or run twice changes nothing in the result.',
    `#SBATCH --job-name=${job}`,
    `#SBATCH --array=1-${shards}`,
    ...settings,
    ...resources,
    '#SBATCH --requeue',
    '#SBATCH --open-mode=append',
    `#SBATCH --signal=B:USR1@${WARNING}`,
    `#SBATCH --output=${join(logs, '%A_%a.log')}`,
    '',
    ...slurm.before,
    `${basin} --shard "$SLURM_ARRAY_TASK_ID/${shards}" --workers "\${SLURM_CPUS_PER_TASK:-1}" &`,
    'basin=$!',
    'told=',
    `trap 'told=USR1; kill -TERM "$basin"' USR1`,
    `trap 'told=TERM; kill -TERM "$basin"' TERM`,
    '# A signal ends the first wait; the second one is for Basin, which puts away what it has.',
    'wait "$basin"; status=$?',
    '[ -z "$told" ] || { wait "$basin"; status=$?; }',
    `if [ "$told" = USR1 ] && [ "$status" -eq 143 ] && [ "\${SLURM_RESTART_COUNT:-0}" -lt ${slurm.requeues} ]; then`,
    '  scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"',
    'fi',
    'exit "$status"',
    '',
  ];
  const merge = [
    '#!/bin/bash',
    `# What all shards of ${oneLine(file.title)} say together. It computes nothing, and lists what is missing.`,
    `#SBATCH --job-name=${job}-merge`,
    ...settings,
    '#SBATCH --cpus-per-task=1',
    '#SBATCH --open-mode=append',
    `#SBATCH --output=${join(logs, 'merge-%j.log')}`,
    '',
    ...slurm.before,
    `exec ${basin} --merge${out.map((each) => ` --out ${quoted(each)}`).join('')}`,
    '',
  ];
  return {
    array: { path: arrayPath(file), text: array.join('\n') },
    merge: { path: join(folder, 'merge.sbatch'), text: merge.join('\n') },
    logs,
  };
}

/** Of how many shards the array of a study was written; null where none was. */
export async function writtenShards(file: StudyFile): Promise<number | null> {
  const text = await readFile(arrayPath(file), 'utf8').catch(() => '');
  const [, count] = /^#SBATCH --array=1-(\d+)$/m.exec(text) ?? [];
  return count === undefined ? null : Number(count);
}

export function arrayPath(file: StudyFile): string {
  return join(studyFolder(file), 'array.sbatch');
}

/** For a shell, whatever is in it. */
export function quoted(text: string): string {
  return /^[A-Za-z0-9_./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A line of a comment stays one. */
function oneLine(text: string): string {
  return text.replaceAll(/[\r\n]+/g, ' ');
}

/** Shards as an array is written: 1-3,7. */
export function arrayOf(shards: readonly number[]): string {
  const ranges: string[] = [];
  const sorted = [...new Set(shards)].sort((a, b) => a - b);
  for (let from = 0; from < sorted.length;) {
    let to = from;
    while (sorted[to + 1] === sorted[to]! + 1) to++;
    ranges.push(from === to ? String(sorted[from]) : `${sorted[from]}-${sorted[to]}`);
    from = to + 1;
  }
  return ranges.join(',');
}
