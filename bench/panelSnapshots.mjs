/* global window, document */
// What a snapshot of 1,000 analyzed checkpoints costs: in the extension host to make and to write down,
// in the page to read and to draw, layout included. `node bench/panelSnapshots.mjs` after a build.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import esbuild from 'esbuild';
import { findChromium, launchChromium } from '../scripts/chromium.mjs';

const ROOT = join(import.meta.dirname, '..');
const COUNT = 1000;
const ROUNDS = 30;

const folder = await mkdtemp(join(tmpdir(), 'basin-snapshots-'));
try {
  await esbuild.build({
    stdin: {
      contents: `
        export { makeSnapshot } from './src/extension/panel/snapshot';
        export { entryExtents } from './src/shared/entryExtents';
        export { sampleContent } from './test/webview/sampleSnapshot';`,
      resolveDir: ROOT,
    },
    outfile: join(folder, 'host.cjs'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'error',
  });
  const { entryExtents, makeSnapshot, sampleContent } = createRequire(import.meta.url)(
    join(folder, 'host.cjs'),
  );

  const [sample] = Object.values(sampleContent(41).documents);
  const run = { folder: '/w/a', name: 'a', location: 'a', configuration: '/w/a/basin.json' };
  /** As the library has them: each document an object of its own. */
  const records = Array.from({ length: COUNT }, (_, epoch) => {
    const path = `/w/a/epoch-${String(epoch).padStart(4, '0')}.pt`;
    const document = { ...sample, checkpoint: { ...sample.checkpoint, path, epoch } };
    return {
      file: { path, size: 1, modified: 1 },
      run,
      writing: false,
      result: { document, written: 1, path },
      outdated: false,
      changes: [],
      error: null,
    };
  });
  const running = records[500].file.path;
  const progress = {
    job: 'j',
    checkpoint: running,
    index: 0,
    count: 1,
    part: 'landscape',
    fraction: 0.5,
  };
  /** One checkpoint is being analyzed: its document is another each time. */
  const snapshot = () =>
    makeSnapshot({
      records,
      partial: (path) => (path === running ? { ...records[500].result.document } : null),
      selected: running,
      progress,
      readiness: () => ({ marks: '' }),
    });

  // As each is read from its file, in a turn of its own.
  const reading = records.map(({ result }) => {
    const begun = performance.now();
    entryExtents(result.document);
    return performance.now() - begun;
  });
  print('a document that is read', reading);

  const host = [];
  let text = '';
  for (let round = 0; round < ROUNDS; round++) {
    const begun = performance.now();
    text = JSON.stringify(snapshot());
    host.push(performance.now() - begun);
  }
  const whole = JSON.stringify(records.map(({ result }) => result.document)).length;
  print('host', host);
  console.log(
    `a snapshot has ${kilobytes(text.length)}, a document ${kilobytes(JSON.stringify(sample).length)}, all documents ${kilobytes(whole)}`,
  );

  const chromium = await findChromium();
  if (chromium === undefined) throw new Error('No Chromium was found.');
  const browser = await launchChromium(chromium, process.env);
  try {
    const page = await browser.newPage({ viewport: { width: 900, height: 1200 } });
    await page.setContent('<!doctype html><body><div id="basin"></div></body>');
    await page.addStyleTag({ content: await readFile(join(ROOT, 'dist/webview.css'), 'utf8') });
    await page.evaluate((document) => {
      let version = 0;
      window.acquireVsCodeApi = () => ({
        postMessage: (message) => {
          if (message.type === 'document') window.asked = message.key;
        },
        getState: () => undefined,
        setState: () => undefined,
      });
      window.tell = (data) => window.dispatchEvent(new MessageEvent('message', { data }));
      window.answer = (known) => {
        version = known;
        window.tell({ type: 'document', key: window.asked, version, document });
      };
    }, sample);
    await page.addScriptTag({ content: await readFile(join(ROOT, 'dist/webview.js'), 'utf8') });
    const times = { snapshot: [], document: [] };
    for (let round = 0; round < ROUNDS; round++) {
      const next = snapshot();
      const { version } = next.entries[500].summary;
      const spent = await page.evaluate(
        ([json, known]) => {
          const measured = (work) => {
            const begun = performance.now();
            work();
            document.body.getBoundingClientRect();
            return performance.now() - begun;
          };
          return {
            snapshot: measured(() => window.tell(JSON.parse(json))),
            document: measured(() => window.answer(known)),
          };
        },
        [JSON.stringify(next), version],
      );
      times.snapshot.push(spent.snapshot);
      times.document.push(spent.document);
    }
    print('page, a snapshot', times.snapshot);
    print('page, a document that is another', times.document);
  } finally {
    await browser.close();
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

function print(what, [first, ...rest]) {
  const sorted = rest.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.floor(share * (sorted.length - 1))].toFixed(1);
  console.log(`${what}: first ${first.toFixed(1)} ms, then ${at(0.5)} ms, at most ${at(1)} ms`);
}

function kilobytes(length) {
  return `${Math.round(length / 1000)} kB`;
}
