import { basename, dirname } from 'node:path';
import type { Checkpoint } from './checkpoint';

/** How far training was when it wrote a checkpoint. */
export interface TrainingPosition {
  readonly step: number | null;
  readonly epoch: number | null;
}

/** Names that training code gives them: Lightning, timm, MMEngine, fairseq, plain loops. */
const EPOCH_KEYS = ['epoch', 'meta.epoch', 'epochs', 'current_epoch', 'trainer_state.epoch'];
const STEP_KEYS = [
  'global_step',
  'step',
  'iteration',
  'iter',
  'meta.iter',
  'num_updates',
  'steps',
  'trainer_state.global_step',
];

/** `epoch-012.pt`, `epoch=3-step=100.ckpt`, `model_ep7.pt` */
const EPOCH_NAME = /(?:^|[^a-z])(?:epochs?|ep)[-_=.]?(\d+)/i;
/** `checkpoint-500`, `step_1000.pt`, `iter_2000.pth` */
const STEP_NAME =
  /(?:^|[^a-z])(?:global[-_]?step|steps?|iteration|iter|checkpoint|ckpt)[-_=.]?(\d+)/i;

/**
 * Step and epoch: what the file says; else its name; else the name of its folder.
 *
 * @param metadata plain values in the file; numbers may be written as text.
 */
export function trainingPosition(path: string, metadata: Checkpoint['metadata']): TrainingPosition {
  const names = [basename(path), basename(dirname(path))];
  const step = inside(metadata, STEP_KEYS);
  const epoch = inside(metadata, EPOCH_KEYS);
  return {
    step: step ?? inNames(names, STEP_NAME),
    epoch: epoch ?? inNames(names, EPOCH_NAME),
  };
}

function inside(metadata: Checkpoint['metadata'], keys: readonly string[]): number | null {
  for (const key of keys) {
    const value = Object.hasOwn(metadata, key) ? metadata[key] : undefined;
    const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
    if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) return number;
  }
  return null;
}

function inNames(names: readonly string[], pattern: RegExp): number | null {
  for (const name of names) {
    const digits = pattern.exec(name)?.[1];
    if (digits !== undefined && digits.length <= 15) return Number(digits);
  }
  return null;
}
