import { posix, win32 } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBelow, nameIn, withEditorsDrive } from '../../src/shared/pathNames';

const segment = fc.stringMatching(/^[a-z0-9 _-]{1,8}$/).filter((text) => text.trim() === text);

describe.each([
  ['posix', posix, '/'],
  ['win32', win32, 'c:\\'],
  ['a share of win32', win32, '\\\\server\\share\\'],
] as const)('paths of %s', (_, paths, root) => {
  it('are named below a folder with forward slashes, and lead back', () => {
    fc.assert(
      fc.property(fc.array(segment), fc.array(segment, { minLength: 1 }), (above, below) => {
        const folder = paths.join(root, ...above);
        const path = paths.join(folder, ...below);
        expect(nameIn(folder, path, paths)).toBe(below.join('/'));
        expect(paths.resolve(folder, nameIn(folder, path, paths))).toBe(path);
        expect(isBelow(folder, path, paths)).toBe(true);
        expect(isBelow(path, folder, paths)).toBe(false);
        // A folder that is called so at its beginning is another.
        expect(isBelow(`${folder}x`, path, paths)).toBe(false);
      }),
    );
  });

  it('are below their root', () => {
    expect(isBelow(root, paths.join(root, 'a'), paths)).toBe(true);
  });
});

it('a drive is written as the editor writes it, and nothing else is changed', () => {
  expect(withEditorsDrive('C:\\Runs\\X.pt')).toBe('c:\\Runs\\X.pt');
  expect(withEditorsDrive('D:/Runs/X.pt')).toBe('d:/Runs/X.pt');
  expect(withEditorsDrive('/C:/Runs')).toBe('c:/Runs');
  for (const path of ['/C/Runs', 'C:', 'Runs/C:/x', '\\\\Server\\Share', 'S3://bucket', '']) {
    expect(withEditorsDrive(path)).toBe(path);
  }
});
