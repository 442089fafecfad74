import { basename, dirname } from 'node:path';

/** A checkpoint as people tell it from those of other runs: `resnet/epoch-003.pt`. */
export function checkpointLabel(path: string): string {
  return `${basename(dirname(path))}/${basename(path)}`;
}
