import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeReport, type ReportOptions } from '../../../src/engine/study/results/writeReport';
import type { PageContent } from '../../../src/shared/panelProtocol';

let root: string;
let folder: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'basin-report-'));
  folder = join(root, 'runs', 'resnet');
  write(join(root, 'assets', 'webview.js'), 'draw()');
  write(join(root, 'assets', 'webview.css'), 'p { margin: 0 }');
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function write(path: string, text: string, time = 1000): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  utimesSync(path, time, time);
}

function result(store: string, checkpoint: string, loss: number, time?: number): void {
  const document = {
    schema: 1,
    checkpoint: { path: checkpoint, format: 'pytorch', sha256: '00', step: null, epoch: null },
    parameters: 1,
    runtime: { name: 'x', version: '1', precision: 'float32' },
    seed: 0,
    metrics: { loss, samples: 1 },
    notes: [],
    timings: {},
  };
  write(join(store, 'results', `${checkpoint}.basin.json`), JSON.stringify(document), time);
}

async function report(options: Partial<ReportOptions> = {}): Promise<{
  readonly page: string;
  readonly entries: readonly (readonly [run: string, label: string, loss: unknown])[];
}> {
  const out = join(root, 'report.html');
  await writeReport({ folder, assets: join(root, 'assets'), out, ...options });
  const page = readFileSync(out, 'utf8');
  const [, json] = /id="basin-snapshot">(.*?)<\/script>/s.exec(page) ?? [];
  const { snapshot, documents } = JSON.parse(json ?? '') as PageContent;
  return {
    page,
    entries: snapshot.entries.map(({ key, run, label, summary }) => {
      expect(summary?.figures.loss).toBe(documents[key]?.metrics?.loss);
      return [run, label, documents[key]?.metrics?.loss];
    }),
  };
}

test('has what is beside the basin.json and what is kept elsewhere, the newer of two', async () => {
  const store = join(root, 'storage', 'resnet-0123');
  result(join(folder, '.basin'), 'e-1.pt', 1, 1000);
  result(join(folder, '.basin'), 'e-2.pt', 2, 3000);
  result(store, 'e-1.pt', 10, 2000);
  result(store, 'e-2.pt', 20, 2000);
  result(store, 'e-10.pt', 100);
  const { entries } = await report({ stores: [{ folder, store }] });
  expect(entries).toEqual([
    ['resnet', 'e-1.pt', 10],
    ['resnet', 'e-2.pt', 2],
    ['resnet', 'e-10.pt', 100],
  ]);
});

test('names the runs of a basin.json below the folder as if their results were there', async () => {
  const inner = join(folder, 'seed-2');
  const store = join(root, 'storage', 'seed-2-4567');
  result(join(folder, '.basin'), 'a.pt', 1);
  result(store, 'a.pt', 2);
  const { entries } = await report({ stores: [{ folder: inner, store }] });
  expect(entries).toEqual([
    ['resnet', 'a.pt', 1],
    ['seed-2', 'a.pt', 2],
  ]);
});

test('refuses a folder without results, and a result that is none, with its name', async () => {
  mkdirSync(folder, { recursive: true });
  await expect(report()).rejects.toThrow(/holds no result documents/);
  write(join(folder, 'broken.basin.json'), 'null');
  await expect(report()).rejects.toThrow(/broken\.basin\.json is no usable result/);
});

test('carries the language it is to be read in, in a page that is closed all the same', async () => {
  result(join(folder, '.basin'), 'a.pt', 1);
  const english = await report();
  expect(english.page).toContain('<html lang="en"');
  expect(english.page).not.toContain('basin-language');
  const texts = { 'Loss landscape': '损失景观', '</script><script>alert(1)': '<b>' };
  const { page } = await report({ language: { tag: 'zh-cn', texts, sentences: {} } });
  expect(page).toContain('<html lang="zh-cn"');
  const [, json] = /id="basin-language">(.*?)<\/script>/s.exec(page) ?? [];
  expect(JSON.parse(json ?? '')).toEqual({ tag: 'zh-cn', texts, sentences: {} });
  expect(page).not.toContain('alert(1)<');
  expect(page.match(/<script/g)).toHaveLength(3);
});
