import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Checkpoint } from '../../../src/engine/checkpoint/checkpoint';
import { openCheckpoint, type OpenOptions } from '../../../src/engine/checkpoint/openCheckpoint';
import type { Tensor } from '../../../src/engine/tensor';

const FOLDER = fileURLToPath(new URL('../../fixtures/checkpoints/', import.meta.url));

/** What PyTorch or NumPy says is in a file. */
export interface Expected {
  readonly format: string;
  readonly tensors: Readonly<
    Record<string, { dtype: string; shape: number[]; values: (number | string | boolean)[] }>
  >;
  readonly step?: number | null;
  readonly epoch?: number | null;
  readonly metadata?: Checkpoint['metadata'];
  readonly variants?: string[];
}

export async function readExpected(): Promise<Record<string, Expected>> {
  const text = await readFile(join(FOLDER, 'expected.json'), 'utf8');
  return JSON.parse(text) as Record<string, Expected>;
}

export function fixturePath(name: string): string {
  return join(FOLDER, name);
}

export async function readFixture(name: string): Promise<Buffer> {
  return readFile(fixturePath(name));
}

/** Opens a fixture, and closes it when the test is over. */
export async function openFixture(name: string, options?: OpenOptions): Promise<Checkpoint> {
  const checkpoint = await openCheckpoint(fixturePath(name), options);
  onTestFinished(() => checkpoint.close());
  return checkpoint;
}

/** A folder that is gone when the test is over. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'basin-checkpoint-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function writeTemporary(name: string, bytes: Uint8Array | string): Promise<string> {
  const path = join(await temporaryFolder(), name);
  await writeFile(path, bytes);
  return path;
}

/** The elements as expected.json has them: numbers where exact, text where not or not finite. */
export function valuesOf(tensor: Tensor): (number | string)[] {
  return Array.from<number | bigint, number | string>(tensor.data, (value) => {
    const number = Number(value);
    if (typeof value === 'bigint') return Number.isSafeInteger(number) ? number : value.toString();
    return Number.isFinite(number) ? number : String(number);
  });
}

/** Opens a file and reads all of it. */
export async function readWhole(path: string): Promise<Map<string, Tensor>> {
  const checkpoint = await openCheckpoint(path);
  try {
    const tensors = new Map<string, Tensor>();
    for (const name of checkpoint.tensors.keys()) tensors.set(name, await checkpoint.read(name));
    return tensors;
  } finally {
    await checkpoint.close();
  }
}
