import { describe, expect, test } from 'vitest';
import { FIGURES, type EntryFigures } from '../../../src/shared/entryFigures';
import { groupsOf } from '../../../src/engine/studies/groups';
import { relationsOf } from '../../../src/engine/studies/relations';
import type { StudyRow } from '../../../src/engine/studies/studyRow';

function row(factors: Record<string, string>, figures: Partial<EntryFigures> | null): StudyRow {
  const none = Object.fromEntries(FIGURES.map((name) => [name, null])) as EntryFigures;
  return {
    factors,
    checkpoint: 'last.pt',
    status: 'analyzed',
    why: null,
    step: null,
    epoch: null,
    figures: figures === null ? null : { ...none, ...figures },
  };
}

// Figure 6 of Xie et al. 2024, as digitised: the ρ beside it are scipy.stats.spearmanr's.
const SADDLES = [13, 11, 13, 15, 12, 14, 14, 23, 19, 27];
const ERRORS = [0.005, 0.007, 0.012, 0.012, 0.009, 0.012, 0.423, 0.472, 0.625, 0.713];
const EIGENVALUES = [576, 1367, 208, 690, 717, 1410, 3348, 3322, 1455, 2464];

describe('relations of a study', () => {
  const rows = SADDLES.map((saddles, at) =>
    row({ beta: String(at + 1) }, { saddles, error: ERRORS[at]!, eigenvalue: EIGENVALUES[at]! }),
  );
  const relations = relationsOf(['beta'], rows);
  const rho = (x: string, y: string) => relations.find((r) => r.x === x && r.y === y)?.rho;

  test('are Spearman’s ρ of factors and figures', () => {
    expect(rho('beta', 'saddles')).toBeCloseTo(0.81709, 4);
    expect(rho('saddles', 'error')).toBeCloseTo(0.88275, 4);
    expect(rho('saddles', 'eigenvalue')).toBeCloseTo(0.57318, 4);
    expect(relations.every(({ count, isFew }) => count === 10 && !isFew)).toBe(true);
  });

  test('leave out what is not known', () => {
    expect(relations.some(({ y }) => y === 'accuracy')).toBe(false);
  });

  test('order two values that are no numbers', () => {
    const two = [1, 2, 3, 8, 9, 7].map((saddles, at) =>
      row({ model: at < 3 ? 'residual' : 'plain' }, { saddles }),
    );
    const [relation] = relationsOf(['model'], two);
    expect(relation).toMatchObject({ x: 'model', y: 'saddles', order: ['plain', 'residual'] });
    // All of the first are above all of the second: −9 / √(17.5 · 13.5 · …) by the formula of ties.
    expect(relation!.rho).toBeCloseTo(-0.87831, 4);
    expect(relation!.isFew).toBe(true);
  });
});

test('groups are means over the other factors', () => {
  const rows = [
    row({ beta: '1', seed: '0' }, { loss: 2 }),
    row({ beta: '1', seed: '1' }, { loss: 4 }),
    row({ beta: '1', seed: '2' }, null),
    row({ beta: '2', seed: '0' }, { loss: 5 }),
  ];
  expect(groupsOf('beta', rows)).toEqual([
    {
      value: '1',
      count: 2,
      without: 1,
      figures: { loss: { count: 2, mean: 3, deviation: Math.SQRT2 } },
    },
    { value: '2', count: 1, without: 0, figures: { loss: { count: 1, mean: 5, deviation: null } } },
  ]);
});
