import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/engine/checkpoint/bytes/hash';
import { writeTemporary } from './fixtures';

describe('the hash of a file', () => {
  it('is its SHA-256', async () => {
    // FIPS 180-2, appendix B.1.
    expect(await sha256(await writeTemporary('a', 'abc'))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  it('does not depend on the pieces it is read in', async () => {
    // FIPS 180-2, appendix B.3: a million times the letter a.
    expect(await sha256(await writeTemporary('a', 'a'.repeat(1_000_000)))).toBe(
      'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
    );
    const large = await writeTemporary('b', Buffer.alloc(3 * 2 ** 20));
    expect(await sha256(large)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is given up when it is cancelled', async () => {
    const path = await writeTemporary('a', 'abc');
    await expect(sha256(path, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('of no file is refused', async () => {
    await expect(sha256('/no/such/file')).rejects.toMatchObject({ reason: 'missing' });
  });
});
