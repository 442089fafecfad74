import { resolve } from 'node:path';
import type { Inspection } from '../../shared/engineProtocol';
import { sizeOf } from '../tensor';
import { openCheckpoint } from './openCheckpoint';

/** A checkpoint's header. @throws InputError when the file is not one that is read. */
export async function inspect(path: string, base?: string): Promise<Inspection> {
  const checkpoint = await openCheckpoint(path, base === undefined ? {} : { base });
  try {
    const tensors = [...checkpoint.tensors.values()].map(({ name, dtype, shape }) => ({
      name,
      dtype,
      shape,
    }));
    return {
      path: resolve(path),
      format: checkpoint.format,
      size: checkpoint.size,
      tensors,
      parameters: tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
      step: checkpoint.step,
      epoch: checkpoint.epoch,
      metadata: checkpoint.metadata,
      ...(checkpoint.warnings === undefined ? {} : { warnings: checkpoint.warnings }),
    };
  } finally {
    await checkpoint.close();
  }
}
