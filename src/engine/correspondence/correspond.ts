import { InputError } from '../../shared/inputError';
import { say, type Message } from '../../shared/words/message';
import type { Checkpoint, TensorEntry } from '../checkpoint/checkpoint';
import { matchNames } from '../checkpoint/names/matchNames';
import { sameShape, type Shape, sizeOf } from '../tensor';
import { listOf } from '../checkpoint/names/nameMismatch';
import { filledIn, tensorGlob } from '../checkpoint/names/tensorGlobs';
import type { GraphProto, ModelProto, TensorProto } from '../graph/onnx/onnx_pb';
import { requireSingleValues } from '../graph/onnx/singleValues';
import { floatAttribute, GraphEditor, listAttribute, wholeAttribute } from './graphEditor';
import type { Recipe } from './likeness';
import type { Checkpoints } from './checkpoints';
import { remedyFor } from './remedy';
import { restoreNamedFolds } from './namedFolds';
import { restoreDerived, type DerivedWeights, type RestoredWeights } from './restoreDerived';
import { unshareForms } from './unshare';
import {
  aliasesOf,
  initializersOf,
  isWithin,
  joinName,
  LAYERS,
  NAMED_PLACES,
  saysKinds,
  splitName,
  type Initializer,
  type WeightUse,
} from './weightUses';

/** Two tensors of a checkpoint that a graph takes for one. */
export interface Tie {
  /** Names in the graph's words. */
  readonly one: string;
  readonly other: string;
}

export interface Correspondence {
  readonly notes: readonly Message[];
  readonly ties: readonly Tie[];
  /** What of "names" the graph now has by itself. */
  readonly usedNames: ReadonlySet<string>;
}

export interface CorrespondOptions {
  /** As in basin.json. */
  readonly names?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes a graph compute with the tensors of its checkpoints, where an exporter put others in their
 * place: equal tensors stored once, transposed or folded ones. Changes the model.
 *
 * @param read the values of an initializer.
 * @throws InputError when a weight of the checkpoint cannot have its place in the graph.
 */
export async function correspond(
  model: ModelProto,
  path: string,
  read: (tensor: TensorProto) => Promise<ArrayLike<number>>,
  checkpoints: Checkpoints,
  { names = {}, signal }: CorrespondOptions = {},
): Promise<Correspondence> {
  const { graph } = model;
  const nothing: Correspondence = { notes: [], ties: [], usedNames: new Set() };
  if (graph === undefined) return nothing;
  requireSingleValues(graph, path);
  const reference = await firstOf(checkpoints, signal);
  if (reference === null) return nothing;
  try {
    if (saysKinds(graph)) unshareForms(graph);
    const work = new NamedWeights(graph, path, reference, names, remedyFor(model));
    work.assign();
    const restored = await restoreDerived(work.derived(), read, checkpoints, reference, signal);
    work.place(restored);
    const open = work.derived();
    work.unfold(await restoreNamedFolds(open, read, checkpoints, reference, signal));
    return work.finish();
  } finally {
    await reference.close();
  }
}

async function firstOf(
  { paths, open }: Checkpoints,
  signal: AbortSignal | undefined,
): Promise<Checkpoint | null> {
  for (const path of paths) {
    signal?.throwIfAborted();
    try {
      return await open(path);
    } catch (error) {
      // Whoever analyses it says what is wrong.
      if (!(error instanceof InputError)) throw error;
    }
  }
  return null;
}

/** A graph's weights, and which tensors of a checkpoint they are. */
class NamedWeights {
  private readonly graph: GraphProto;
  private readonly path: string;
  private readonly checkpoint: Checkpoint;
  private readonly remedy: Message;
  private readonly editor: GraphEditor;
  private readonly initializers: ReadonlyMap<string, Initializer>;
  /** Tensors of the checkpoint by their names in the graph's words. */
  private readonly tensors = new Map<string, TensorEntry>();
  /** Names that are weights of the graph. */
  private readonly taken = new Set<string>();
  private readonly said: ReadonlyMap<string, string>;
  private readonly usedNames = new Set<string>();
  private readonly notes: Message[] = [];
  private readonly ties: Tie[] = [];
  private readonly told: string[] = [];
  private readonly resolved = new Set<string>();
  /** Where each weight is read, itself and transposed. */
  private readonly uses = new Map<string, WeightUse[]>();
  /** The weight every use was given. */
  private readonly placed: (readonly [WeightUse, string])[] = [];

