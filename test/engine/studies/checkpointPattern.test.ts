import { describe, expect, test } from 'vitest';
import { checkpointPattern } from '../../../src/engine/studies/checkpointPattern';

const pattern = (text: string) => checkpointPattern(text, 'study.json');

describe('a pattern of checkpoints', () => {
  test('takes the factors from a path', () => {
    const { factors, glob, match } = pattern('beta-{beta}/seed-{seed}/step-*.pt');
    expect(factors).toEqual(['beta', 'seed']);
    expect(glob).toBe('beta-*/seed-*/step-*.pt');
    expect(match('beta-0.5/seed-12/step-00100.pt')).toEqual({ beta: '0.5', seed: '12' });
    expect(match('beta-0.5/seed-12/more/step-00100.pt')).toBeNull();
    expect(match('beta-/seed-12/step-1.pt')).toBeNull();
  });

  test('tells two factors in one name apart by what is between them', () => {
    expect(pattern('{model}-{seed}.pt').match('plain-3.pt')).toEqual({ model: 'plain', seed: '3' });
    // The first one is as short as it can be.
    expect(pattern('{model}-{seed}.pt').match('no-skip-3.pt')).toEqual({
      model: 'no',
      seed: 'skip-3',
    });
  });

  test('has stars over any folders, and takes every other character for itself', () => {
    expect(pattern('**/{run}/a+(b)[c].pt').match('x/y/7/a+(b)[c].pt')).toEqual({ run: '7' });
    expect(pattern('**/{run}/last.pt').match('7/last.pt')).toEqual({ run: '7' });
    expect(pattern('{run}/last.p?').match('7/last.p/')).toBeNull();
    expect(pattern('{run}/last.pt').match('7/lastXpt')).toBeNull();
  });

  test('refuses braces that hold no name, and a name twice', () => {
    expect(() => pattern('{a,b}/last.pt')).toThrow('{a,b}');
    expect(() => pattern('{seed}/{seed}.pt')).toThrow('{seed} twice');
  });
});
