import { setMaxListeners } from 'node:events';
import type { Configuration } from '../../../shared/configuration';
import type { Landscape } from '../../../shared/result/landscape';
import { Analysis } from '../analysis';
import { nameInStudy, type Study } from '../configuration/study';
import type { WorkerPool } from '../pool/workerPool';

export interface InterpolationOptions {
  /** A trained Bézier curve instead of the straight line. */
  readonly curve?: boolean;
  /** Points along the path; as basin.json's without. */
  readonly resolution?: number;
  /** How far it reaches beyond both ends, in distances between them: 0.5, of a curve 0. */
  readonly beyond?: number;
  readonly signal?: AbortSignal | undefined;
  /** @param fraction in [0, 1]. */
  readonly onProgress?: (fraction: number) => void;
}

/**
 * The loss along the line, or along a trained curve, from one checkpoint to another: a landscape
 * of one dimension with the first at 0 and the second at 1. No result document is written.
 *
 * @param from absolute path of a checkpoint of the study's model.
 * @param to absolute path of another one, of this run or of another.
 * @throws InputError when one cannot be read, or both have the same weights.
 */
export async function interpolate(
  study: Study,
  pool: WorkerPool,
  from: string,
  to: string,
  options: InterpolationOptions = {},
): Promise<Landscape> {
  const { curve = false, resolution, beyond, signal, onProgress } = options;
  // Every task that waits listens to it.
  if (signal !== undefined) setMaxListeners(0, signal);
  const settings = study.configuration.landscape;
  const landscape: Configuration['landscape'] = {
    ...settings,
    directions: curve ? 'bezier' : 'interpolation',
    dimensions: undefined,
    resolution,
    range: beyond,
    center: 'checkpoint',
    share: false,
    through: nameInStudy(study, to),
    refine: false,
  };
  const between: Study = { ...study, configuration: { ...study.configuration, landscape } };
  const document = await new Analysis(between, pool).analyze(from, {
    only: ['landscape'],
    isStored: false,
    signal,
    onProgress: ({ part, fraction }) => {
      if (part === 'landscape') onProgress?.(fraction);
    },
  });
  return document.landscape!;
}