  constructor(
    graph: GraphProto,
    path: string,
    checkpoint: Checkpoint,
    names: Readonly<Record<string, string>>,
    remedy: Message,
  ) {
    this.graph = graph;
    this.path = path;
    this.checkpoint = checkpoint;
    this.remedy = remedy;
    this.editor = new GraphEditor(graph);
    this.initializers = initializersOf(graph);
    const named = new Map<string, Shape>();
    for (const [name, { shape, isDerived, isUnsaved }] of this.initializers) {
      if (!isDerived && !isUnsaved) named.set(name, shape);
    }
    const derived = [...this.initializers].filter(([, { isDerived }]) => isDerived);
    const said = new Map<string, string>();
    for (const [pattern, own] of Object.entries(names)) {
      for (const [name] of derived) {
        const parts = tensorGlob(pattern)(name);
        if (parts === null) continue;
        said.set(name, filledIn(own, parts));
        this.usedNames.add(pattern);
      }
    }
    this.said = said;
    const others = Object.entries(names).filter(([pattern]) => !this.usedNames.has(pattern));
    const aliases = new Map(aliasesOf(graph, named));
    const match = matchNames(named, checkpoint, {
      optional: aliases,
      names: Object.fromEntries(others),
      isChosen: true,
      isPartial: true,
    });
    const isUsed = new Map([...match.mapping].map(([name, tensor]) => [tensor, name]));
    for (const tensor of checkpoint.tensors.values()) {
      const name = isUsed.get(tensor.name) ?? match.rename(tensor.name);
      if (name !== null) this.tensors.set(name, tensor);
    }
    for (const name of [...named.keys(), ...aliases.keys()]) this.taken.add(name);
  }

  /** Gives every use of a weight the tensor of its module. */
  assign(): void {
    const bases = [...this.initializers].flatMap(([name, initializer]) => {
      const base = this.baseOf(name, initializer);
      return base === null ? [] : [{ ...base, own: name, initializer }];
    });
    for (const { name, initializer } of bases) {
      this.uses.set(name, [...(this.uses.get(name) ?? []), ...initializer.uses]);
    }
    for (const { own: name, initializer, ...base } of bases) {
      this.findTwin(base.name, initializer);
      let isWhole = true;
      for (const use of initializer.uses) {
        const target = this.targetOf(base.name, use);
        this.placed.push([use, target]);
        if (target === name && base.recipe.kind === 'same') {
          isWhole = false;
          continue;
        }
        this.put(use, [target], base.recipe, base.shape);
      }
      if (isWhole && initializer.uses.length > 0) this.editor.remove(initializer.tensor);
      this.resolved.add(name);
    }
    if (this.told.length > 0) {
      this.notes.push(
        say`Weights that were equal at export are stored once in the graph; ${listOf(this.told)} are told apart by the modules that use them.`,
      );
    }
    this.refuseShared();
  }

