import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../../src/engine/checkpoint/openCheckpoint';
import { InputError } from '../../../src/shared/inputError';
import { readFixture, readWhole, temporaryFolder, valuesOf } from './fixtures';

const FILES = [
  'nested.pt',
  'protocol-4.pt',
  'deflated.pt',
  'legacy-nested.pt',
  'epoch=9-step=9.ckpt',
  'model_step_1000.safetensors',
  'arrays.npz',
  'arrays-compressed.npz',
];

/** Reads a damaged file: it is whole after all, or refused in a sentence. */
async function outcomeOf(path: string): Promise<string> {
  try {
    const tensors = await readWhole(path);
    return JSON.stringify([...tensors].map(([name, tensor]) => [name, valuesOf(tensor)]));
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    const { message } = error as InputError;
    expect(message).toContain('damaged.bin');
    expect(message).toMatch(/^[^\n]{1,1000}\.$/);
    return 'refused';
  }
}

describe.each(FILES)('%s', (name) => {
  it('is refused when it is cut at any place', async () => {
    const path = join(await temporaryFolder(), 'damaged.bin');
    const whole = await readFixture(name);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), async (length) => {
        await writeFile(path, whole.subarray(0, length));
        expect(await outcomeOf(path)).toBe('refused');
      }),
      { numRuns: 100 },
    );
  });

  it('with a flipped bit is read as before, or refused', async () => {
    const path = join(await temporaryFolder(), 'damaged.bin');
    const whole = await readFixture(name);
    await writeFile(path, whole);
    const before = await outcomeOf(path);
    // Neither the legacy format nor safetensors has checksums: there the elements may differ.
    const checked = !/legacy|safetensors/.test(name);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(7), async (at, bit) => {
        const bytes = Buffer.from(whole);
        bytes[at]! ^= 1 << bit;
        await writeFile(path, bytes);
        const after = await outcomeOf(path);
        if (checked) expect(['refused', before]).toContain(after);
      }),
      { numRuns: 150 },
    );
  });

  it('with rubbish in it is read or refused, and never a fault', async () => {
    const path = join(await temporaryFolder(), 'damaged.bin');
    const whole = await readFixture(name);
    const rubbish = fc.uint8Array({ minLength: 1, maxLength: 16 });
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), rubbish, async (at, bytes) => {
        const damaged = Buffer.from(whole);
        damaged.set(bytes.subarray(0, damaged.length - at), at);
        await writeFile(path, damaged);
        await outcomeOf(path);
      }),
      { numRuns: 100 },
    );
  });
});

describe('the pickled header of a PyTorch file', () => {
  it('does not open with any bit flipped', async () => {
    const path = join(await temporaryFolder(), 'damaged.bin');
    const whole = await readFixture('ema.pt');
    const start = whole.indexOf('\x80\x02}', 0, 'latin1');
    const length = whole.indexOf('PK', start);
    expect(start).toBeGreaterThan(0);
    // The pickle ends with STOP; after it comes the padding up to the next entry.
    const end = whole.lastIndexOf('.', length);
    for (let at = start; at < Math.min(end, start + 300); at += 1) {
      const bytes = Buffer.from(whole);
      bytes[at]! ^= 1 << (at % 8);
      await writeFile(path, bytes);
      await expect(openCheckpoint(path), `byte ${at}`).rejects.toThrow(InputError);
    }
  });
});

describe('a zip archive', () => {
  /** The fixture with `text`, where it stands last, written as `other`: in the list of entries. */
  async function relabelled(name: string, text: string, other: string): Promise<string> {
    const path = join(await temporaryFolder(), 'damaged.bin');
    const bytes = await readFixture(name);
    bytes.set(Buffer.from(other), bytes.lastIndexOf(text));
    await writeFile(path, bytes);
    return path;
  }

  it('cannot write to the terminal through a name', async () => {
    const path = await relabelled('arrays.npz', 'half_big.npy', 'h\x1b[2J\nig.npy');
    await expect(openCheckpoint(path)).rejects.toThrow(/^[\P{Cc}]+$/u);
  });

  it('whose list calls an array by another name is refused', async () => {
    const path = await relabelled('arrays.npz', 'half_big.npy', 'half_bit.npy');
    await expect(openCheckpoint(path)).rejects.toThrow(/another name/);
  });

  it('whose list hides the byte order is refused', async () => {
    const path = await relabelled('big-endian.pt', 'byteorder', 'byteordes');
    await expect(openCheckpoint(path)).rejects.toThrow(/another name/);
  });

  it('whose list is too short is refused', async () => {
    const path = join(await temporaryFolder(), 'damaged.bin');
    const bytes = await readFixture('arrays.npz');
    const end = bytes.lastIndexOf('PK\x05\x06');
    bytes.writeUInt16LE(bytes.readUInt16LE(end + 10) - 1, end + 10);
    await writeFile(path, bytes);
    await expect(openCheckpoint(path)).rejects.toThrow(/list of entries/);
  });

  it('with damaged elements opens, and refuses to read them', async () => {
    const path = join(await temporaryFolder(), 'damaged.bin');
    const bytes = await readFixture('ema.pt');
    const ones = bytes.indexOf(Buffer.from(Float32Array.of(1, 1).buffer));
    bytes[ones + 3]! ^= 1;
    await writeFile(path, bytes);
    const checkpoint = await openCheckpoint(path);
    await expect(checkpoint.read('w')).rejects.toThrow(
      'damaged.bin is damaged: its ema/data/0 does not match its checksum; copy it again, or wait ' +
        'until it is written completely.',
    );
    await checkpoint.close();
  });
});
