import { describe, expect, it } from 'vitest';
import { likelyOutput, type TargetShape } from '../../../src/engine/objective/likelyOutput';

type Outputs = Record<string, readonly (number | null)[]>;

const of = (outputs: Outputs) => new Map(Object.entries(outputs));
const indices = (classes: number, ...shape: number[]): TargetShape => ({
  shape,
  isWhole: true,
  classes,
});
const numbers = (...shape: number[]): TargetShape => ({ shape, isWhole: false, classes: null });

describe('the output that is meant', () => {
  it.each([
    // Features, then the logits: not the first.
    [{ h: [null, 5], logits: [null, 3] }, 'classification', indices(3, 24), 'logits'],
    // Names say nothing, as of older exporters: as many as there are classes.
    [{ '12': [null, 3], '14': [null, 5] }, 'classification', indices(3, 24), '12'],
    // Two heads: the one of the targets.
    [{ coarse: [null, 2], fine: [null, 10] }, 'classification', indices(10, 24), 'fine'],
    // Tokens: [N, T, V] and not the pooled [N, H].
    [{ logits: [null, 7, 11], pooled: [null, 8] }, 'classification', indices(11, 24, 7), 'logits'],
    // Pixels beside a score of the image.
    [{ mask: [null, 4, 6, 6], score: [null, 1] }, 'classification', indices(4, 24, 6, 6), 'mask'],
    // Nobody knows the shapes: the last.
    [{ a: [null, null], b: [null, null] }, 'classification', indices(3, 24), 'b'],
    // Numbers of the shape of one of them.
    [{ mean: [null, 2], variance: [null, 1] }, 'regression', numbers(24, 2), 'mean'],
    [{ hidden: [null, 8], y: [null, 1] }, 'regression', numbers(24), 'y'],
    [{ boxes: [null, 4], labels: [null, 6] }, 'binary', numbers(24, 6), 'labels'],
    // The loss, which is one number.
    [{ loss: [], logits: [null, 3] }, 'output', null, 'loss'],
    [{ logits: [null, 3], total: [] }, 'output', null, 'total'],
    // Targets that cannot be read.
    [{ hidden: [null, 8], logits: [null, 3] }, 'classification', null, 'logits'],
  ] as const)('of %j for %s is found by shape', (outputs, kind, targets, expected) => {
    expect(likelyOutput(of(outputs), { kind }, targets)).toBe(expected);
  });
});
