import { existsSync } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { CONFIGURATION_FILE } from '../../../shared/configuration';
import { InputError } from '../../../shared/inputError';
import { resultLocation } from '../../../shared/resultLocation';
import { parseResult } from '../../../shared/resultShape';
import type { ResultDocument } from '../../../shared/result';
import { say } from '../../../shared/words/message';
import { nameIn } from '../../../shared/pathNames';

/** A document of this size would be a grid of tens of millions of points, as text. */
const MAX_BYTES = 2 ** 28;

/**
 * Reads a result document, whoever wrote it.
 *
 * @throws InputError when it is none, or of another version.
 */
export async function readResult(path: string): Promise<ResultDocument> {
  let text: string;
  try {
    const status = await stat(path);
    if (!status.isFile()) {
      throw new InputError(say`${path} is no file; name a result document.`, 'invalid');
    }
    if (status.size > MAX_BYTES) {
      throw new InputError(
        say`${path} has ${Math.round(status.size / 1e6)} MB, and Basin reads result documents of up to ${Math.round(MAX_BYTES / 1e6)}; lower "resolution" in basin.json and analyze again.`,
        'unsupported',
      );
    }
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    throw new InputError(say`${path} cannot be read; check the path.`, 'missing', { cause });
  }
  const reading = parseResult(text);
  if (reading.ok) return reading.document;
  throw new InputError(
    say`${path} is no usable result document: ${reading.why}; name a document that "basin analyze" wrote, or analyze again.`,
  );
}

/** Whether a JSON file is a result document and not a landscape: it begins with its schema. */
export async function isResult(path: string): Promise<boolean> {
  const status = await stat(path).catch(() => null);
  // Opening a pipe waits for somebody to write.
  if (status?.isFile() === false) return false;
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(256), 0, 256, 0);
    return /^\s*\{\s*"schema"\s*:/.test(buffer.toString('utf8', 0, bytesRead));
  } finally {
    await handle.close();
  }
}

/** Where the result of a checkpoint is, or would be, by each basin.json beside it or above. */
export function resultPathsOf(checkpoint: string): readonly string[] {
  const file = resolve(checkpoint);
  const paths: string[] = [];
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (existsSync(join(folder, CONFIGURATION_FILE))) {
      paths.push(join(folder, resultLocation(nameIn(folder, file, { relative, sep }))));
    }
    if (dirname(folder) === folder) return paths;
  }
}
