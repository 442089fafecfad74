import { expect, test } from 'vitest';
import { ResultTable } from '../../src/engine/cli/resultTable';
import type { ResultDocument } from '../../src/shared/result';

const document = (path: string): ResultDocument => ({
  schema: 1,
  checkpoint: { path, format: 'pytorch', sha256: '00', step: null, epoch: null },
  parameters: 1,
  runtime: { name: 'reference', version: '1', precision: 'float64' },
  seed: 0,
  metrics: { loss: 0.5, samples: 2 },
  notes: [],
  timings: {},
});

test('a checkpoint that failed has a row that says so, whatever was known of it', () => {
  let text = '';
  const table = new ResultTable(['a.pt', 'b.pt', 'c.pt'], 'accuracy', false, (more) => {
    text += more;
  });
  table.header();
  table.finish(document('a.pt'));
  table.show(document('b.pt'));
  table.failed('b.pt');
  table.failed('c.pt');
  const lines = text.trimEnd().split('\n');
  expect(lines[1]).toMatch(/^a\.pt .*0\.5.*–$/);
  expect(lines[2]).toMatch(/^b\.pt .*0\.5.* {2}failed$/);
  expect(lines[3]).toMatch(/^c\.pt +failed$/);
});