  /** The tensor an initializer stands for, and how it follows from it; null where that is open. */
  private baseOf(
    name: string,
    { shape, isDerived, isUnsaved, madeOf, uses }: Initializer,
  ): { readonly name: string; readonly shape: Shape; readonly recipe: Recipe } | null {
    if (!isDerived) return isUnsaved ? null : { name, shape, recipe: { kind: 'same' } };
    const said = this.said.get(name);
    const [only, ...more] = madeOf ?? [];
    const base = said ?? (more.length === 0 ? only : undefined);
    const entry = base === undefined ? undefined : this.find(base);
    if (base === undefined || entry === undefined) return null;
    const flipped = [...shape].reverse();
    const isRight = uses.every((use) => this.isLinear(use));
    const isFlipped = shape.length === 2 && sameShape(entry.shape, flipped);
    // A square one may have become anything else as well: only a linear layer transposes.
    if (isFlipped && (shape[0] !== shape[1] || isRight)) {
      return { name: base, shape: entry.shape, recipe: { kind: 'transpose', axes: [1, 0] } };
    }
    if (said === undefined) return null;
    if (sameShape(entry.shape, shape)) return { name: base, shape, recipe: { kind: 'same' } };
    throw new InputError(
      say`"names" in basin.json takes ${base} of shape [${entry.shape.join(', ')}] for ${name} of shape [${shape.join(', ')}] in ${this.path}; name a tensor of that shape or its transpose.`,
      'mismatch',
    );
  }

  private find(name: string): TensorEntry | undefined {
    return this.tensors.get(name) ?? this.checkpoint.tensors.get(name);
  }

  private isLinear({ node, position }: WeightUse): boolean {
    const { opType, metadataProps } = this.graph.node[node]!;
    const scopes =
      metadataProps.find(({ key }) => key.endsWith('name_scopes'))?.value ?? "'linear'";
    return opType === 'MatMul' && position === 1 && /'linear[^']*'\]?$/.test(scopes);
  }

  /** A file that holds one of two tied tensors may hold the other one. */
  private findTwin(base: string, { uses }: Initializer): void {
    if (this.find(base) !== undefined || new Set(uses.map(({ module }) => module)).size < 2) return;
    const [, leaf] = splitName(base);
    for (const { module } of uses) {
      const name = joinName(module ?? '', leaf);
      if (module === null || this.taken.has(name) || !this.tensors.has(name)) continue;
      this.taken.add(name);
      this.ties.push({ one: base, other: name });
      return;
    }
  }

  /**
   * The tensor a use of a weight is of: that of the module, where it has one.
   *
   * @param base the weight the graph names.
   */
  private targetOf(base: string, use: WeightUse): string {
    const { module } = use;
    const own = this.find(base);
    if (module === null || own === undefined) return base;
    const twin = this.layerTensor(use) ?? this.counterpart(base, own, module);
    if (twin === null || twin === base) return base;
    const entry = this.tensors.get(twin)!;
    if (!sameShape(entry.shape, own.shape)) return base;
    if (!this.mayBeTied(base, use, entry.storage === own.storage)) {
      if (!this.told.includes(twin)) this.told.push(twin);
      return twin;
    }
    if (!this.ties.some(({ other }) => other === twin)) {
      this.ties.push({ one: base, other: twin });
    }
    return base;
  }

  /** What an operator of a layer takes at a place, if the module has it and no weight its name. */
  private layerTensor({ node, position, module }: WeightUse): string | null {
    const { opType } = this.graph.node[node]!;
    if (module === null || !NAMED_PLACES.has(opType)) return null;
    const leaf = ['', 'weight', 'bias', 'running_mean', 'running_var'][position] ?? '';
    const name = joinName(module, leaf);
    return this.tensors.has(name) && !this.taken.has(name) ? name : null;
  }

  /** The tensor that is to a module what a weight is to its own; null where it has none. */
  private counterpart(base: string, own: TensorEntry, module: string): string | null {
    const home = splitName(base)[0];
    if (isWithin(home, module)) return null;
    // The module that reads the weight may be one around that which has it.
    const readers = (this.uses.get(base) ?? []).flatMap((use) =>
      use.module !== null && isWithin(home, use.module) ? [use.module] : [],
    );
    const reader = readers.sort((a, b) => b.length - a.length)[0] ?? home;
    const name = joinName(module, reader === '' ? base : base.slice(reader.length + 1));
    if (this.tensors.has(name) && !this.taken.has(name)) return name;
    const alike = this.free().filter(
      (other) =>
        splitName(other)[0] === module && sameShape(this.tensors.get(other)!.shape, own.shape),
    );
    return alike.length === 1 ? alike[0]! : null;
  }

