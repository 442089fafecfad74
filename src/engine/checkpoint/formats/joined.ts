import type { CheckpointFormat } from '../../../shared/result';
import { say, type Message } from '../../../shared/words/message';
import type { Checkpoint, TensorEntry } from '../checkpoint';
import { Fault, naming } from '../fault';

/** A tensor of a checkpoint of several files, by its name in one of them. */
export interface JoinedTensor {
  readonly part: Checkpoint;
  readonly name: string;
}

/**
 * One checkpoint of the tensors of several. It closes them.
 *
 * @param own what is known of the whole.
 */
export function joined(
  own: {
    readonly path: string;
    readonly format: CheckpointFormat;
    readonly size: number;
    readonly step: number | null;
    readonly epoch: number | null;
    readonly metadata: Checkpoint['metadata'];
    readonly warnings?: readonly Message[];
  },
  parts: readonly Checkpoint[],
  tensors: ReadonlyMap<string, JoinedTensor>,
): Checkpoint {
  const numbers = new Map(parts.map((part, number) => [part, number]));
  const entries = new Map<string, TensorEntry>();
  for (const [name, { part, name: inPart }] of tensors) {
    const entry = part.tensors.get(inPart)!;
    entries.set(name, { ...entry, name, storage: `${numbers.get(part)!}:${entry.storage}` });
  }
  const find = (name: string): JoinedTensor => {
    const tensor = tensors.get(name);
    if (!tensor) throw new Fault('missing', say`it has no tensor \`${name}\``);
    return tensor;
  };
  return {
    ...own,
    files: parts.flatMap(({ path, files = [] }) => [path, ...files]),
    tensors: entries,
    read: (name) =>
      naming(own.path, () => {
        const { part, name: inPart } = find(name);
        return part.read(inPart);
      }),
    async *stream(name) {
      const { part, name: inPart } = await naming(own.path, () => find(name));
      if (part.stream === undefined) yield await part.read(inPart);
      else yield* part.stream(inPart);
    },
    async close() {
      for (const part of parts) await part.close();
    },
  };
}
