import fc from 'fast-check';
import { expect, it } from 'vitest';
import { inPieces } from '../../../src/extension/turns/inTurns';
import { sortInPieces } from '../../../src/extension/turns/sortInPieces';

it('sorts as the library does, stably, with yields in between', async () => {
  const compare = (a: readonly [number, number], b: readonly [number, number]): number =>
    a[0] - b[0];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(20), { maxLength: 2000, size: 'max' }), async (keys) => {
      const items = keys.map((key, place): [number, number] => [key, place]);
      expect(await inPieces(sortInPieces(items, compare))).toEqual([...items].sort(compare));
    }),
    { numRuns: 30 },
  );
  const steps = [...sortInPieces(new Array<number>(10_000).fill(0), (a, b) => a - b)];
  expect(steps.length).toBeGreaterThan(10_000 / 256);
});