  /** The older exporter keeps apart what was only equal; of the newer one embeddings are tied. */
  private mayBeTied(base: string, use: WeightUse, isStoredOnce: boolean): boolean {
    if (isStoredOnce || !saysKinds(this.graph)) return true;
    const isPicked = (other: WeightUse) => this.graph.node[other.node]!.opType === 'Gather';
    const others = (this.uses.get(base) ?? []).filter(({ module }) => module !== use.module);
    return isPicked(use) !== others.some(isPicked);
  }

  /**
   * @throws InputError where a tensor that has no place may belong to one of several modules that
   *   share another of its shape.
   */
  private refuseShared(): void {
    const free = this.free().filter((name) => this.tensors.get(name)!.shape.length > 0);
    if (free.length === 0) return;
    for (const [name, { shape, uses, isDerived }] of this.initializers) {
      const modules = new Set(uses.flatMap(({ module }) => module ?? []));
      if (isDerived || uses.length < 2 || this.said.has(name)) continue;
      const own = this.tensors.get(name);
      if (own === undefined) continue;
      for (const other of free) {
        const entry = this.tensors.get(other)!;
        if (!sameShape(entry.shape, shape) || entry.storage === own.storage) continue;
        if (this.ties.some((tie) => tie.other === other)) continue;
        if (!modules.has(splitName(other)[0])) continue;
        throw new InputError(
          say`${this.path} uses ${name} in ${uses.length} places (${listOf([...modules])}), and ${other} of the same shape nowhere, so that it may stand for both; ${this.remedy}.`,
          'mismatch',
        );
      }
    }
  }

  /** Tensors of the checkpoint, in the graph's words, that the graph does not use. */
  private free(): string[] {
    return [...this.tensors.keys()].filter(
      (name) => !this.taken.has(name) && !/(^|\.)num_batches_tracked$/.test(name),
    );
  }

  /** What is left that the exporter made of weights. */
  derived(): DerivedWeights {
    const left = [...this.initializers.values()].filter(
      ({ tensor, isDerived, uses }) =>
        isDerived && uses.length > 0 && !this.resolved.has(tensor.name),
    );
    return {
      path: this.path,
      remedy: this.remedy,
      graph: this.graph,
      initializers: this.initializers,
      left,
      free: this.free(),
      tensors: this.tensors,
    };
  }

  /** Puts what was found by its values in its place. */
  place({ origins, folded, constants, notes }: RestoredWeights): void {
    for (const { uses, origin } of origins) {
      for (const use of uses) {
        const sources = origin.sources.map((name) => this.sharedName(name, origin.equal));
        this.put(use, sources, origin.recipe, origin.shape);
        if (sources.length === 1) this.placed.push([use, sources[0]!]);
      }
    }
    this.unfold({ folded, notes });
    for (const tensor of constants) {
      if (saysKinds(this.graph)) this.editor.constant(tensor);
    }
    const kept = new Set(constants);
    for (const { tensor, isDerived } of this.initializers.values()) {
      const isRead = this.graph.node.some(({ input }) => input.includes(tensor.name));
      if (isDerived && !kept.has(tensor) && !isRead) this.editor.remove(tensor);
    }
  }

