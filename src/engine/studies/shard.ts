import { InputError } from '../../shared/inputError';
import type { Team } from '../study/landscapes/sharedPoints';
import { say } from '../../shared/words/message';

/** A part of a study's tasks: every `count`-th one. */
export interface Shard {
  /** From 0. */
  readonly index: number;
  readonly count: number;
}

/**
 * A shard as `3/8`. Shards are counted from 1 to 8 or from 0 to 7: 8/8 and 0/8 are the same one, so
 * that either way each is there once.
 *
 * @throws InputError for anything else.
 */
export function parseShard(text: string): Shard {
  const [, first, second] = /^(\d{1,9})\/(\d{1,9})$/.exec(text.trim()) ?? [];
  const [number, count] = [Number(first), Number(second)];
  if (first === undefined || count < 1 || number > count) {
    throw new InputError(
      say`"${text}" is no shard: write --shard 1/4 to --shard 4/4, or 0/4 to 3/4, for the four parts of a study.`,
    );
  }
  return { index: (number + count - 1) % count, count };
}

/** The tasks of a shard. Neighbours, which take alike, go to different ones. */
export function tasksOf<T>(tasks: readonly T[], { index, count }: Shard): readonly T[] {
  return tasks.filter((_, at) => at % count === index);
}

/** Tasks that several shards have a part in. */
export interface SharedTask<T> {
  readonly task: T;
  /** Of its shards, this one, and how many there are. The first one has the task, the others help. */
  readonly team: Team;
}

/**
 * The tasks that are left where every shard has as many: there are fewer of them than shards, all of
 * which have a part in one. Of a study with fewer tasks than shards these are all.
 *
 * @returns none where every shard has a task of its own, or this one's nobody else.
 */
export function sharedTask<T>(tasks: readonly T[], { index, count }: Shard): SharedTask<T> | null {
  const rest = tasks.length % count;
  if (rest === 0) return null;
  const own = index % rest;
  const team = { index: Math.floor(index / rest), count: Math.ceil((count - own) / rest) };
  return team.count < 2 ? null : { task: tasks[tasks.length - rest + own]!, team };
}

/**
 * The shards that have a part in a task, from 1: the one it falls to, and where its landscape is shared
 * those that sample it too.
 *
 * @param at of all tasks.
 */
export function shardsWith(at: number, tasks: number, count: number): readonly number[] {
  const first = (at % count) + 1;
  const rest = tasks % count;
  if (at < tasks - rest) return [first];
  return Array.from({ length: Math.ceil((count - first + 1) / rest) }, (_, k) => first + k * rest);
}

/** How a scheduler tells the tasks of an array what they are. */
interface Scheduler {
  readonly name: string;
  readonly task: string;
  /** What it says outside of an array. */
  readonly outside: string | null;
  readonly first?: string;
  readonly last?: string;
  /** Between two tasks, or how many there are: what shows that none is left out. */
  readonly step?: string;
  readonly count?: string;
}

const SCHEDULERS: readonly Scheduler[] = [
  {
    name: 'Slurm',
    task: 'SLURM_ARRAY_TASK_ID',
    outside: null,
    first: 'SLURM_ARRAY_TASK_MIN',
    last: 'SLURM_ARRAY_TASK_MAX',
    count: 'SLURM_ARRAY_TASK_COUNT',
  },
  { name: 'PBS', task: 'PBS_ARRAY_INDEX', outside: null },
  {
    name: 'LSF',
    task: 'LSB_JOBINDEX',
    outside: '0',
    last: 'LSB_JOBINDEX_END',
    step: 'LSB_JOBINDEX_STEP',
  },
  {
    name: 'Grid Engine',
    task: 'SGE_TASK_ID',
    outside: 'undefined',
    first: 'SGE_TASK_FIRST',
    last: 'SGE_TASK_LAST',
    step: 'SGE_TASK_STEPSIZE',
  },
  { name: 'Kubernetes', task: 'JOB_COMPLETION_INDEX', outside: null },
];

/**
 * The shard that a scheduler's array gives this process, by its environment.
 *
 * @returns null outside of an array.
 * @throws InputError where the array has gaps, or its size is not told: then a shard that is derived
 *   from it would be a wrong one.
 */
export function shardOf(environment: Readonly<Record<string, string | undefined>>): {
  readonly shard: Shard;
  readonly variable: string;
} | null {
  for (const { name, task, outside, first, last, step, count } of SCHEDULERS) {
    const text = environment[task];
    if (text === undefined || text === '' || text === outside) continue;
    const number = (variable: string | undefined, otherwise: number): number => {
      const value = variable === undefined ? undefined : environment[variable];
      return value === undefined || !/^\d+$/.test(value) ? otherwise : Number(value);
    };
    const [low, high] = [number(first, name === 'LSF' ? 1 : NaN), number(last, NaN)];
    const total = high - low + 1;
    const isWhole =
      Number.isFinite(total) && number(step, 1) === 1 && number(count, total) === total;
    const index = Number(text) - low;
    if (!isWhole || !(index >= 0 && index < total)) {
      throw new InputError(
        say`${name} says which task of an array this is (${task}=${text}), and not how many shards there are, as every array does that has gaps or whose size is not told; write --shard "$${task}/N" with the number of shards.`,
      );
    }
    return { shard: { index, count: total }, variable: task };
  }
  return null;
}
