import { describe, expect, it } from 'vitest';
import {
  describeProgress,
  overallFraction,
} from '../../../src/extension/analysis/progressFraction';
import type { Progress } from '../../../src/shared/engineProtocol';

const progress = (part: Progress['part'], fraction: number, index = 0, count = 1): Progress => ({
  job: 'j',
  checkpoint: '/e.pt',
  index,
  count,
  part,
  fraction,
});

describe('how much is done', () => {
  it('grows from nothing to everything', () => {
    const steps = (['open', 'metrics', 'landscape', 'topology', 'hessian'] as const).flatMap(
      (part) => [0, 0.5, 1].map((fraction) => overallFraction(progress(part, fraction))),
    );
    expect(steps[0]).toBe(0);
    expect(steps.at(-1)).toBeCloseTo(1);
    expect([...steps].sort((a, b) => a - b)).toEqual(steps);
  });

  it('is shared by the checkpoints of a job', () => {
    expect(overallFraction(progress('open', 0, 1, 4))).toBe(0.25);
    expect(overallFraction(progress('hessian', 1, 3, 4))).toBeCloseTo(1);
  });

  it('is said in words, whatever the engine sends', () => {
    expect(describeProgress(progress('landscape', 0.4249))).toBe('landscape 42 %');
    expect(describeProgress(progress('landscape', Number.NaN))).toBe('landscape 0 %');
    expect(overallFraction(progress('open', 7, 0, 0))).toBe(0);
  });
});
