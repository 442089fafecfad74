import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
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

/** Whether training code gives this name to a step or an epoch. */
export function isPosition(key: string): boolean {
  return EPOCH_KEYS.includes(key) || STEP_KEYS.includes(key);
}

/**
 * Step and epoch: what the file says; else `trainer_state.json` beside it, as the Trainer of
 * Hugging Face writes it; else the file's name; else the name of its folder.
 *
 * @param metadata plain values in the file; numbers may be written as text.
 */
export async function trainingPosition(
  path: string,
  metadata: Checkpoint['metadata'],
): Promise<TrainingPosition> {
  const step = wholeOf(inside(metadata, STEP_KEYS));
  const epoch = inside(metadata, EPOCH_KEYS);
  if (step !== null && epoch !== null) return { step, epoch };
  const names = [basename(path), basename(dirname(path))];
  const beside = await trainerState(dirname(path));
  return {
    step: step ?? beside?.step ?? inNames(names, STEP_NAME),
    epoch: epoch ?? beside?.epoch ?? inNames(names, EPOCH_NAME),
  };
}

/** The log of a long training is in it, too. */
const MAX_STATE_BYTES = 32 * 2 ** 20;

async function trainerState(folder: string): Promise<TrainingPosition | null> {
  const path = join(folder, 'trainer_state.json');
  const found = await stat(path).catch(() => null);
  if (found?.isFile() !== true || found.size > MAX_STATE_BYTES) return null;
  try {
    const state: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof state !== 'object' || state === null) return null;
    const { global_step: step, epoch } = state as { global_step?: unknown; epoch?: unknown };
    return { step: wholeOf(countOf(step)), epoch: countOf(epoch) };
  } catch {
    // It is not this checkpoint's fault.
    return null;
  }
}

function inside(metadata: Checkpoint['metadata'], keys: readonly string[]): number | null {
  for (const key of keys) {
    const value = Object.hasOwn(metadata, key) ? metadata[key] : undefined;
    const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
    const count = countOf(number);
    if (count !== null) return count;
  }
  return null;
}

function wholeOf(count: number | null): number | null {
  return Number.isInteger(count) ? count : null;
}

/** Whole or not: 1.5 epochs are what the Trainer of Hugging Face counts. */
function countOf(value: unknown): number | null {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER ? value : null;
}

function inNames(names: readonly string[], pattern: RegExp): number | null {
  for (const name of names) {
    const digits = pattern.exec(name)?.[1];
    if (digits !== undefined && digits.length <= 15) return Number(digits);
  }
  return null;
}
