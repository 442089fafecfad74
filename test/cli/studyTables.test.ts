import { describe, expect, it } from 'vitest';
import { studyTables } from '../../src/engine/cli/studyTables';
import { groupsOf } from '../../src/engine/studies/groups';
import type { StudyRow } from '../../src/engine/studies/studyRow';

/** A run of the study with one figure that is looked at. */
function rowOf(beta: string, seed: string, persistence: number): StudyRow {
  return {
    factors: { beta, seed },
    checkpoint: `beta-${beta}/seed-${seed}.pt`,
    status: 'analyzed',
    why: null,
    step: null,
    epoch: null,
    figures: {
      loss: null,
      accuracy: null,
      error: null,
      eigenvalue: null,
      trace: null,
      saddles: null,
      persistence,
    },
  };
}

describe('tables of a study', () => {
  it('keep the digits of a mean between runs that differ by more than it', () => {
    const rows = [
      ...[198.9, 93.73, 105, 21_775, 50.87].map((value, seed) => rowOf('10', String(seed), value)),
      ...[1.5, 2.5].map((value, seed) => rowOf('1', String(seed), value)),
    ];
    const tables = studyTables({
      schema: 1,
      title: 'study',
      factors: ['beta', 'seed'],
      shard: null,
      rows,
      groups: groupsOf('beta', rows),
      relations: [],
      notes: [],
    });
    const [, groups] = tables;
    // Mean 4444.7 and standard deviation (n − 1) 9688.2; 2 and 0.7071.
    expect(groups!.rows).toEqual([
      ['10', '5', '4,445 ± 9,688'],
      ['1', '2', '2.0 ± 0.7'],
    ]);
  });
});
