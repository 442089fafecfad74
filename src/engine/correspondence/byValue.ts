import type { Checkpoint } from '../checkpoint/checkpoint';
import { sizeOf, type FloatArray } from '../tensor';
import { foldedEpsilon, type NormValues } from './foldedNorm';
import { fingerprint, recipeFor, type Recipe } from './likeness';
import { joinName, splitName, type Initializer } from './weightUses';

/** Which tensors of a checkpoint an array of a graph was made of, and how. */
export interface Origin {
  /** Joined along the first axis where there are several. */
  readonly sources: readonly string[];
  readonly recipe: Recipe;
  /** Tensors of the same values, the source among them. */
  readonly equal: readonly string[];
}

/** Weights with a BatchNorm folded into them. */
export interface FoldedOrigin {
  /** Of the convolution or linear layer. */
  readonly weight: string;
  readonly bias: string | null;
  /** Module of the BatchNorm. */
  readonly norm: string;
  readonly epsilon: number;
}

/** Numbers in all that are compared row by row. */
const MAX_ROWS_OF = 2 ** 22;

/** Reads tensors of a checkpoint and finds those that arrays of a graph were made of. */
export class ValueSearch {
  private readonly checkpoint: Checkpoint;
  /** Names by the number of their values. */
  private readonly bySize = new Map<number, string[]>();
  private readonly prints = new Map<string, string>();
  private readonly read = new Map<string, FloatArray>();

  /** @param free tensors that no weight of the graph takes by its name. */
  constructor(checkpoint: Checkpoint, free: readonly string[]) {
    this.checkpoint = checkpoint;
    for (const name of free) {
      const { dtype, shape } = checkpoint.tensors.get(name)!;
      if (!dtype.includes('float')) continue;
      const size = sizeOf(shape);
      this.bySize.set(size, [...(this.bySize.get(size) ?? []), name]);
    }
  }

  /**
   * A tensor or several with the same numbers as an array of the graph. Of equal ones that of the
   * module that reads the array is taken, else one that was not taken before.
   */
  async origin(
    made: Initializer,
    values: ArrayLike<number>,
    module: string | null,
    taken: ReadonlySet<string>,
  ): Promise<Origin | null> {
    const print = fingerprint(values);
    const found: Omit<Origin, 'equal'>[] = [];
    for (const name of this.bySize.get(values.length) ?? []) {
      if ((await this.printOf(name)) !== print) continue;
      const { shape } = this.checkpoint.tensors.get(name)!;
      const recipe = recipeFor(values, made.shape, await this.values(name), shape);
      if (recipe !== null) found.push({ sources: [name], recipe });
    }
    const own = ({ sources }: (typeof found)[number]) => splitName(sources[0]!)[0] === module;
    const free = ({ sources }: (typeof found)[number]) => !taken.has(sources[0]!);
    const best = found.find(own) ?? found.find(free) ?? found[0];
    if (best === undefined) return this.joined(made, values, module);
    return { ...best, equal: found.flatMap(({ sources }) => sources) };
  }

  /** Rows of several tensors of one module: biases of gates, the two directions of an LSTM. */
  private async joined(
    made: Initializer,
    values: ArrayLike<number>,
    module: string | null,
  ): Promise<Origin | null> {
    if (module === null || values.length > MAX_ROWS_OF) return null;
    const isTable = made.shape.length === 3;
    const width = isTable ? made.shape[2]! : 1;
    const all = [...this.bySize.values()].flat();
    const own = all.filter((name) => {
      const { shape } = this.checkpoint.tensors.get(name)!;
      const isRow = isTable ? shape.length === 2 && shape[1] === width : shape.length === 1;
      return isRow && splitName(name)[0] === module;
    });
    for (const sources of subsets(own)) {
      const sizes = sources.map((name) => sizeOf(this.checkpoint.tensors.get(name)!.shape));
      const total = sizes.reduce((sum, size) => sum + size, 0);
      if (sources.length < 2 || total !== values.length) continue;
      const joined = new Float64Array(total);
      let offset = 0;
      for (const name of sources) {
        const part = await this.values(name);
        joined.set(part, offset);
        offset += part.length;
      }
      const from = isTable ? [total / width, width] : [total];
      const recipe = recipeFor(values, made.shape, joined, from);
      if (recipe !== null) return { sources, recipe, equal: [] };
    }
    return null;
  }

  /** A layer and a BatchNorm, of which an exporter made one. */
  async folded(
    made: { readonly values: ArrayLike<number>; readonly shape: readonly number[] },
    bias: ArrayLike<number> | null,
    axis: { readonly channels: number; readonly inner: number },
    taken: ReadonlySet<string>,
  ): Promise<FoldedOrigin | null> {
    const { tensors } = this.checkpoint;
    const weights = (this.bySize.get(made.values.length) ?? []).filter((name) => {
      const { shape } = tensors.get(name)!;
      return !taken.has(name) && shape.every((extent, i) => extent === made.shape[i]);
    });
    const norms = (this.bySize.get(axis.channels) ?? []).flatMap((name) => {
      const [module, leaf] = splitName(name);
      return leaf === 'running_mean' && !taken.has(name) ? [module] : [];
    });
    for (const weight of weights) {
      const source = await this.values(weight);
      const own = joinName(splitName(weight)[0], 'bias');
      const before = tensors.has(own) ? await this.values(own) : null;
      for (const norm of norms) {
        const values = await this.normValues(norm);
        if (values === null) continue;
        const epsilon = foldedEpsilon(made.values, bias, source, before, values, axis);
        if (epsilon !== null) {
          return { weight, bias: before === null ? null : own, norm, epsilon };
        }
      }
    }
    return null;
  }

  private async normValues(module: string): Promise<NormValues | null> {
    const of = async (leaf: string): Promise<FloatArray | null> => {
      const name = joinName(module, leaf);
      return this.checkpoint.tensors.has(name) ? this.values(name) : null;
    };
    const [mean, variance] = [await of('running_mean'), await of('running_var')];
    if (mean === null || variance === null) return null;
    return { mean, variance, scale: await of('weight'), shift: await of('bias') };
  }

  private async printOf(name: string): Promise<string> {
    let print = this.prints.get(name);
    if (print === undefined) {
      print = fingerprint(await this.fresh(name));
      this.prints.set(name, print);
    }
    return print;
  }

  /** Kept while it is small: BatchNorms are looked at again and again. */
  async values(name: string): Promise<FloatArray> {
    const known = this.read.get(name);
    if (known !== undefined) return known;
    const values = await this.fresh(name);
    if (values.length <= MAX_KEPT) this.read.set(name, values);
    return values;
  }

  private async fresh(name: string): Promise<FloatArray> {
    const { data } = await this.checkpoint.read(name);
    return data instanceof Float32Array || data instanceof Float64Array
      ? data
      : Float64Array.from(data as ArrayLike<number | bigint>, Number);
  }
}

const MAX_KEPT = 2 ** 16;

/** Ordered as they are in the file, the largest first; of few only. */
function subsets(names: readonly string[]): readonly (readonly string[])[] {
  if (names.length > 8) return [];
  const all = Array.from({ length: 2 ** names.length }, (_, mask) =>
    names.filter((_name, i) => (mask >> i) % 2 === 1),
  );
  return all.sort((a, b) => b.length - a.length);
}
