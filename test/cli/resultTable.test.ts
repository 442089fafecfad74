import { expect, test } from 'vitest';
import { lastLine, legendOf, ResultTable } from '../../src/engine/cli/resultTable';
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
  table.further();
  const [, first, , header, row, , next, rest] = text.split('\n');
  expect(first).toMatch(/ 7\.00±0\.10 +– +–$/);
  expect(header).toMatch(/^checkpoint +‖∇L‖ +sharpness +λmax G +trace G +trace H−G$/);
  expect(row).toMatch(/^a\.pt +0\.25 +0\.0125 +2\.5 +6\.00±0\.10 +1\.00±0\.10$/);
  expect(next).toMatch(/^checkpoint +λmax F +trace F +between tensors$/);
  expect(rest).toMatch(/^a\.pt +1\.5 +4\.00±0\.10 +62\.5 %±1 %$/);
  const legend = legendOf(whole).join('\n');
  expect(legend).toContain('± standard error of the estimate.');
  expect(legend).toContain('ρ = 0.05');
  expect(legend).toContain('(categorical)');
  expect(legend).toContain('empirical Fisher');
  expect(legendOf(document('a.pt'))).toEqual([]);
});

test('no line is wider than 80 columns: long names lose their middle, long figures take the room beside', () => {
  const pair = (value: number) => ({ value, residual: 0.31, converged: false });
  const hessian: Hessian = {
    eigenvalues: [pair(-123.456)],
    smallest: pair(-1),
    trace: { value: 123456.7, standardError: 1234.5, samplingError: 23456, samples: 4 },
    density: { grid: [], values: [], sigma: 1, nodes: [] },
    products: 1,
    lanczosSteps: 1,
    probes: 1,
    gradient: { norm: 0.25, curvature: 2, ascent: { radius: 0.05, rise: 0.0125 } },
  };
  const name = 'resnet18-seed-3/checkpoints/epoch=007-val_loss=0.123.ckpt';
  const wide = 'é'.repeat(40) + '😀.pt';
  const lines: string[] = [];
  let text = '';
  const table = new ResultTable([name, wide, 'x\u001b.pt'], 'accuracy', true, NOTHING, (more) => {
    text += more;
  });
  table.header();
  table.finish({ ...document(name), hessian });
  table.finish({ ...document(wide), hessian });
  table.finish({ ...document('x\u001b.pt'), hessian });
  table.further();
  lines.push(...text.split('\n'));
  for (const line of lines) expect(Array.from(line).length).toBeLessThanOrEqual(80);
  expect(lines[0]).toMatch(/^checkpoint +loss +accuracy +λmax +trace +saddles +pers\.$/);
  expect(Array.from(lines[0]!).length).toBe(80);
  expect(lines[1]).toMatch(/^resne\S*…\S*\.ckpt +0\.5/);
  expect(lines[1]).toContain(' −123.46±0.31 ');
  expect(lines[1]).toContain('±1,235±23,456 ');
  // What follows a figure that is too long stands under its title again.
  expect(Array.from(lines[1]!).length).toBe(80);
  expect(lines[2]).toContain('…');
  expect(lines[2]).toMatch(/😀\.pt +0\.5/u);
  expect(lines[3]).toMatch(/^x\\x1b\.pt +0\.5/);
  // Nothing was refined: that column is left out.
  expect(text).not.toContain('evaluations');
});

test('how many checkpoints took how long', () => {
  expect(lastLine(1, 1, 1234)).toBe('1 checkpoint in 1.2 s.');
  expect(lastLine(3, 4, 59_960)).toBe('3 of 4 checkpoints in 1 min 0 s.');
  expect(lastLine(2, 2, 119_600)).toBe('2 checkpoints in 2 min 0 s.');
  expect(lastLine(2, 2, 3_725_000)).toBe('2 checkpoints in 1 h 2 min.');
});
