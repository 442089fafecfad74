import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkpointOfResult } from '../../../src/extension/checkpoints/checkpointOfResult';
import { resultPath } from '../../../src/extension/checkpoints/resultPlaces';

const configuration = '/w/project/basin.json';

describe('the checkpoint of a result', () => {
  const segment = fc.stringMatching(/^[A-Za-z0-9-]{1,8}(\.pt)?$/);

  it('is the one the result is kept for, below, beside and above the basin.json', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('/w/project/', '/w/', '/', '/w/project/runs/'),
        fc.array(segment, { minLength: 1, maxLength: 4 }),
        fc.constantFrom('/w/project/.basin', '/home/me/storage/results/project-0123'),
        (above, segments, store) => {
          const checkpoint = above + segments.join('/');
          const path = resultPath(configuration, checkpoint, store);
          expect(checkpointOfResult(configuration, store, path)).toBe(checkpoint);
        },
      ),
    );
  });

  it('is none for other files in the store, and for other stores', () => {
    const store = '/w/project/.basin';
    for (const path of [
      '/w/project/.basin/results/a.pt',
      '/w/project/.basin/cache/a.pt.basin.json',
      '/w/other/.basin/results/a.pt.basin.json',
    ]) {
      expect(checkpointOfResult(configuration, store, path)).toBeNull();
    }
  });
});
