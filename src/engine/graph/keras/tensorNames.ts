import { InputError } from '../../../shared/inputError';
import { say } from '../../../shared/words/message';
import type { TensorEntry } from '../../checkpoint/checkpoint';
import { sameShape } from '../../tensor';
import type { WeightRequest } from './layerCall';

/** Finds the tensors of a file that hold the weights of its own configuration. */
export class TensorNames {
  private readonly path: string;
  /** Keras 3: groups of numbered variables. */
  private readonly saved = new Map<string, TensorEntry>();
  /** The others, by a part of their path and the last one. */
  private readonly named = new Map<string, NamedTensor[]>();
  /** How many variables of a group have been asked for. */
  private readonly asked = new Map<string, number>();

  /** @param path for messages. */
  constructor(tensors: Iterable<TensorEntry>, path: string) {
    this.path = path;
    for (const entry of tensors) {
      if (/(^|\/)vars\/\d+$/.test(entry.storage)) {
        this.saved.set(entry.storage, entry);
        continue;
      }
      // TensorFlow.js adds the place of the bytes.
      const full = entry.storage.startsWith(`${entry.name}@`) ? entry.name : entry.storage;
      const parts = full.replace(/:\d+$/, '').split('/');
      const variable = parts.pop()!;
      const groups = new Set(parts[0] === 'model_weights' ? parts.slice(1) : parts);
      for (const group of groups) {
        const key = `${group}/${variable}`;
        const list = this.named.get(key);
        if (list === undefined) this.named.set(key, [{ entry, groups }]);
        else list.push({ entry, groups });
      }
    }
  }

  /**
   * The name of a weight's tensor. Weights of a layer are asked for once, in the order Keras makes them.
   *
   * @throws InputError where the file has none of that shape.
   */
  find({ place, names, shape }: WeightRequest): string {
    const count = this.asked.get(place.saved) ?? 0;
    this.asked.set(place.saved, count + 1);
    const label = [...place.models, ...place.names, names[0]].join('/');
    const found =
      this.saved.get(`${place.saved}/vars/${count}`) ?? this.byName({ place, names, shape });
    if (found === null) {
      throw new InputError(
        say`${this.path} has no tensor for ${label} [${shape.join(', ')}]; save the model with its weights.`,
        'mismatch',
      );
    }
    if (!sameShape(found.shape, shape)) {
      throw new InputError(
        say`${this.path}: its tensor ${found.name} has the shape [${found.shape.join(', ')}], where its configuration makes ${label} [${shape.join(', ')}]; save the model again.`,
        'mismatch',
      );
    }
    return found.name;
  }

  /** The tensor whose path has most of the names around the weight, and the fewest others. */
  private byName({
    place,
    names,
    shape,
  }: Pick<WeightRequest, 'place' | 'names' | 'shape'>): TensorEntry | null {
    const around = [...place.models, ...place.names];
    let best: NamedTensor | null = null;
    let most = -Infinity;
    for (const group of place.names) {
      for (const name of names) {
        for (const tensor of this.named.get(`${group}/${name}`) ?? []) {
          const common = around.filter((each) => tensor.groups.has(each)).length;
          const fits = sameShape(tensor.entry.shape, shape) ? 0.5 : 0;
          const score = 2 * common - tensor.groups.size + fits;
          if (score > most) [best, most] = [tensor, score];
        }
      }
    }
    return best?.entry ?? null;
  }
}

interface NamedTensor {
  readonly entry: TensorEntry;
  readonly groups: ReadonlySet<string>;
}
