/** How an answer leaves the command line: piece by piece, and to whoever reads it. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sayJson } from '../../src/engine/cli/output';
import { ROOT } from './basin';

const CHECKPOINT = join(ROOT, 'test/fixtures/formats/model.gguf');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'basin-output-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('a JSON document', () => {
  it('waits for whoever reads it slowly, and is what JSON.stringify makes of it', async () => {
    const document = {
      name: 'a\u009bb\u202e',
      pairs: Array.from({ length: 20_000 }, (_, i) => ({
        birth: i / 7,
        death: 1,
        border: i % 2 === 0,
      })),
      deep: [[[[1, [2, [3, { a: [] }]]]]], {}],
      absent: undefined,
    };
    const pieces: string[] = [];
    let isBusy = false;
    const slow = new Writable({
      decodeStrings: false,
      highWaterMark: 1,
      write(piece: string, _, done) {
        pieces.push(piece);
        isBusy = true;
        setImmediate(() => {
          isBusy = false;
          done();
        });
      },
    });
    const write = slow.write.bind(slow) as (piece: string) => boolean;
    slow.write = (piece: string) => {
      expect(isBusy).toBe(false);
      return write(piece);
    };
    await sayJson(document, slow);
    expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThan(2 ** 17);
    expect(pieces.length).toBeGreaterThan(10);
    expect(JSON.parse(pieces.join(''))).toEqual(JSON.parse(JSON.stringify(document)));
  });

  it('of two million pairs is written within the memory that the pairs take', async () => {
    const extent = 2000;
    const path = join(folder, 'board.npy');
    await writeFile(path, board(extent));
    const count = extent ** 2 / 2;
    // The text alone has 460 million characters, and would not fit beside the pairs.
    const { status, stderr } = await streamed(
      ['--max-old-space-size=700'],
      ['topology', path, '--neighborhood', '4', '--threshold', '0', '--json'],
      pairsOf((pair, i) => {
        // The lowest minimum is the one that stays; the others die where they meet it, the lowest last.
        const rank = i + 1;
        const expected = { birth: levelOf(rank), death: 1, birthVertex: cellOf(rank, extent) };
        const { birth, death, birthVertex, deathVertex } = pair;
        const isSaddle = isOdd(deathVertex, extent);
        return (
          birth === expected.birth &&
          death === expected.death &&
          birthVertex === expected.birthVertex &&
          isSaddle
        );
      }, count - 1),
    );
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(status).toBe(0);
  }, 300_000);

  it('that nobody reads any more ends the command without a word', async () => {
    const path = join(folder, 'small.npy');
    await writeFile(path, board(400));
    const flags = ['--neighborhood', '4', '--threshold', '0', '--json'];
    const { status, stderr } = await streamed([], ['topology', path, ...flags], 'none');
    expect(status).toBe(141);
    expect(stderr.split('\n').filter((line) => !line.startsWith('Warning: '))).toEqual(['']);
  });
});

describe.runIf(existsSync('/dev/full'))('a full disk', () => {
  it.each([
    ['a JSON document', ['--json']],
    ['a text', []],
  ])('to which %s is written is said in one sentence', async (_, flags) => {
    const full = await open('/dev/full', 'w');
    try {
      const child = spawn(
        process.execPath,
        [join(ROOT, 'dist/basin.js'), 'inspect', CHECKPOINT, ...flags],
        { stdio: ['ignore', full.fd, 'pipe'] },
      );
      let stderr = '';
      child.stderr!.on('data', (piece: Buffer) => (stderr += piece.toString()));
      const status = await new Promise((resolve) => child.on('close', resolve));
      expect(stderr).toBe(
        'Standard output cannot be written: no space is left on its disk; make room there.\n',
      );
      expect(status).toBe(1);
    } finally {
      await full.close();
    }
  });
});

interface Pair {
  readonly birth: number;
  readonly death: number;
  readonly birthVertex: number;
  readonly deathVertex: number;
}

/**
 * A board as of chess, its dark fields of height 1, its light ones all lower and each different: every light field
 * is a minimum of its four neighbours.
 */
function board(extent: number): Buffer {
  const values = new Float32Array(extent ** 2).fill(1);
  for (let rank = 0; rank < extent ** 2 / 2; rank++) values[cellOf(rank, extent)] = levelOf(rank);
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${extent}, ${extent}), }`;
  const head = Buffer.from(`\x93NUMPY\x01\x00\x76\x00${header.padEnd(117)}\n`, 'latin1');
  return Buffer.concat([head, Buffer.from(values.buffer)]);
}

/** Of the light field that has so many below it: a number that float32 holds. */
function levelOf(rank: number): number {
  return rank / 2 ** 22;
}

/** Light fields in an order without neighbours: 1,234,567 has no factor in common with their count. */
function cellOf(rank: number, extent: number): number {
  const light = (rank * 1_234_567) % (extent ** 2 / 2);
  const row = Math.floor((2 * light) / extent);
  return 2 * light + (row % 2);
}

function isOdd(cell: number, extent: number): boolean {
  return (Math.floor(cell / extent) + (cell % extent)) % 2 === 1;
}

/** A sink that reads the pairs of a document as they come, and holds none. */
function pairsOf(isRight: (pair: Pair, i: number) => boolean, count: number): Writable {
  let rest = '';
  let isBefore = true;
  let isAfter = false;
  let read = 0;
  const take = (text: string): void => {
    rest += text;
    if (isBefore) {
      const start = rest.indexOf('"pairs":[');
      if (start < 0) return;
      isBefore = false;
      rest = rest.slice(start + '"pairs":['.length);
    }
    let at = 0;
    while (!isAfter) {
      const end = rest.indexOf('}', at);
      if (end < 0 || end + 1 === rest.length) break;
      const pair = JSON.parse(rest.slice(at, end + 1)) as Pair;
      if (!isRight(pair, read)) throw new Error(`pair ${read} is ${JSON.stringify(pair)}`);
      read += 1;
      isAfter = rest[end + 1] === ']';
      at = end + 2;
    }
    rest = isAfter ? '' : rest.slice(at);
  };
  return new Writable({
    write(piece: Buffer, _, done) {
      try {
        if (!isAfter) take(piece.toString('latin1'));
        done();
      } catch (error) {
        done(error as Error);
      }
    },
    final(done) {
      done(read === count ? null : new Error(`${read} pairs of ${count}`));
    },
  });
}

/** Runs the command line into a sink, or until it has said something to one that is closed. */
async function streamed(
  options: readonly string[],
  args: readonly string[],
  sink: Writable | 'none',
): Promise<{ readonly status: number | null; readonly stderr: string }> {
  const child = spawn(process.execPath, [...options, join(ROOT, 'dist/basin.js'), ...args]);
  let stderr = '';
  child.stderr.on('data', (piece: Buffer) => (stderr += piece.toString()));
  const closed = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (sink === 'none') {
    child.stdout.once('data', () => {
      child.stdout.destroy();
    });
    return { status: await closed, stderr };
  }
  const sunk = new Promise<void>((resolve, reject) => {
    sink.on('finish', resolve);
    sink.on('error', reject);
  });
  child.stdout.pipe(sink);
  try {
    await sunk;
  } catch (error) {
    child.kill();
    throw new Error(`the sink refused it: ${stderr}`, { cause: error });
  }
  return { status: await closed, stderr };
}
