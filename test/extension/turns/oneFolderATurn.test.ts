import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { glob } from 'tinyglobby';
import { oneFolderATurn } from '../../../src/extension/turns/oneFolderATurn';

const NOBODY = 65534;

let root: string;
/** Root may read everything: what is forbidden to others is tested as one of them. */
const isRoot = process.geteuid?.() === 0;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'basin-turns-'));
  for (const folder of ['a', 'closed', 'z']) {
    mkdirSync(join(root, folder));
    writeFileSync(join(root, folder, 'e.pt'), '');
  }
  chmodSync(root, 0o755);
  chmodSync(join(root, 'closed'), 0);
  if (isRoot) process.seteuid?.(NOBODY);
});

afterEach(() => {
  if (isRoot) process.seteuid?.(0);
  chmodSync(join(root, 'closed'), 0o755);
  rmSync(root, { recursive: true, force: true });
});

async function find(patterns: string[]): Promise<{ found: string[]; unreadable: string[] }> {
  const unreadable: string[] = [];
  const found = await glob(patterns, {
    cwd: root,
    fs: oneFolderATurn((folder, { code }) => unreadable.push(`${resolve(root, folder)} ${code}`)),
  });
  return { found: found.sort(), unreadable };
}

test('a folder nobody may read is told once, and everything else is found', async () => {
  expect(await find(['**/*.pt'])).toEqual({
    found: ['a/e.pt', 'z/e.pt'],
    unreadable: [`${join(root, 'closed')} EACCES`],
  });
});

test('one that is not there is nothing to tell', async () => {
  expect(await find(['a/*.pt', 'gone/*.pt'])).toEqual({ found: ['a/e.pt'], unreadable: [] });
});
