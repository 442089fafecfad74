import type { TensorListing, TensorTable } from '../../shared/engineProtocol';
import { sizeOf } from '../tensor';
import type { Checkpoint } from './checkpoint';
import { bytesPerElement, isElementType } from './bytes/elements';
import { printable } from './fault';
import { openNpyFile } from './numpy/npyFile';
import { openCheckpoint } from './openCheckpoint';

/** Longer names are nobody's; whoever wants them whole opens the file. */
const MAX_NAME_LENGTH = 500;

/** Types of less than a byte, in bits. */
const BITS: Readonly<Record<string, number>> = {
  float6_e2m3: 6,
  float6_e3m2: 6,
  float4_e2m1: 4,
};

/**
 * What is in a file of weights, without any of it.
 *
 * @throws InputError when the file is not one that is read.
 */
export async function listTensors(path: string): Promise<TensorListing> {
  const { checkpoint, format } = await openTensors(path);
  try {
    const entries = [...checkpoint.tensors.values()];
    const dtypes = [...new Set(entries.map(({ dtype }) => dtype))];
    const places = new Map(dtypes.map((dtype, place) => [dtype, place]));
    const table: TensorTable = {
      names: entries.map(({ name }) => printable(name, MAX_NAME_LENGTH)),
      dtypes,
      dtype: entries.map(({ dtype }) => places.get(dtype)!),
      shapes: entries.map(({ shape }) => shape),
      bytes: entries.map(({ dtype, shape }) => bytesOf(dtype, sizeOf(shape))),
    };
    return {
      format,
      size: checkpoint.size,
      count: entries.length,
      parameters: entries.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
      step: checkpoint.step,
      epoch: checkpoint.epoch,
      metadata: checkpoint.metadata,
      ...(checkpoint.warnings === undefined ? {} : { warnings: checkpoint.warnings }),
      table: new TextEncoder().encode(JSON.stringify(table)),
    };
  } finally {
    await checkpoint.close();
  }
}

/** A single array has no format of a checkpoint. */
export type ReadableTensors = Omit<Checkpoint, 'format'>;

interface Opened {
  readonly checkpoint: ReadableTensors;
  readonly format: TensorListing['format'];
}

/** As `openCheckpoint`, and single arrays as well. */
export async function openTensors(path: string): Promise<Opened> {
  const array = await openNpyFile(path);
  if (array !== null) return { checkpoint: array, format: 'npy' };
  const checkpoint = await openCheckpoint(path);
  return { checkpoint, format: checkpoint.format };
}

function bytesOf(dtype: string, count: number): number | null {
  if (isElementType(dtype)) return count * bytesPerElement(dtype);
  const bits = Object.hasOwn(BITS, dtype) ? BITS[dtype] : undefined;
  return bits === undefined ? null : (count * bits) / 8;
}
