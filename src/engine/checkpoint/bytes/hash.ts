import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { naming } from '../fault';

const CHUNK = 2 ** 20;

/**
 * SHA-256 of one file's bytes, or of the hashes of several files, one on a line.
 *
 * @throws InputError as `sha256`.
 */
export async function sha256OfAll(paths: readonly string[], signal?: AbortSignal): Promise<string> {
  const hashes: string[] = [];
  for (const path of paths) hashes.push(await sha256(path, signal));
  if (hashes.length === 1) return hashes[0]!;
  return createHash('sha256').update(hashes.join('\n')).digest('hex');
}

/**
 * SHA-256 of a file's bytes, hexadecimal; in memory is never more than a piece of it.
 *
 * @throws InputError when the file is missing or may not be read; the signal's AbortError.
 */
export async function sha256(path: string, signal?: AbortSignal): Promise<string> {
  return naming(path, async () => {
    const hash = createHash('sha256');
    const options = { highWaterMark: CHUNK, ...(signal ? { signal } : {}) };
    for await (const chunk of createReadStream(path, options)) hash.update(chunk as Buffer);
    return hash.digest('hex');
  });
}
