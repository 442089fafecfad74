import { InputError } from '../../shared/inputError';
import { say, type Message } from '../../shared/words/message';
import type { Checkpoint } from '../checkpoint/checkpoint';
import { sameShape, sizeOf } from '../tensor';
import type { TensorProto } from '../graph/onnx/onnx_pb';
import { ValueSearch } from './byValue';
import { inTurn, type Checkpoints } from './checkpoints';
import { fingerprint } from './likeness';
import {
  foldingNote,
  renamedAs,
  type DerivedWeights,
  type RestoredWeights,
} from './restoreDerived';
import { FOLDING, joinName, splitName, type Initializer } from './weightUses';

/** A layer of the graph and the BatchNorms without a place that may have been folded into it. */
interface Suspect {
  readonly name: string;
  readonly initializer: Initializer;
  readonly channels: number;
  /** Modules of BatchNorms. */
  readonly norms: readonly string[];
  /** The one that stands where the layer's own would; null where none does. */
  readonly likely: string | null;
}

type Folded = RestoredWeights['folded'][number];

/**
 * Finds layers that kept their names when a BatchNorm was folded into them, as fuse_modules and
 * optimisers of graphs do: with the checkpoint's weights they would compute a network without its
 * BatchNorms. One that was in no graph, such as that of a projector, is left alone.
 *
 * @throws InputError where the BatchNorm behind a layer has no place, and no checkpoint says whether
 *   it was folded.
 */
export async function restoreNamedFolds(
  weights: DerivedWeights,
  read: (tensor: TensorProto) => Promise<ArrayLike<number>>,
  checkpoints: Checkpoints,
  reference: Checkpoint,
  signal: AbortSignal | undefined,
): Promise<Pick<RestoredWeights, 'folded' | 'notes'>> {
  let left = suspectsOf(weights);
  if (left.length === 0) return { folded: [], notes: [] };
  const folded: Folded[] = [];
  const notes: Message[] = [];
  const used = new Set<string>();
  for await (const checkpoint of inTurn(checkpoints, reference, signal)) {
    const search = renamedAs(checkpoint, weights.tensors);
    const unsure: Suspect[] = [];
    const found: Folded[] = [];
    for (const suspect of left) {
      const origin = await foldsOf(suspect, weights, read, search, used);
      if (origin === null) unsure.push(suspect);
      else for (const each of origin) found.push(each);
      for (const { norm } of origin ?? []) used.add(joinName(norm, 'running_mean'));
    }
    // Where only what is beside a layer is of its size, one look is enough.
    left = unsure.filter(({ likely }) => likely !== null);
    if (found.length > 0) {
      notes.push(foldingNote([...new Set(found.map(({ norm }) => norm))], checkpoint.path));
    }
    for (const each of found) folded.push(each);
    if (left.length === 0) break;
  }
  const lost = left.find(({ likely }) => !used.has(joinName(likely!, 'running_mean')));
  if (lost !== undefined) {
    throw new InputError(
      say`${weights.path} uses ${lost.name} and not the BatchNorm ${lost.likely!} behind it in the checkpoint, which may have been folded into it, and no checkpoint here holds the values it had at export; leave BatchNorm unfused and ${weights.remedy}, or add the checkpoint of that moment to "checkpoints".`,
      'mismatch',
    );
  }
  return { folded, notes };
}

