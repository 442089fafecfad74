import { expect, test } from 'vitest';
import { curvatureLegend, ResultTable } from '../../src/engine/cli/resultTable';
import type { ResultDocument } from '../../src/shared/result';
import type { Hessian } from '../../src/shared/result/hessian';

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

const NOTHING = { gaussNewton: false, fisher: false, blocks: false };

test('a checkpoint that failed has a row that says so, whatever was known of it', () => {
  let text = '';
  const table = new ResultTable(['a.pt', 'b.pt', 'c.pt'], 'accuracy', false, NOTHING, (more) => {
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

test('what was asked for of the curvature has a column and a line that says what it is', () => {
  const pair = (value: number) => ({ value, residual: 0, converged: true });
  const trace = (value: number) => ({ value, standardError: 0.1, samples: 4 });
  const hessian: Hessian = {
    eigenvalues: [pair(3)],
    smallest: pair(-1),
    trace: trace(7),
    density: { grid: [], values: [], sigma: 1, nodes: [] },
    products: 1,
    lanczosSteps: 1,
    probes: 1,
    gradient: { norm: 0.25, curvature: 2, ascent: { radius: 0.05, rise: 0.0125 } },
    gaussNewton: {
      eigenvalues: [pair(2.5)],
      trace: trace(6),
      rest: { trace: trace(1), curvature: 0.5 },
      fisherOf: 'categorical',
      products: 1,
    },
    fisher: { eigenvalues: [pair(1.5)], trace: trace(4), products: 1 },
    offDiagonal: {
      share: 0.625,
      standardError: 0.01,
      interval: { low: 0.6, high: 0.65 },
      norm: 3,
      samples: 32,
    },
  };
  const whole = { ...document('a.pt'), hessian };
  let text = '';
  const asked = { gaussNewton: true, fisher: true, blocks: true };
  const table = new ResultTable(['a.pt'], 'accuracy', false, asked, (more) => {
    text += more;
  });
  table.header();
  table.finish(whole);
  const [header, row] = text.split('\n');
  expect(header).toMatch(/‖∇L‖ +sharpness +λmax G +trace G +trace H−G +λmax F +trace F +between/);
  expect(row).toMatch(
    /0\.25\d* +0\.01250 +2\.5\d* +6\.?0*±0\.1 +1\.?0*±0\.1 +1\.5\d* +4\.?0*±0\.1 +62\.5 %±1\.0 %/,
  );
  const legend = curvatureLegend(whole).join('\n');
  expect(legend).toContain('ρ = 0.05');
  expect(legend).toContain('(categorical)');
  expect(legend).toContain('empirical Fisher');
  expect(curvatureLegend(document('a.pt'))).toEqual([]);
});
