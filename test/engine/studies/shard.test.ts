import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  parseShard,
  sharedTask,
  shardOf,
  shardsWith,
  tasksOf,
} from '../../../src/engine/studies/shard';
import { arrayOf } from '../../../src/engine/studies/slurmScript';

describe('a shard', () => {
  const tasks = Array.from({ length: 11 }, (_, at) => at);

  test.each([
    ['from 1', ['1/4', '2/4', '3/4', '4/4']],
    ['from 0', ['0/4', '1/4', '2/4', '3/4']],
  ])('is a part of the whole, counted %s', (_, texts) => {
    const parts = texts.map((text) => tasksOf(tasks, parseShard(text)));
    expect(parts.flat().sort((a, b) => a - b)).toEqual(tasks);
  });

  test('holds every fourth task', () => {
    expect(tasksOf(tasks, parseShard('1/4'))).toEqual([0, 4, 8]);
    expect(tasksOf(tasks, parseShard('3/4'))).toEqual([2, 6, 10]);
    expect(tasksOf([0, 1], parseShard('3/4'))).toEqual([]);
  });

  test.each(['5/4', '1', '1/0', '-1/4', '1/4/2', 'a/b', '1.5/4', ''])('is not %j', (text) => {
    expect(() => parseShard(text)).toThrow('--shard 1/4');
  });
});

describe('the shard of an array', () => {
  // As the schedulers set them: the manuals of sbatch, bsub, qsub, and of Kubernetes' indexed jobs.
  test.each([
    [
      { SLURM_ARRAY_TASK_ID: '3', MIN: '0', MAX: '7', COUNT: '8' },
      { index: 3, count: 8 },
    ],
    [
      { SLURM_ARRAY_TASK_ID: '3', MIN: '1', MAX: '4', COUNT: '4' },
      { index: 2, count: 4 },
    ],
  ])('is Slurm’s: %j', ({ SLURM_ARRAY_TASK_ID, MIN, MAX, COUNT }, shard) => {
    const found = shardOf({
      SLURM_ARRAY_TASK_ID,
      SLURM_ARRAY_TASK_MIN: MIN,
      SLURM_ARRAY_TASK_MAX: MAX,
      SLURM_ARRAY_TASK_COUNT: COUNT,
    });
    expect(found).toEqual({ shard, variable: 'SLURM_ARRAY_TASK_ID' });
  });

  test('is LSF’s and Grid Engine’s', () => {
    const lsf = { LSB_JOBINDEX: '2', LSB_JOBINDEX_END: '5', LSB_JOBINDEX_STEP: '1' };
    expect(shardOf(lsf)?.shard).toEqual({ index: 1, count: 5 });
    const sge = {
      SGE_TASK_ID: '5',
      SGE_TASK_FIRST: '1',
      SGE_TASK_LAST: '5',
      SGE_TASK_STEPSIZE: '1',
    };
    expect(shardOf(sge)?.shard).toEqual({ index: 4, count: 5 });
  });

  test('is none outside of one', () => {
    expect(shardOf({})).toBeNull();
    expect(shardOf({ LSB_JOBINDEX: '0', SGE_TASK_ID: 'undefined' })).toBeNull();
  });

  test.each([
    // sbatch --array=1,3
    [{ SLURM_ARRAY_TASK_ID: '3', MIN: '1', MAX: '3', COUNT: '2' }, 'SLURM_ARRAY_TASK_ID'],
    // sbatch --array=0-6:2
    [{ SLURM_ARRAY_TASK_ID: '2', MIN: '0', MAX: '6', COUNT: '4' }, 'SLURM_ARRAY_TASK_ID'],
  ])('is refused where the array has gaps: %j', (values, variable) => {
    const environment = {
      SLURM_ARRAY_TASK_ID: values.SLURM_ARRAY_TASK_ID,
      SLURM_ARRAY_TASK_MIN: values.MIN,
      SLURM_ARRAY_TASK_MAX: values.MAX,
      SLURM_ARRAY_TASK_COUNT: values.COUNT,
    };
    expect(() => shardOf(environment)).toThrow(`--shard "$${variable}/N"`);
  });

  test.each([
    { PBS_ARRAY_INDEX: '3' },
    { JOB_COMPLETION_INDEX: '0' },
    { LSB_JOBINDEX: '3', LSB_JOBINDEX_END: '9', LSB_JOBINDEX_STEP: '2' },
    { SGE_TASK_ID: '3', SGE_TASK_FIRST: '1', SGE_TASK_LAST: '9', SGE_TASK_STEPSIZE: '2' },
  ])('is refused where its size is not told: %j', (environment) => {
    expect(() => shardOf(environment)).toThrow('how many shards there are');
  });
});

test('an array is written as ranges', () => {
  expect(arrayOf([3, 1, 2, 7, 7, 9, 10])).toBe('1-3,7,9-10');
  expect(arrayOf([4])).toBe('4');
});

describe('tasks that several shards have a part in', () => {
  test('are those that are left, each with a team of which the first has it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 25 }), (m, count) => {
        const tasks = Array.from({ length: m }, (_, at) => at);
        const teams = new Map<number, number[]>();
        for (let index = 0; index < count; index += 1) {
          const shard = { index, count };
          const shared = sharedTask(tasks, shard);
          const rest = m % count;
          if (shared === null) {
            // Then all have as many, or this one has its task for itself.
            expect(rest === 0 || 2 * rest > count).toBe(true);
            continue;
          }
          expect(shared.task).toBeGreaterThanOrEqual(m - rest);
          const isOwner = tasksOf(tasks, shard).includes(shared.task);
          expect(isOwner).toBe(shared.team.index === 0);
          const team = teams.get(shared.task) ?? [];
          teams.set(shared.task, [...team, shared.team.index]);
          expect(shared.team.count).toBeGreaterThan(1);
        }
        for (const team of teams.values()) {
          expect(team.sort((a, b) => a - b)).toEqual(team.map((_, at) => at));
        }
      }),
    );
  });

  test('of a study with fewer checkpoints than shards are all', () => {
    const teams = [0, 1, 2, 3, 4].map((index) => sharedTask(['a', 'b'], { index, count: 5 }));
    expect(teams).toEqual([
      { task: 'a', team: { index: 0, count: 3 } },
      { task: 'b', team: { index: 0, count: 2 } },
      { task: 'a', team: { index: 1, count: 3 } },
      { task: 'b', team: { index: 1, count: 2 } },
      { task: 'a', team: { index: 2, count: 3 } },
    ]);
  });
});

test('the shards of a task are those that have it or a part of it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 60 }), (size, count) => {
      const tasks = Array.from({ length: size }, (_, at) => at);
      for (const task of tasks) {
        const own = Array.from({ length: count }, (_, index) => ({ index, count })).filter(
          (shard) =>
            tasksOf(tasks, shard).includes(task) || sharedTask(tasks, shard)?.task === task,
        );
        const numbers = own.map(({ index }) => index + 1);
        expect(shardsWith(task, size, count)).toEqual(numbers);
      }
    }),
  );
});
