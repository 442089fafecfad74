import { mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { changesOf, FileStatuses } from '../../../src/extension/checkpoints/changes';
import type { ResultDocument } from '../../../src/shared/result';
import type { Change, Source } from '../../../src/shared/sources';

let folder: string;
let document: ResultDocument;
const FILES = { checkpoint: 'e-1.pt', graph: 'm.onnx', data: 'x.npy', other: 'e-2.pt' } as const;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'basin-changes-'));
  const written: Record<string, number> = {};
  const sources: Source[] = [{ kind: 'settings', sha256: 's', files: [] }];
  for (const [kind, path] of Object.entries(FILES)) {
    writeFileSync(join(folder, path), kind);
    const { size, mtimeMs } = statSync(join(folder, path));
    written[path] = Math.trunc(mtimeMs);
    sources.push({ kind: kind as keyof typeof FILES, sha256: 'h', files: [{ path, size }] });
  }
  document = {
    schema: 1,
    checkpoint: { path: 'e-1.pt', format: 'pytorch', sha256: 'h', step: null, epoch: null },
    parameters: 1,
    runtime: { name: 'x', version: '1', precision: 'float32' },
    seed: 0,
    notes: [],
    sources,
    timings: { written },
  };
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function changes(of = document, settings: string | null = 's'): Promise<readonly Change[]> {
  const path = join(folder, 'e-1.pt');
  const { size, mtimeMs } = statSync(path);
  const file = { path, size, modified: mtimeMs };
  return changesOf(of, file, join(folder, 'basin.json'), settings, new FileStatuses());
}

test('a result holds while every file has the size and the time it had', async () => {
  expect(await changes()).toEqual([]);
});

test.each(Object.entries(FILES))('a %s that is another, older or newer', async (kind, path) => {
  const { mtimeMs } = statSync(join(folder, path));
  for (const by of [-86_400, 1, 86_400]) {
    const time = mtimeMs / 1000 + by;
    utimesSync(join(folder, path), time, time);
    expect(await changes()).toEqual([kind]);
  }
  writeFileSync(join(folder, path), `${kind}!`);
  utimesSync(join(folder, path), mtimeMs / 1000, mtimeMs / 1000);
  expect(await changes()).toEqual([kind]);
});

test('data or a graph that are gone', async () => {
  rmSync(join(folder, 'm.onnx'));
  rmSync(join(folder, 'x.npy'));
  expect(await changes()).toEqual(['graph', 'data']);
});

test('settings are known by what they say', async () => {
  expect(await changes(document, 'other')).toEqual(['settings']);
  // Of a basin.json that is not read yet nothing is said.
  expect(await changes(document, null)).toEqual([]);
});

test('a document of before does not say what it follows from', async () => {
  const { sources: _, ...before } = document;
  expect(await changes(before)).toEqual(['unknown']);
});

test('a checkpoint of several files is one of all their sizes and the newest time', async () => {
  const [settings, , ...rest] = document.sources!;
  const files = [
    { path: 'index.json', size: 4 },
    { path: 'a.bin', size: 6 },
  ];
  const sharded: ResultDocument = {
    ...document,
    sources: [settings!, { kind: 'checkpoint', sha256: 'h', files }, ...rest],
    timings: { written: { ...document.timings.written, 'index.json': 5, 'a.bin': 9 } },
  };
  const whole = { path: join(folder, 'index.json'), size: 10, modified: 9.4 };
  const check = (file: typeof whole): Promise<readonly Change[]> =>
    changesOf(sharded, file, join(folder, 'basin.json'), 's', new FileStatuses());
  expect(await check(whole)).toEqual([]);
  expect(await check({ ...whole, modified: 10 })).toEqual(['checkpoint']);
  expect(await check({ ...whole, size: 11 })).toEqual(['checkpoint']);
});
