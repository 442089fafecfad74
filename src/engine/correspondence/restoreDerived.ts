import { InputError } from '../../shared/inputError';
import { say, type Message } from '../../shared/words/message';
import type { Checkpoint, TensorEntry } from '../checkpoint/checkpoint';
import { type Shape, sizeOf } from '../tensor';
import { listOf } from '../checkpoint/names/nameMismatch';
import type { GraphProto, TensorProto } from '../graph/onnx/onnx_pb';
import { ValueSearch, type FoldedOrigin, type Origin } from './byValue';
import { inTurn, type Checkpoints } from './checkpoints';
import { FOLDING, isWithin, splitName, type Initializer, type WeightUse } from './weightUses';

/** What an exporter made of weights, and the tensors it may have made it of. */
export interface DerivedWeights {
  readonly path: string;
  readonly remedy: Message;
  readonly graph: GraphProto;
  readonly initializers: ReadonlyMap<string, Initializer>;
  readonly left: readonly Initializer[];
  /** Tensors without a place, in the graph's words. */
  readonly free: readonly string[];
  /** All, by the same words. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

export interface RestoredWeights {
  readonly origins: readonly {
    readonly uses: readonly WeightUse[];
    readonly origin: Origin & { readonly shape: Shape };
  }[];
  readonly folded: readonly (FoldedOrigin & {
    readonly node: number;
    readonly shape: Shape;
    readonly channels: number;
  })[];
  /** What is made of no weight. */
  readonly constants: readonly TensorProto[];
  readonly notes: readonly Message[];
}

/**
 * Finds what derived arrays were made of, by the values of the checkpoint that was exported.
 *
 * @throws InputError where an array may have been made of a weight and no checkpoint says how.
 */
export async function restoreDerived(
  derived: DerivedWeights,
  read: (tensor: TensorProto) => Promise<ArrayLike<number>>,
  checkpoints: Checkpoints,
  reference: Checkpoint,
  signal: AbortSignal | undefined,
): Promise<RestoredWeights> {
  const { left, free, tensors } = derived;
  const suspects = left.filter((each) => isSuspect(each, derived));
  if (suspects.length === 0) {
    return { origins: [], folded: [], constants: left.map(({ tensor }) => tensor), notes: [] };
  }
  for await (const checkpoint of inTurn(checkpoints, reference, signal)) {
    const found = await restoredFrom(derived, suspects, read, renamedAs(checkpoint, tensors));
    if (found !== null) return found;
  }
  const names = listOf(suspects.map(({ tensor }) => tensor.name));
  throw new InputError(
    say`${derived.path} has constants that its export made of weights (${names}), so that they would stay what they were then, and no checkpoint here holds the values they were made of; the graph does not use ${listOf(free)} of the checkpoint: ${derived.remedy}, or add the checkpoint of that moment to "checkpoints".`,
    'mismatch',
  );
}

/** Whether an array may follow from a tensor of the checkpoint that has no place. */
function isSuspect(
  { shape, madeOf, uses, tensor }: Initializer,
  { free, tensors, graph }: DerivedWeights,
): boolean {
  const size = sizeOf(shape);
  if (madeOf?.some((name) => tensors.has(name)) === true) return true;
  if (tensors.has(tensor.name)) return true;
  if (size < 2) return false;
  const floats = free.filter((name) => tensors.get(name)!.dtype.includes('float'));
  if (floats.some((name) => sizeOf(tensors.get(name)!.shape) === size)) return true;
  // What modules fold into one array need not be of its size: gates, biases, normalised weights.
  return uses.some(({ module, node, position }) => {
    if (module === null || module === '') return false;
    const isWeight = WEIGHTED.get(graph.node[node]!.opType)?.includes(position) ?? false;
    return floats.some((name) => {
      const [owner] = splitName(name);
      // A factor of each row or column, such as the lengths of normalised weights.
      const isFactor =
        FACTORED.has(graph.node[node]!.opType) &&
        owner === module &&
        size % sizeOf(tensors.get(name)!.shape) === 0;
      return isFactor || (isWeight && isPartOf(owner, module));
    });
  });
}

/** Operators that weights are multiplied and divided by others with. */
const FACTORED = new Set(['Mul', 'Div']);

/** Operators that take weights, and where. */
const WEIGHTED: ReadonlyMap<string, readonly number[]> = new Map([
  ['Conv', [1, 2]],
  ['ConvTranspose', [1, 2]],
  ['Gemm', [1, 2]],
  ['MatMul', [0, 1]],
  ['LSTM', [1, 2, 3]],
  ['GRU', [1, 2, 3]],
  ['RNN', [1, 2, 3]],
]);

