// How fast the panel is in Chromium: npm run bench:panel. Figures are of this machine; `docs/panel.md` has ours.
/* global window, document, requestAnimationFrame, KeyboardEvent, WebGL2RenderingContext -- of the page, where they are called */
import { readFile, stat, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import esbuild from 'esbuild';
import { findChromium } from '../scripts/chromium.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'basin-bench-panel-'));
const executablePath = await findChromium();
if (executablePath === undefined)
  throw new Error('No Chromium on this machine; CHROMIUM names one.');

/** The engine's own topology and report, so that documents are what an analysis would have written. */
await esbuild.build({
  stdin: {
    contents: [
      `export { renderReport } from './src/engine/study/results/report.ts';`,
      `export { entryFigures } from './src/shared/entryFigures.ts';`,
      `export { entryExtents } from './src/shared/entryExtents.ts';`,
      `export { sampleLandscape, ripples, sampleHessian } from './test/webview/sampleSnapshot.ts';`,
      `export { analyzeTopology } from './src/engine/topology/analyzeTopology.ts';`,
    ].join('\n'),
    resolveDir: root,
  },
  bundle: true,
  platform: 'node',
  format: 'esm',
  outfile: join(folder, 'parts.mjs'),
  logLevel: 'warning',
});
const parts = await import(join(folder, 'parts.mjs'));
const [script, style] = await Promise.all(
  ['webview.js', 'webview.css'].map((name) => readFile(join(root, 'dist', name), 'utf8')),
);

/** A document of a rippled bowl; with noise it has as many pairs as one likes. */
function documentOf(steps, noise = 0, step = 0) {
  let state = 1 + step;
  const random = () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
  const surface = parts.ripples(1 + 0.02 * (step % 50), 0.01 * step);
  const landscape = parts.sampleLandscape((x, y) => surface(x, y) + noise * random(), steps);
  const topology = parts.analyzeTopology(Float64Array.from(landscape.values), landscape.shape, {
    threshold: 0,
  });
  return {
    schema: 1,
    checkpoint: {
      path: `step-${step}.pt`,
      format: 'pytorch',
      sha256: '0'.repeat(64),
      step,
      epoch: null,
    },
    parameters: 1000,
    runtime: { name: 'bench', version: '1', precision: 'float32' },
    seed: 0,
    metrics: { loss: 1 / (1 + step), samples: 100 },
    landscape,
    topology,
    hessian: parts.sampleHessian(10 + step),
    notes: [],
    timings: {},
  };
}

async function pageOf(name, documents, entriesOf = documents.length) {
  const entries = Array.from({ length: entriesOf }, (_, k) => {
    const document = documents[k % documents.length];
    return {
      key: `run/step-${k}.pt`,
      run: 'run',
      label: `step-${k}.pt`,
      summary: {
        version: 0,
        epoch: null,
        step: k,
        figures: parts.entryFigures(document),
        extents: parts.entryExtents(document),
      },
      error: null,
    };
  });
  const content = {
    snapshot: {
      type: 'snapshot',
      entries,
      selected: entries[0].key,
      progress: null,
      readiness: {},
    },
    documents: Object.fromEntries(
      entries.map(({ key }, k) => [key, documents[k % documents.length]]),
    ),
  };
  const path = join(folder, `${name}.html`);
  await writeFile(path, parts.renderReport({ content, script, style }));
  return `file://${path}`;
}

const browser = await chromium.launch({
  executablePath,
  args: [
    '--no-sandbox',
    '--use-gl=angle',
    '--use-angle=swiftshader',
    '--enable-unsafe-swiftshader',
    '--js-flags=--expose-gc',
  ],
});
const rows = [];
const say = (what, value, target, holds) => {
  rows.push({ what, value, target, holds });
  console.log(
    `${what.padEnd(46)} ${value.padStart(16)}   ${target.padEnd(16)} ${holds ? 'holds' : 'MISSED'}`,
  );
};
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

try {
  const { size } = await stat(join(root, 'dist', 'webview.js'));
  say('bundle', `${(size / 1e6).toFixed(2)} MB`, '< 1.6 MB', size < 1.6e6);

  // First paint, and all plots drawn, of a document of 101 × 101.
  const medium = await pageOf('medium', [documentOf(101)]);
  const paints = [];
  const readies = [];
  for (let run = 0; run < 5; run++) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.addInitScript(() => {
      const { prototype } = WebGL2RenderingContext;
      const { drawElements } = prototype;
      prototype.drawElements = function (...elements) {
        drawElements.apply(this, elements);
        window.surfaceIsDrawn = true;
      };
    });
    await page.goto(medium, { waitUntil: 'commit' });
    await page.waitForFunction(
      () => document.querySelector('#tree canvas') !== null && window.surfaceIsDrawn === true,
    );
    const times = await page.evaluate(
      () =>
        new Promise((resolve) => {
          requestAnimationFrame(() =>
            requestAnimationFrame(() =>
              resolve({
                paint: performance.getEntriesByName('first-paint')[0]?.startTime ?? NaN,
                ready: performance.now(),
              }),
            ),
          );
        }),
    );
    paints.push(times.paint);
    readies.push(times.ready);
    await page.close();
  }
  say(
    'first paint, 101 × 101',
    `${median(paints).toFixed(0)} ms`,
    '< 300 ms',
    median(paints) < 300,
  );
  say(
    'interactive, 101 × 101',
    `${median(readies).toFixed(0)} ms`,
    '< 800 ms',
    median(readies) < 800,
  );

  // Turning a surface of 201 × 201, drawn in software.
  {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(await pageOf('large', [documentOf(201)]));
    await page.locator('#landscape .surface canvas').waitFor();
    await page.waitForTimeout(500);
    await page.locator('#landscape-stage').focus();
    const frames = await page.evaluate(
      () =>
        new Promise((resolve) => {
          const stage = document.querySelector('#landscape-stage');
          const begin = performance.now();
          let count = 0;
          const turn = () => {
            stage.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft', bubbles: true }));
            count++;
            if (performance.now() - begin < 2000) requestAnimationFrame(turn);
            else resolve((1000 * count) / (performance.now() - begin));
          };
          requestAnimationFrame(turn);
        }),
    );
    say('turning 201 × 201, in software', `${frames.toFixed(0)} frames/s`, '≥ 30', frames >= 30);
    await page.close();
  }

  // One step of the threshold over more than ten thousand pairs, until what is in sight is drawn.
  {
    const many = documentOf(301, 0.6);
    const { pairs } = many.topology;
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(await pageOf('pairs', [many]));
    await page.locator('#tree canvas').waitFor({ state: 'attached' });
    await page.waitForTimeout(1000);
    const times = await page.evaluate(async () => {
      const input = document.querySelector('.threshold input');
      const spent = [];
      for (let k = 1; k <= 60; k++) {
        const begin = performance.now();
        input.value = String(10 * k);
        input.dispatchEvent(new Event('input'));
        spent.push(performance.now() - begin);
        // As a hand drags: what is out of sight has its time between two steps.
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
      return spent;
    });
    say(
      `threshold over ${pairs.length} pairs, a step`,
      `${median(times).toFixed(1)} ms`,
      '< 16 ms',
      median(times) < 16,
    );
    await page.close();
  }

  // A run of a thousand checkpoints.
  {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    const documents = Array.from({ length: 8 }, (_, k) => documentOf(41, 0, k));
    await page.goto(await pageOf('thousand', documents, 1000));
    await page.locator('#tree canvas').waitFor();
    const steps = await page.evaluate(async () => {
      const strip = document.querySelector('#training-strip');
      const spent = [];
      for (let k = 0; k < 30; k++) {
        const begin = performance.now();
        strip.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
        spent.push(performance.now() - begin);
      }
      return spent;
    });
    say(
      'a step among 1,000 checkpoints',
      `${median(steps).toFixed(0)} ms`,
      '< 100 ms',
      median(steps) < 100,
    );
    const before = Number(await page.locator('#training-strip').getAttribute('aria-valuenow'));
    await page.locator('#play').click();
    await page.waitForTimeout(5500);
    const after = Number(await page.locator('#training-strip').getAttribute('aria-valuenow'));
    say('played in 5.5 s', `${after - before} checkpoints`, '≥ 8', after - before >= 8);
    await page.close();
  }

  // Two hundred openings.
  {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    const session = await page.context().newCDPSession(page);
    const heap = async () => {
      await session.send('HeapProfiler.collectGarbage');
      const { usedSize } = await session.send('Runtime.getHeapUsage');
      const { nodes } = await session.send('Memory.getDOMCounters');
      return { usedSize, nodes };
    };
    let early;
    for (let opening = 1; opening <= 200; opening++) {
      await page.goto(medium, { waitUntil: 'load' });
      if (opening === 20) early = await heap();
    }
    const late = await heap();
    const growth = (late.usedSize - early.usedSize) / 1e6;
    say('heap after 200 openings, over 20', `${growth.toFixed(1)} MB`, '< 5 MB', growth < 5);
    say(
      'nodes after 200 openings, over 20',
      String(late.nodes - early.nodes),
      '< 2000',
      late.nodes - early.nodes < 2000,
    );
  }
} finally {
  await browser.close();
  await rm(folder, { recursive: true, force: true });
}
if (rows.some(({ holds }) => !holds)) process.exitCode = 1;
