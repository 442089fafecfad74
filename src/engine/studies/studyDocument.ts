import type { Shard } from './shard';
import type { Collected } from './collect';
import { groupsOf, type Group } from './groups';
import { relationsOf, type Relation } from './relations';
import type { StudyFile } from './studyFile';
import type { StudyPlan } from './studyPlan';
import { missingRow, type StudyRow } from './studyRow';

/** All that a study says. It has no times in it: equal inputs give equal bytes, wherever it ran. */
export interface StudyDocument {
  readonly schema: 1;
  readonly title: string;
  readonly factors: readonly string[];
  /** Of a part of the study; null of all of it. */
  readonly shard: Shard | null;
  readonly rows: readonly StudyRow[];
  /** By the first factor; of a part of the study there are none, nor relations. */
  readonly groups: readonly Group[];
  readonly relations: readonly Relation[];
  readonly notes: readonly string[];
}

export function studyDocument(
  file: StudyFile,
  plan: StudyPlan,
  collected: readonly Collected[],
  shard: Shard | null,
): StudyDocument {
  const { title, factors } = file;
  const known = collected.map(({ row }) => row);
  // The sort is stable: checkpoints of one run stay in their order.
  const rows = shard === null ? [...known, ...plan.missing.map(missingRow)] : known;
  rows.sort((a, b) => plan.order(a.factors, b.factors));
  const [first] = factors;
  return {
    schema: 1,
    title,
    factors,
    shard,
    rows,
    groups: first === undefined || shard !== null ? [] : groupsOf(first, rows),
    relations: shard === null ? relationsOf(factors, rows) : [],
    notes: notesOf(file, collected),
  };
}

function notesOf(file: StudyFile, collected: readonly Collected[]): string[] {
  const notes: string[] = [];
  if (file.which === 'all') {
    notes.push(
      'Checkpoints of one run follow from each other: the intervals of ρ take them for independent and are too narrow.',
    );
  }
  // What is counted against what is only comparable where it was looked at alike.
  const looks = new Set(collected.map(({ look }) => look).filter((look) => look !== null));
  if (looks.size > 1) {
    notes.push(
      'The landscapes differ in their range, resolution or neighbourhood: counts of saddles from one to the other mean little.',
    );
  }
  return notes;
}
