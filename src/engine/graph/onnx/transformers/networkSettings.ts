import { InputError } from '../../../../shared/inputError';
import { say, type Message } from '../../../../shared/words/message';
import { printable } from '../../../checkpoint/fault';
import { objectOf, type Json } from '../../../checkpoint/jsonObject';

/** Extents beyond which no network of these families was made. */
const MAX_COUNT = 2 ** 24;

/** Layers of the same, and elements of an attention head. */
export const MAX_LAYERS = 2 ** 10;
export const MAX_HEAD = 2 ** 12;

/** What `config.json` of a Hugging Face model says of the network. */
export class NetworkSettings {
  private readonly json: Json;
  /** Of the file, for messages. */
  readonly path: string;

  constructor(json: Json, path: string) {
    this.json = json;
    this.path = path;
  }

  /** The class that was saved, as `BertForMaskedLM`; empty where it is not said. */
  get architecture(): string {
    const [first] = Array.isArray(this.json.architectures)
      ? (this.json.architectures as unknown[])
      : [];
    return typeof first === 'string' ? first : '';
  }

  /** Whether it is said, as something other than null. */
  has(name: string): boolean {
    return (this.json[name] ?? null) !== null;
  }

  /** A whole number above 0. @throws InputError where it is none, or more than there may be. */
  count(name: string, fallback?: number, most = MAX_COUNT): number {
    const value = this.json[name] ?? fallback;
    if (isCount(value, most)) return value;
    throw this.damaged(name, say`a whole number from 1 to ${most}`);
  }

  /** How many layers there are, all of which are written. @throws InputError */
  layers(name: string): number {
    return this.count(name, undefined, MAX_LAYERS);
  }

  /** Several of them. @throws InputError where they are none. */
  counts(name: string, fallback: readonly number[], most = MAX_COUNT): readonly number[] {
    const values = this.json[name] ?? fallback;
    if (
      Array.isArray(values) &&
      values.length > 0 &&
      values.length <= 64 &&
      values.every((value): value is number => isCount(value, most))
    ) {
      return values;
    }
    throw this.damaged(name, say`a list of whole numbers from 1 to ${most}`);
  }

  /** A number above 0, in the range of float32. @throws InputError where it is none. */
  real(name: string, fallback: number): number {
    const value = this.json[name] ?? fallback;
    const single = typeof value === 'number' ? Math.fround(value) : 0;
    if (Number.isFinite(single) && single > 0) return value as number;
    throw this.damaged(name, say`a number above 0`);
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.json[name];
    return typeof value === 'boolean' ? value : fallback;
  }

  text(name: string, fallback: string): string {
    const value = this.json[name];
    return typeof value === 'string' ? value : fallback;
  }

  /** Settings within settings; null where there are none. */
  part(name: string): NetworkSettings | null {
    const json = objectOf(this.json[name]);
    return json === null ? null : new NetworkSettings(json, this.path);
  }

  /** Classes the head tells apart: two where it is not said. */
  get labels(): number {
    const named = objectOf(this.json.id2label);
    return named === null ? this.count('num_labels', 2) : Math.max(1, Object.keys(named).length);
  }

  /** @throws InputError where a setting is not the one that is known. */
  require(name: string, known: unknown, fallback: unknown = known): void {
    const value = this.json[name] ?? fallback;
    if (value !== known) throw this.unknown(name);
  }

  /** For a setting whose value is none that is known. */
  unknown(name: string): InputError {
    return this.refusal(
      say`${name} is ${printable(JSON.stringify(this.json[name] ?? null), 80)}, which Basin does not build`,
    );
  }

  /** For what Basin does not build. */
  refusal(what: Message): InputError {
    return new InputError(
      say`${this.path}: ${what}; export the model to ONNX and name that file as "model".`,
      'unsupported',
    );
  }

  private damaged(name: string, what: Message): InputError {
    return new InputError(
      say`${this.path}: ${name} is not ${what}; save the model again with save_pretrained.`,
      'damaged',
    );
  }
}

function isCount(value: unknown, most: number): value is number {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= most;
}
