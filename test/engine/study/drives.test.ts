import { win32 } from 'node:path/win32';
import { expect, it, vi } from 'vitest';
import { folderOfResult } from '../../../src/engine/study/results/resultChecks';
import { nameInStudy, type Study } from '../../../src/engine/study/configuration/study';

/** What the engine is given on Windows, whatever these tests run on. */
vi.mock('node:path', () => ({ ...win32, default: win32 }));

it('a document names a checkpoint below its study with forward slashes', () => {
  const study = { folder: 'C:\\w\\runs' } as Study;
  expect(nameInStudy(study, 'C:\\w\\runs\\a\\e-1.pt')).toBe('a/e-1.pt');
  // As globs give it.
  expect(nameInStudy(study, 'C:/w/runs/a/e-1.pt')).toBe('a/e-1.pt');
  // Windows tells no folders apart by the case of their names.
  expect(nameInStudy(study, 'c:\\W\\runs\\a\\e-1.pt')).toBe('a/e-1.pt');
  expect(nameInStudy(study, 'C:\\w\\e-1.pt')).toBe('../e-1.pt');
  expect(nameInStudy(study, 'D:\\far\\e-1.pt')).toBe('D:/far/e-1.pt');
  expect(nameInStudy({ folder: 'C:\\' } as Study, 'C:\\a\\e-1.pt')).toBe('a/e-1.pt');
});

it('a result document leads to the folder beside which it is kept', () => {
  const result = 'C:\\w\\runs\\.basin\\results\\a\\e-1.pt.basin.json';
  expect(folderOfResult(result)).toBe('C:\\w\\runs');
  expect(folderOfResult(result.replaceAll('\\', '/'))).toBe('C:\\w\\runs');
  expect(folderOfResult('\\\\server\\share\\.basin\\results\\e.pt.basin.json')).toBe(
    '\\\\server\\share',
  );
  expect(folderOfResult('C:\\w\\e-1.pt.basin.json')).toBeNull();
});
