import { basename, dirname } from 'node:path';
import { isCheckpointFolder, nameInRun } from '../../shared/checkpointNames';

/** The folder of the run a checkpoint belongs to. */
export function runFolder(path: string): string {
  const folder = dirname(path);
  return isCheckpointFolder(basename(folder)) ? dirname(folder) : folder;
}

/** Folders whose names say what is in them, and not of which training it is. */
const SAYS_NOTHING = /^(checkpoints?|ckpts?|weights|saved_models|snapshots)$/i;

/** What a run is called: its folder; `version_0/checkpoints` where every training has one of that name. */
export function runName(folder: string): string {
  const name = basename(folder);
  const parent = basename(dirname(folder));
  return SAYS_NOTHING.test(name) && parent !== '' ? `${parent}/${name}` : name;
}

/** A checkpoint as it is called within its run: `epoch-003.pt`, `checkpoint-500`. */
export function checkpointName(path: string): string {
  return nameInRun(basename(dirname(path)), basename(path));
}

/** A checkpoint as people tell it from those of other runs: `resnet/epoch-003.pt`. */
export function checkpointLabel(path: string): string {
  return `${runName(runFolder(path))}/${checkpointName(path)}`;
}
