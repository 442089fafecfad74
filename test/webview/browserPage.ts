import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import esbuild from 'esbuild';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { renderReport } from '../../src/engine/study/results/report';
import { entryFigures } from '../../src/shared/entryFigures';
import type { PageContent } from '../../src/shared/panelProtocol';
import type { ResultDocument } from '../../src/shared/result';
import { findChromium } from '../../scripts/chromium.mjs';

/** A Chromium on this machine; tests that look at pages are left out where there is none. */
export const CHROMIUM = await findChromium();

const root = join(import.meta.dirname, '..', '..');

/** A document of a real network, from `test/fixtures/panel`. */
export async function realDocument(name: string): Promise<ResultDocument> {
  const path = join(root, 'test', 'fixtures', 'panel', `${name}.basin.json`);
  return JSON.parse(await readFile(path, 'utf8')) as ResultDocument;
}

/** What a report of these documents holds. The key of each is `RUN/LABEL`. */
export function contentOf(
  documents: readonly {
    readonly run: string;
    readonly label: string;
    readonly document: ResultDocument;
  }[],
): PageContent {
  const entries = documents.map(({ run, label, document }) => ({
    key: `${run}/${label}`,
    run,
    label,
    summary: {
      version: 0,
      epoch: document.checkpoint.epoch,
      step: document.checkpoint.step,
      figures: entryFigures(document),
    },
    error: null,
  }));
  return {
    snapshot: {
      type: 'snapshot',
      entries,
      selected: entries[0]?.key ?? null,
      progress: null,
      readiness: {},
    },
    documents: Object.fromEntries(documents.map((each, k) => [entries[k]!.key, each.document])),
  };
}

/** The panel in a browser, as reports have it: bundled from its sources, under its own policy. */
export class BrowserPages {
  private constructor(
    private readonly browser: Browser,
    private readonly folder: string,
    private readonly assets: { readonly script: string; readonly style: string },
  ) {}

  static async open(): Promise<BrowserPages> {
    const folder = await mkdtemp(join(tmpdir(), 'basin-pages-'));
    await esbuild.build({
      entryPoints: { webview: join(root, 'src', 'webview', 'panel.ts') },
      bundle: true,
      outdir: folder,
      format: 'iife',
      target: 'es2022',
      minify: true,
      logLevel: 'warning',
    });
    const asset = (name: string) => readFile(join(folder, name), 'utf8');
    const browser = await chromium.launch({
      executablePath: CHROMIUM!,
      args: [
        '--no-sandbox',
        '--use-gl=angle',
        '--use-angle=swiftshader',
        '--enable-unsafe-swiftshader',
      ],
    });
    return new BrowserPages(browser, folder, {
      script: await asset('webview.js'),
      style: await asset('webview.css'),
    });
  }

  /** A page; what it complains of, violations of its policy among it, is in `errors`. */
  async show(
    content: PageContent,
    options: BrowserContextOptions = {},
  ): Promise<{ readonly page: Page; readonly errors: readonly string[] }> {
    const path = join(this.folder, 'page.html');
    await writeFile(path, renderReport({ content, ...this.assets }));
    const context = await this.browser.newContext({
      viewport: { width: 1280, height: 800 },
      ...options,
    });
    const page = await context.newPage();
    const errors: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    page.on('pageerror', (error) => {
      errors.push(String(error));
    });
    await page.goto(`file://${path}`);
    return { page, errors };
  }

  async close(): Promise<void> {
    await this.browser.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