/** Of the outermost module only what it has itself. */
function isPartOf(inner: string, outer: string): boolean {
  return outer === '' ? inner === '' : isWithin(inner, outer);
}

/** A checkpoint whose tensors are called by the graph's words. */
export function renamedAs(
  checkpoint: Checkpoint,
  tensors: ReadonlyMap<string, TensorEntry>,
): Checkpoint {
  const names = new Map([...tensors].map(([name, { name: own }]) => [name, own]));
  const present = [...names].flatMap(([name, own]) => {
    const entry = checkpoint.tensors.get(own);
    return entry === undefined ? [] : [[name, entry] as const];
  });
  return {
    ...checkpoint,
    tensors: new Map(present),
    read: (name) => checkpoint.read(names.get(name) ?? name),
  };
}

/** Where each suspect comes from; null where this checkpoint does not hold the values of one. */
async function restoredFrom(
  derived: DerivedWeights,
  suspects: readonly Initializer[],
  read: (tensor: TensorProto) => Promise<ArrayLike<number>>,
  checkpoint: Checkpoint,
): Promise<RestoredWeights | null> {
  const { graph, left, initializers, tensors } = derived;
  const free = derived.free.filter((name) => checkpoint.tensors.has(name));
  const taken = [...checkpoint.tensors.keys()].filter((name) => !free.includes(name));
  const search = new ValueSearch(checkpoint, [...free, ...taken]);
  const origins: { uses: readonly WeightUse[]; origin: Origin & { shape: Shape } }[] = [];
  const folded: RestoredWeights['folded'][number][] = [];
  const used = new Set<string>();
  const done = new Set<Initializer>();
  const ordered = [...suspects].sort(
    (a, b) => Number(isFolding(b, graph)) - Number(isFolding(a, graph)),
  );
  for (const each of ordered) {
    if (done.has(each)) continue;
    const values = await read(each.tensor);
    const byModule = new Map<string | null, WeightUse[]>();
    for (const use of each.uses) {
      byModule.set(use.module, [...(byModule.get(use.module) ?? []), use]);
    }
    for (const [module, uses] of byModule) {
      const origin = await search.origin(each, values, module, used);
      if (origin !== null) {
        const [first] = origin.sources;
        origins.push({ uses, origin: { ...origin, shape: tensors.get(first!)!.shape } });
        for (const name of origin.sources) used.add(name);
        continue;
      }
      for (const { node, position } of uses) {
        const { opType, input } = graph.node[node]!;
        if (!FOLDING.has(opType) || position !== 1) return null;
        const bias = initializers.get(input[2] ?? '');
        const isSecond = opType === 'ConvTranspose';
        const channels = each.shape[isSecond ? 1 : 0]!;
        const inner = sizeOf(each.shape.slice(isSecond ? 2 : 1));
        const found = await search.folded(
          { values, shape: each.shape },
          bias === undefined ? null : await read(bias.tensor),
          { channels, inner },
          used,
        );
        if (found === null) return null;
        folded.push({ ...found, node, shape: each.shape, channels });
        for (const name of [found.weight, `${found.norm}.running_mean`]) used.add(name);
        if (bias !== undefined) done.add(bias);
      }
    }
    done.add(each);
  }
  const isSuspicious = new Set(suspects);
  return {
    origins,
    folded,
    constants: left.flatMap((each) => (isSuspicious.has(each) ? [] : [each.tensor])),
    notes: notesOf(origins, folded, checkpoint.path),
  };
}

function isFolding({ uses }: Initializer, graph: GraphProto): boolean {
  return uses.some(({ node, position }) => position === 1 && FOLDING.has(graph.node[node]!.opType));
}

function notesOf(
  origins: RestoredWeights['origins'],
  folded: RestoredWeights['folded'],
  path: string,
): readonly Message[] {
  const file = path.slice(path.lastIndexOf('/') + 1);
  const notes: Message[] = [];
  if (origins.length > 0) {
    const names = [...new Set(origins.flatMap(({ origin }) => origin.sources))];
    notes.push(
      say`The export put ${listOf(names)} into the graph in another form; found by the values in ${file}, they are computed from the checkpoint's weights.`,
    );
  }
  if (folded.length > 0) {
    notes.push(
      foldingNote(
        folded.map(({ norm }) => norm),
        path,
      ),
    );
  }
  return notes;
}

/** @param norms modules of BatchNorms. @param path of the checkpoint that showed it. */
export function foldingNote(norms: readonly string[], path: string): Message {
  const file = path.slice(path.lastIndexOf('/') + 1);
  return say`The export folded BatchNorm (${listOf(norms)}) into the layers before it; found by the values in ${file}, it is taken apart again.`;
}
