import { createHash, randomUUID } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import {
  appendFile,
  copyFile,
  mkdir,
  readFile,
  rename,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { writingTo } from '../../writing';
import { Claim, type ClaimOptions } from './claim';

/**
 * Computed parts of results, by the content of everything they follow from. A part whose inputs
 * change is another part; nothing here is ever wrong, only unused.
 */
export class Cache {
  readonly folder: string;
  private readonly others: readonly string[];

  /** @param others folders in which is looked for what this one does not have. */
  constructor(folder: string, others: readonly string[] = []) {
    this.folder = folder;
    this.others = others;
  }

  async read<T>(key: string): Promise<T | null> {
    for (const path of this.paths(key, 'json')) {
      // Not there, or written by half: computed again either way.
      const value = await readJson<T>(path);
      if (value !== null) return value;
    }
    return null;
  }

  /** Whether a part is there, without reading it. */
  has(key: string): boolean {
    return this.paths(key, 'json').some(existsSync);
  }

  async write(key: string, value: unknown): Promise<void> {
    await writeWhole(this.path(key, 'json'), JSON.stringify(value));
  }

  async readBytes(key: string): Promise<Buffer | null> {
    for (const path of this.paths(key, 'bin')) {
      const bytes = await readFile(path).catch(() => null);
      if (bytes !== null) return bytes;
    }
    return null;
  }

  async writeBytes(key: string, bytes: Uint8Array): Promise<void> {
    await writeWhole(this.path(key, 'bin'), bytes);
  }

  /** A record of pieces that are finished before the whole is. */
  log(key: string): PieceLog {
    const [own, ...others] = this.paths(key, 'points');
    return new PieceLog(own, others);
  }

  /** Where processes that compute one part together keep what they have of it. */
  sharedFolder(key: string): string {
    return this.path(key, 'shared');
  }

  /** That this process computes a part, so that others wait for it: see `Claim.take`. */
  claim(key: string, isDone: () => Promise<boolean>, options: ClaimOptions): Promise<Claim | null> {
    return Claim.take(this.path(key, 'claim'), isDone, options);
  }

  private path(key: string, ending: string): string {
    return join(this.folder, `${key}.${ending}`);
  }

  private paths(key: string, ending: string): [string, ...string[]] {
    const others = this.others.map((folder) => join(folder, `${key}.${ending}`));
    return [this.path(key, ending), ...others];
  }
}

/**
 * Losses of grid points as they are computed, so that a crash loses none. Every record has a
 * checksum: what a crash or a full disk left of the last one is found, and cut off.
 */
export class PieceLog {
  private readonly path: string;
  private readonly others: readonly string[];
  private ready: Promise<unknown> | undefined;

  /** @param others logs that this one goes on from where it does not exist yet. */
  constructor(path: string, others: readonly string[] = []) {
    this.path = path;
    this.others = others;
  }

  /** Point and loss of every record up to the first that is not whole. */
  async read(): Promise<readonly (readonly [number, number])[]> {
    await this.adopt();
    const bytes = await readFile(this.path).catch(() => Buffer.alloc(0));
    const { records, end } = recordsOf(bytes);
    // What is appended must begin where a record does.
    if (end < bytes.length) await truncate(this.path, end).catch(() => undefined);
    return records;
  }

  /** The same of a log that another may be writing: it is left as it is. */
  async peek(): Promise<readonly (readonly [number, number])[]> {
    return recordsOf(await readFile(this.path).catch(() => Buffer.alloc(0))).records;
  }

  async append(points: readonly number[], losses: readonly number[]): Promise<void> {
    const bytes = Buffer.alloc(points.length * RECORD);
    points.forEach((point, i) => {
      bytes.writeUInt32LE(point, i * RECORD);
      bytes.writeDoubleLE(losses[i]!, i * RECORD + 4);
      bytes.writeUInt32LE(crc32(bytes.subarray(i * RECORD, i * RECORD + 12)), i * RECORD + 12);
    });
    await writingTo(this.path, async () => {
      this.ready ??= mkdir(dirname(this.path), { recursive: true });
      await this.ready;
      await appendFile(this.path, bytes);
    });
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true });
  }

  private async adopt(): Promise<void> {
    for (const other of this.others) {
      if (!existsSync(other)) continue;
      await mkdir(dirname(this.path), { recursive: true }).catch(() => undefined);
      // One that exists is longer, or somebody else writes it.
      await copyFile(other, this.path, constants.COPYFILE_EXCL).catch(() => undefined);
    }
  }
}

/** Bytes of a point's index, its loss, and the checksum of both. */
const RECORD = 16;

/** The records of a log up to the first that is not whole, and where that begins. */
export function recordsOf(bytes: Buffer): {
  readonly records: readonly (readonly [point: number, loss: number])[];
  readonly end: number;
} {
  const records: [number, number][] = [];
  let end = 0;
  for (; end + RECORD <= bytes.length; end += RECORD) {
    if (crc32(bytes.subarray(end, end + 12)) !== bytes.readUInt32LE(end + 12)) break;
    records.push([bytes.readUInt32LE(end), bytes.readDoubleLE(end + 4)]);
  }
  return { records, end };
}

/** SHA-256 of a value's JSON or of bytes, hexadecimal. */
export function contentKey(...parts: readonly (Uint8Array | string | object)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) {
    hash.update(
      part instanceof Uint8Array || typeof part === 'string' ? part : JSON.stringify(part),
    );
    hash.update('\0');
  }
  return hash.digest('hex');
}

/** @returns null where there is no such file, or no JSON in it. */
export async function readJson<T>(path: string): Promise<T | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch {
    return null;
  }
}

/**
 * Writes a file so that a reader sees the old one or the new one, never half of it.
 *
 * @throws InputError where it cannot be written.
 */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  await writingTo(path, async () => {
    await mkdir(dirname(path), { recursive: true });
    const temporary = `${path}.${randomUUID()}.tmp`;
    try {
      await writeFile(temporary, content);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  });
}
