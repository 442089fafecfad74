import { describe, expect, it } from 'vitest';
import { densityFrame, densityPoints } from '../../src/webview/curvature/densityFrame';
import { keyFigure } from '../../src/webview/training/keyFigure';
import { lossAtPlace, lossField } from '../../src/webview/landscape/lossField';
import {
  curvatureSummary,
  landscapeSummary,
  mergeTreeSummary,
  negativeShare,
  negativeText,
  persistenceSummary,
  provenance,
  shareError,
  traceTexts,
} from '../../src/webview/summaries';
import { himmelblau, sampleDocument, sampleHessian, sampleLandscape } from './sampleSnapshot';

const document = sampleDocument('runs/a.pt', 40, sampleLandscape(himmelblau, 41, 5), {
  threshold: 1,
  largest: 100,
});
const topology = document.topology!;

describe('what a plot shows, in words', () => {
  it('tells a landscape by its extent, its range and what is in it', () => {
    const field = lossField(document.landscape!)!;
    const text = landscapeSummary(field, topology, lossAtPlace(field, [0, 0]));
    expect(text).toContain('41 by 41 points');
    expect(text).toContain('α₁ from −5 to 5');
    // Himmelblau at the origin is 11² + 7² = 170.
    expect(text).toContain('170 at the checkpoint');
    expect(text).toContain('4 minima and 3 saddles');
  });

  it('tells the pairs, or that there is none', () => {
    expect(persistenceSummary(topology)).toMatch(/^3 finite pairs above a persistence of 1,/);
    const none = {
      ...topology,
      pairs: [],
      summaries: { ...topology.summaries, finite: { ...topology.summaries.finite, count: 0 } },
    };
    expect(persistenceSummary(none)).toMatch(/^One minimum and no saddle/);
    expect(mergeTreeSummary(topology)).toMatch(/^4 minima joined at 3 saddles\./);
  });

  it('tells the curvature with its trace and the share below zero', () => {
    const text = curvatureSummary(document.hessian!);
    expect(text).toMatch(/from −6 to 100\. Trace 840 ± 23\./);
    const onlyPositive = sampleHessian(1);
    const density = { ...onlyPositive.density, nodes: [{ value: 1, weight: 1 }] };
    expect(negativeShare({ ...onlyPositive, density })).toBe(0);
    const smallest = { value: -3, residual: 1e-6, converged: true };
    expect(negativeText({ ...onlyPositive, density, smallest })).toBe('< 0.05 %');
    const positive = { ...smallest, value: 1 };
    expect(negativeText({ ...onlyPositive, density, smallest: positive })).toBe('0 %');
  });

  it('gives the trace no digit that the data leave open', () => {
    // Measured of a network of 65 weights and 40 samples: what the probes leave open is nothing beside the samples.
    const trace = { value: 0.9381494, standardError: 5.8e-7, samplingError: 0.1503, samples: 4 };
    const hessian = { ...document.hessian!, trace };
    expect(traceTexts(trace)).toEqual(['0.94 ± 5.8×10⁻⁷', '± 0.15 of the data']);
    const figure = keyFigure('trace', { ...document, hessian });
    expect(figure).toMatchObject({ value: '0.94', error: '± 0.15' });
    expect(figure.notes[0]).toBe('error of the data');
    const exact = keyFigure('trace', {
      ...document,
      hessian: { ...hessian, trace: { ...trace, samplingError: 0 } },
    });
    expect(exact).toMatchObject({ value: '0.938149', error: '± 6×10⁻⁷' });
  });

  it('tells where a document comes from', () => {
    expect(provenance(document)).toBe(
      'epoch 40 · step 15,640 · 272,474 parameters · pytorch · float32, onnxruntime-node 1.30.0',
    );
  });
});

describe('key figures', () => {
  it('say how sure they are', () => {
    expect(keyFigure('eigenvalue', document)).toMatchObject({
      value: '100.000',
      error: '± 0.0020',
    });
    expect(keyFigure('trace', document)).toMatchObject({ value: '840', error: '± 23' });
    // √(p(1 − p)/n)
    expect(shareError({ loss: 0, accuracy: 0.5, samples: 100 })).toBeCloseTo(0.05, 12);
  });

  it('say the neighborhood and threshold of a count, and what the others count', () => {
    const { value, notes } = keyFigure('saddles', document);
    expect(value).toBe('3');
    expect(notes[0]).toBe('4 minima · 6 neighbors');
    expect(notes[1]).toMatch(/^with\s4:\s\d+ · with\s8:\s\d+$/);
    expect(notes[2]).toBe('above 1 (noise)');
  });

  it('give the average persistence of the pairs inside, and of all where some are at the border', () => {
    const { notes } = keyFigure('persistence', document);
    expect(notes).toEqual(['of 3 pairs inside']);
    const atBorder = keyFigure('persistence', {
      ...document,
      topology: {
        ...document.topology!,
        summaries: {
          ...document.topology!.summaries,
          inner: { ...document.topology!.summaries.finite, count: 2, mean: 0.25 },
        },
      },
    });
    expect(atBorder).toMatchObject({
      value: '0.25',
      notes: ['of 2 pairs inside', expect.stringMatching(/with those at the border$/) as string],
    });
  });

  it('are dashes where nothing is known', () => {
    expect(keyFigure('loss', null)).toEqual({ value: '–', error: '', notes: [] });
  });
});

describe('the eigenvalue density', () => {
  const hessian = document.hessian!;
  const frame = densityFrame(hessian);

  it('is shown as deep as its lightest Ritz value reaches', () => {
    const lightest = Math.min(...hessian.density.nodes.map((node) => node.weight));
    const bump = lightest / (hessian.density.sigma * Math.sqrt(2 * Math.PI));
    expect(frame.top - frame.bottom).toBeLessThanOrEqual(9);
    expect(Math.log10(bump) > frame.bottom || frame.top - frame.bottom === 9).toBe(true);
  });

  it('keeps its peaks however few columns it is drawn with', () => {
    const peak = Math.log10(Math.max(...hessian.density.values));
    for (const columns of [40, 200, 900]) {
      const heights = densityPoints(hessian, frame, columns).map(([, height]) => height);
      expect(Math.max(...heights)).toBeCloseTo(peak, 9);
    }
  });

  it('is read between its points', () => {
    const { grid, values } = hessian.density;
    expect(frame.densityAt(grid[100]!)).toBeCloseTo(values[100]!, 12);
    expect(frame.densityAt(1e9)).toBe(0);
  });
});
