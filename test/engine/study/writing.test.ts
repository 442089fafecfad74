import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PieceLog, writeWhole } from '../../../src/engine/study/results/cache';
import { InputError } from '../../../src/shared/inputError';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'basin-writing-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('a file where a folder should be', async () => {
  writeFileSync(join(folder, '.basin'), '');
  const path = join(folder, '.basin', 'results', 'last.pt.basin.json');
  const error: unknown = await writeWhole(path, '{}').catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(InputError);
  expect((error as InputError).message).toBe(
    `${path} cannot be written: a part of that path is a file and no folder; remove or rename that file.`,
  );
});

// Linux has a file to which nothing can be written for want of space.
test.runIf(existsSync('/dev/full'))('a full disk', async () => {
  const error: unknown = await new PieceLog('/dev/full')
    .append([1], [0.5])
    .catch((e: unknown) => e);
  expect(error).toBeInstanceOf(InputError);
  expect((error as InputError).message).toContain('no space is left on its disk; make room there');
});