function suspectsOf({ initializers, free, tensors, graph }: DerivedWeights): readonly Suspect[] {
  const isFree = new Set(free);
  const norms = new Map<number, string[]>();
  for (const name of free) {
    const [module, leaf] = splitName(name);
    if (leaf !== 'running_mean' || !isFree.has(joinName(module, 'running_var'))) continue;
    const channels = sizeOf(tensors.get(name)!.shape);
    norms.set(channels, [...(norms.get(channels) ?? []), module]);
  }
  if (norms.size === 0) return [];
  const before = layersBefore([...norms.values()].flat(), tensors);
  return [...initializers].flatMap(([name, initializer]) => {
    const { shape, uses, isDerived, isUnsaved } = initializer;
    const [module, leaf] = splitName(name);
    const entry = tensors.get(name);
    if (isDerived || isUnsaved || leaf !== 'weight' || shape.length < 2) return [];
    if (uses.length === 0 || entry === undefined || !sameShape(entry.shape, shape)) return [];
    const isSecond = graph.node[uses[0]!.node]!.opType === 'ConvTranspose';
    const channels = shape[isSecond ? 1 : 0]!;
    const own = norms.get(channels);
    if (own === undefined) return [];
    const likely = own.find((norm) => before(norm, module)) ?? null;
    const others = own.filter((norm) => norm !== likely);
    // At the beginning of a training they are all the same.
    const inOrder = likely === null ? others : [likely, ...others];
    return [{ name, initializer, channels, norms: inOrder, likely }];
  });
}

/**
 * Whether a layer is the one in front of a norm, by their names: the last one before it in a list
 * of modules (`0`, `1`), or one beside it, of the same number if both have one (`conv2`, `bn2`).
 */
function layersBefore(
  norms: readonly string[],
  tensors: DerivedWeights['tensors'],
): (norm: string, layer: string) => boolean {
  const lists = new Map<string, number[]>();
  for (const [name, { shape }] of tensors) {
    const [module, leaf] = splitName(name);
    const [parent, own] = splitName(module);
    if (leaf !== 'weight' || shape.length < 2 || !/^\d+$/.test(own)) continue;
    const list = lists.get(parent);
    if (list === undefined) lists.set(parent, [Number(own)]);
    else list.push(Number(own));
  }
  for (const list of lists.values()) list.sort((a, b) => a - b);
  const nearest = new Map(
    norms.map((norm) => {
      const [parent, own] = splitName(norm);
      return [norm, lists.get(parent)?.findLast((place) => place < Number(own))] as const;
    }),
  );
  return (norm, layer) => {
    const [parent, own] = splitName(norm);
    const [other, leaf] = splitName(layer);
    if (parent !== other) return false;
    if (/^\d+$/.test(own) && /^\d+$/.test(leaf)) return nearest.get(norm) === Number(leaf);
    const [a, b] = [/\d+$/.exec(own)?.[0], /\d+$/.exec(leaf)?.[0]];
    return a === undefined || b === undefined || a === b;
  };
}

/** What was folded into a layer, nothing included; null where this checkpoint does not say. */
async function foldsOf(
  { name, initializer, channels, norms }: Suspect,
  { graph, initializers }: DerivedWeights,
  read: (tensor: TensorProto) => Promise<ArrayLike<number>>,
  checkpoint: Checkpoint,
  used: ReadonlySet<string>,
): Promise<readonly Folded[] | null> {
  const entry = checkpoint.tensors.get(name);
  const { shape, uses, tensor } = initializer;
  if (entry === undefined || !sameShape(entry.shape, shape)) return null;
  const values = await read(tensor);
  const parts = norms.flatMap((norm) =>
    ['running_mean', 'running_var', 'weight', 'bias'].map((leaf) => joinName(norm, leaf)),
  );
  const own = [name, joinName(splitName(name)[0], 'bias'), ...parts];
  const present = own.filter((each) => checkpoint.tensors.has(each));
  const search = new ValueSearch(checkpoint, present);
  if (fingerprint(values) === fingerprint(await search.values(name))) return [];
  const folded: Folded[] = [];
  for (const { node, position } of uses) {
    const { opType, input } = graph.node[node]!;
    if (!FOLDING.has(opType) || position !== 1) return null;
    const bias = initializers.get(input[2] ?? '');
    const inner = sizeOf(shape.slice(opType === 'ConvTranspose' ? 2 : 1));
    const found = await search.folded(
      { values, shape },
      bias === undefined ? null : await read(bias.tensor),
      { channels, inner },
      used,
    );
    if (found?.weight !== name) return null;
    folded.push({ ...found, node, shape, channels });
  }
  return folded;
}
