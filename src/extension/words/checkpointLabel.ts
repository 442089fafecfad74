import { basename, dirname } from 'node:path';
import { isCheckpointFolder, nameInRun } from '../../shared/checkpointNames';

/** The folder of the run a checkpoint belongs to. */
export function runFolder(path: string): string {
  const folder = dirname(path);
  return isCheckpointFolder(basename(folder)) ? dirname(folder) : folder;
}

/** A checkpoint as it is called within its run: `epoch-003.pt`, `checkpoint-500`. */
export function checkpointName(path: string): string {
  return nameInRun(basename(dirname(path)), basename(path));
}

/** A checkpoint as people tell it from those of other runs: `resnet/epoch-003.pt`. */
export function checkpointLabel(path: string): string {
  return `${basename(runFolder(path))}/${checkpointName(path)}`;
}
