import { dirname, join } from 'node:path';
import type { Checkpoint } from '../checkpoint';
import type { CheckpointFile } from '../bytes/checkpointFile';
import { Fault } from '../fault';
import { joined, type JoinedTensor } from './joined';
import { trainingPosition } from '../trainingPosition';
import { distinct, say } from '../../../shared/words/message';

const MAX_INDEX_BYTES = 64 * 2 ** 20;
/** Each is a file that is open as long as the checkpoint is. */
const MAX_SHARDS = 1024;

/**
 * Opens the index of a checkpoint in several files, as the libraries of Hugging Face write it:
 * `model.safetensors.index.json`, `pytorch_model.bin.index.json`. It maps names of tensors to names of
 * files in its own folder; files elsewhere are not opened.
 *
 * Source: huggingface_hub, `serialization/_base.py`, `StateDictSplit`.
 *
 * @param openPart opens one of the files.
 * @throws Fault when the index is not one, or a file of it or a tensor in one is missing.
 */
export async function openShardIndex(
  file: CheckpointFile,
  openPart: (path: string) => Promise<Checkpoint>,
): Promise<Checkpoint> {
  if (file.size > MAX_INDEX_BYTES) throw new Fault('unsupported', say`it is too long for an index`);
  const places = placesOf(await file.read(0, file.size));
  const names = [...new Set(places.values())];
  if (names.length > MAX_SHARDS) {
    throw new Fault(
      'unsupported',
      say`it names ${names.length} files, more than Basin opens at once`,
    );
  }
  const parts = new Map<string, Checkpoint>();
  try {
    for (const name of names) {
      parts.set(name, await openPart(join(dirname(file.path), name)));
    }
    const tensors = new Map<string, JoinedTensor>();
    for (const [name, shard] of places) {
      const part = parts.get(shard)!;
      if (!part.tensors.has(name)) {
        throw new Fault('damaged', say`its tensor \`${name}\` is not in ${shard}, where it says`);
      }
      tensors.set(name, { part, name });
    }
    const all = [...parts.values()];
    await file.close();
    return joined(
      {
        path: file.path,
        format: all[0]!.format,
        size: all.reduce((sum, { size }) => sum + size, file.size),
        ...(await trainingPosition(file.path, {})),
        metadata: { files: names.length },
        ...warningsOf(all),
      },
      all,
      tensors,
    );
  } catch (error) {
    for (const part of parts.values()) await part.close();
    throw error;
  }
}

function warningsOf(parts: readonly Checkpoint[]): Pick<Checkpoint, 'warnings'> {
  const warnings = distinct(parts.flatMap((part) => part.warnings ?? []));
  return warnings.length > 0 ? { warnings } : {};
}

/** Tensor → name of a file beside the index. */
function placesOf(bytes: Uint8Array): Map<string, string> {
  let index: unknown;
  try {
    index = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    throw new Fault('damaged', say`it is no JSON`);
  }
  const map =
    typeof index === 'object' && index !== null && 'weight_map' in index ? index.weight_map : null;
  if (typeof map !== 'object' || map === null) {
    throw new Fault('damaged', say`it has no "weight_map" that names files`);
  }
  const places = new Map<string, string>();
  for (const [name, file] of Object.entries(map as Record<string, unknown>)) {
    if (typeof file !== 'string' || !isBaseName(file)) {
      throw new Fault(
        'hostile',
        say`it names a file that is not in its own folder (${String(file)})`,
      );
    }
    places.set(name, file);
  }
  if (places.size === 0) throw new Fault('damaged', say`it names no tensors`);
  return places;
}

/** Whether a name stays in its folder, on every system. */
export function isBaseName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\\:\0]/.test(name);
}