  /** Puts BatchNorms behind the layers they were folded into. */
  unfold({ folded, notes }: Pick<RestoredWeights, 'folded' | 'notes'>): void {
    for (const { node, weight, bias, norm, epsilon, shape, channels } of folded) {
      const target = this.graph.node[node]!;
      const made = this.initializers.get(target.input[2] ?? '');
      // A bias that only the folding made is no weight of the checkpoint.
      if (bias === null && made?.uses.length === 1) this.editor.remove(made.tensor);
      const own = this.weight(weight, shape);
      target.input = [
        target.input[0]!,
        own,
        ...(bias === null ? [] : [this.weight(bias, [channels])]),
      ];
      const of = (leaf: string, missing: number): string => {
        const name = joinName(norm, leaf);
        return this.tensors.has(name)
          ? this.weight(name, [channels])
          : this.editor.values(new Array<number>(channels).fill(missing), 'float');
      };
      const more = [of('weight', 1), of('bias', 0), of('running_mean', 0), of('running_var', 1)];
      this.editor.behind(target, 'BatchNormalization', more, [floatAttribute('epsilon', epsilon)]);
    }
    for (const each of notes) this.notes.push(each);
  }

  /**
   * The name that the graph already has for a tensor: of one in the same storage, or of an
   * embedding of the same values.
   */
  private sharedName(name: string, equal: readonly string[]): string {
    const { storage, shape } = this.tensors.get(name)!;
    for (const other of this.taken) {
      const entry = this.tensors.get(other);
      if (other === name || entry === undefined || !sameShape(entry.shape, shape)) continue;
      const isPicked = (this.uses.get(other) ?? []).some(
        ({ node }) => this.graph.node[node]!.opType === 'Gather',
      );
      if (entry.storage !== storage && !(isPicked && equal.includes(other))) continue;
      this.ties.push({ one: other, other: name });
      return other;
    }
    return name;
  }

  private put(use: WeightUse, sources: readonly string[], recipe: Recipe, shape: Shape): void {
    const editor = this.editor;
    const parts = sources.map((name) =>
      this.weight(name, sources.length === 1 ? shape : this.tensors.get(name)!.shape),
    );
    const joined =
      parts.length === 1 ? parts[0]! : editor.before('Concat', parts, [wholeAttribute('axis', 0)]);
    this.graph.node[use.node]!.input[use.position] = this.made(joined, recipe);
  }

  private made(source: string, recipe: Recipe): string {
    const editor = this.editor;
    switch (recipe.kind) {
      case 'same':
        return source;
      case 'reshape':
        return editor.before('Reshape', [source, editor.values(recipe.shape, 'whole')]);
      case 'transpose':
        return editor.before('Transpose', [source], [listAttribute('perm', recipe.axes)]);
      case 'rows': {
        const rows = recipe.order.length;
        const flat = [rows, sizeOf(recipe.shape) / rows];
        const table = editor.before('Reshape', [source, editor.values(flat, 'whole')]);
        const order = editor.values(recipe.order, 'whole');
        const picked = editor.before('Gather', [table, order], [wholeAttribute('axis', 0)]);
        return editor.before('Reshape', [picked, editor.values(recipe.shape, 'whole')]);
      }
    }
  }

  private weight(name: string, shape: Shape): string {
    this.taken.add(name);
    return this.editor.weight(name, shape);
  }

  /** Exporters leave out a bias that is 0 when they run: layers get theirs back. */
  private addBiases(): void {
    if (!saysKinds(this.graph)) return;
    const added: string[] = [];
    for (const [use, name] of this.placed) {
      const node = this.graph.node[use.node]!;
      const [home, leaf] = splitName(name);
      const bias = joinName(home, 'bias');
      const entry = this.tensors.get(bias);
      if (leaf !== 'weight' || entry === undefined || this.taken.has(bias)) continue;
      if (!LAYERS.has(node.opType) || use.position !== 1 || entry.shape.length !== 1) continue;
      const own = this.weight(bias, entry.shape);
      if (node.opType === 'MatMul') this.editor.behind(node, 'Add', [own], []);
      else node.input = [node.input[0]!, node.input[1]!, own];
      added.push(bias);
    }
    if (added.length > 0) {
      this.notes.push(say`The export left out ${listOf(added)}, 0 at that time; that is put back.`);
    }
  }

  finish(): Correspondence {
    this.addBiases();
    this.editor.finish();
    return { notes: this.notes, ties: this.ties, usedNames: this.usedNames };
  }
}
