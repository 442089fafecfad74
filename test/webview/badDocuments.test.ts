import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResultDocument } from '../../src/shared/result';
import { BrowserPages, CHROMIUM, contentOf, realDocument } from './browserPage';

type Change = (document: ResultDocument) => unknown;

function withValues(document: ResultDocument, value: (k: number) => unknown): ResultDocument {
  const landscape = document.landscape!;
  return {
    ...document,
    landscape: { ...landscape, values: landscape.values.map((_, k) => value(k)) as number[] },
  };
}

function withShape(document: ResultDocument, shape: readonly [number, number]): ResultDocument {
  const landscape = document.landscape!;
  const axes = landscape.axes.map((axis, k) => ({ ...axis, steps: shape[k]! }));
  const values = Array.from({ length: shape[0] * shape[1] }, (_, k) => 1 + k);
  const topology = { ...document.topology!, shape, pairs: [], minima: 1, saddles: 0 };
  return { ...document, landscape: { ...landscape, axes, shape, values }, topology };
}

/** What a document may hold that the panel was not made for. */
const BAD: Readonly<Record<string, Change>> = {
  'an older schema': ({ topology, hessian, landscape, ...document }) => ({
    ...document,
    sources: undefined,
    landscape: {
      ...landscape,
      directions: { ...landscape!.directions, residuals: undefined, converged: undefined },
    },
    topology: {
      ...topology,
      inner: undefined,
      smad: undefined,
      loops: undefined,
      profile: undefined,
      sensitivity: { saddlesByNeighborhood: { freudenthal: 2 } },
      summaries: { ...topology!.summaries, inner: undefined },
      pairs: topology!.pairs.map(({ birth, death, birthVertex, deathVertex }) => ({
        birth,
        death,
        birthVertex,
        deathVertex,
      })),
    },
    hessian: {
      ...hessian,
      layers: undefined,
      lowest: undefined,
      largestMagnitude: undefined,
      density: { ...hessian!.density, band: undefined },
    },
  }),
  'a newer schema': (document) => ({
    ...document,
    schema: 9,
    surprise: { of: 'later' },
    topology: { ...document.topology, thresholdSource: 'oracle' },
  }),
  'nothing but the loss': ({
    checkpoint,
    parameters,
    runtime,
    seed,
    metrics,
    schema,
    timings,
  }) => ({
    checkpoint,
    parameters,
    runtime,
    seed,
    metrics,
    schema,
    timings,
    notes: [],
  }),
  'a loss that is NaN everywhere': (document) => withValues(document, () => 'NaN'),
  'infinities among the losses': (document) =>
    withValues(document, (k) => (k % 3 === 0 ? 'Infinity' : k % 7 === 0 ? '-Infinity' : k)),
  'one point': (document) => withShape(document, [1, 1]),
  'one row': (document) => withShape(document, [1, 17]),
  'the same loss everywhere': (document) => ({
    ...withValues(document, () => 2.5),
    topology: {
      ...document.topology!,
      pairs: [],
      minima: 1,
      saddles: 0,
      essential: { birth: 2.5, death: 2.5, birthVertex: 0, deathVertex: 288 },
    },
  }),
  'a hundred thousand pairs': (document) => {
    const pairs = Array.from({ length: 100_000 }, (_, k) => ({
      birth: (k % 997) / 997,
      death: (k % 997) / 997 + 100 / (k + 1),
      birthVertex: k,
      deathVertex: k,
    }));
    const nodes = [
      ...pairs.map(({ birth, birthVertex }, k) => ({
        vertex: birthVertex,
        value: birth,
        kind: 'minimum',
        parent: pairs.length + k,
        size: 1,
      })),
      ...pairs.map(({ death, deathVertex }, k) => ({
        vertex: deathVertex,
        value: death,
        kind: 'saddle',
        parent: Math.min(2 * pairs.length, pairs.length + k + 1),
        size: 1,
      })),
      { vertex: 288, value: 200, kind: 'root', parent: -1, size: 1 },
    ];
    const topology = {
      ...document.topology!,
      pairs,
      minima: pairs.length + 1,
      saddles: pairs.length,
      mergeTree: { nodes },
      profile: undefined,
    };
    return { ...document, topology };
  },
  'pairs that are no list': (document) => ({
    ...document,
    topology: { ...document.topology, pairs: null },
  }),
  'a spectrum of nothing': (document) => ({
    ...document,
    hessian: {
      ...document.hessian,
      eigenvalues: [],
      density: { grid: [], values: [], sigma: 0, nodes: [] },
    },
  }),
};

/** Of every plot that is there: what it explains, or what it says and how many colours it drew. */
async function plotsOf(page: Page) {
  return page.locator('.plot').evaluateAll((plots) =>
    plots
      .filter((plot) => !(plot as HTMLElement).hidden)
      .map((plot) => {
        const message = plot.querySelector<HTMLElement>('.plot-message')!;
        const canvases = [...plot.querySelectorAll('canvas')].filter(
          (canvas) => canvas.width > 0 && canvas.offsetParent !== null,
        );
        return {
          id: plot.id,
          message: message.hidden ? null : message.textContent,
          summary: plot.querySelector('.stage')?.getAttribute('aria-label') ?? '',
          drawn: canvases.length,
        };
      }),
  );
}

describe.skipIf(CHROMIUM === undefined)('documents the panel was not made for', () => {
  let pages: BrowserPages;
  beforeAll(async () => {
    pages = await BrowserPages.open();
  }, 120_000);
  afterAll(async () => {
    await pages.close();
  });

  it.each(Object.entries(BAD))('are drawn or explained: %s', async (_, change) => {
    const document = change(await realDocument('convection-00100')) as ResultDocument;
    const json = JSON.parse(JSON.stringify(document)) as ResultDocument;
    const sound = await realDocument('convection-00924');
    const content = contentOf([
      { run: 'a', label: 'sound.pt', document: sound },
      { run: 'a', label: 'other.pt', document: sound },
    ]);
    // Figures are taken by whoever sends the page; here the document alone is bad.
    const { page, errors } = await pages.show({
      ...content,
      snapshot: { ...content.snapshot, selected: 'a/other.pt' },
      documents: { ...content.documents, 'a/other.pt': json },
    });
    const settled = async () => {
      const plots = await plotsOf(page);
      // The last one that two checkpoints have.
      return (
        plots.at(-1)?.id === 'training' &&
        plots.every(({ message, drawn }) => message !== null || drawn > 0)
      );
    };
    await expect.poll(settled, { timeout: 20_000 }).toBe(true);
    for (const plot of await plotsOf(page)) {
      if (plot.message !== null) expect(plot.message.length, plot.id).toBeGreaterThan(15);
      else {
        expect(plot.summary.length, plot.id).toBeGreaterThan(10);
        expect(plot.summary, plot.id).not.toMatch(/undefined|\[object/);
        expect(plot.drawn, plot.id).toBeGreaterThan(0);
      }
    }
    // Going back to a sound one leaves nothing behind.
    await page.locator('#training-strip').focus();
    await page.keyboard.press('Home');
    await expect
      .poll(() => page.locator('#persistence .plot-message').isHidden(), { timeout: 20_000 })
      .toBe(true);
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
