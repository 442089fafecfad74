import { InputError } from '../../../shared/inputError';
import { say } from '../../../shared/words/message';
import type { Json } from '../../checkpoint/jsonObject';

/** What a configuration says of one layer, read as rules ask for it. */
export class Settings {
  private readonly values: Json;

  constructor(values: Json) {
    this.values = values;
  }

  keys(): readonly string[] {
    return Object.keys(this.values);
  }

  has(name: string): boolean {
    return (this.values[name] ?? null) !== null;
  }

  raw(name: string): unknown {
    return this.values[name] ?? null;
  }

  /** The same, but for one value. */
  with(name: string, value: unknown): Settings {
    return new Settings({ ...this.values, [name]: value });
  }

  flag(name: string, absent: boolean): boolean {
    const value = this.raw(name);
    return typeof value === 'boolean' ? value : absent;
  }

  text(name: string, absent: string): string {
    const value = this.raw(name);
    if (value === null) return absent;
    if (typeof value !== 'string') throw this.wrong(name);
    return value;
  }

  /** @param absent null where the configuration must say it. */
  number(name: string, absent: number | null): number {
    const value = this.raw(name) ?? absent;
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.wrong(name);
    return value;
  }

  /** A whole number above 0: units, filters, heads. */
  count(name: string, absent: number | null = null): number {
    const value = this.number(name, absent);
    if (!Number.isInteger(value) || value < 1 || value > MAX_UNITS) throw this.wrong(name);
    return value;
  }

  /** Whole numbers from `least` on, one for each axis; one number stands for all of them. */
  sizes(
    name: string,
    axes: number,
    { absent = null, least = 1 }: { absent?: number | null; least?: number } = {},
  ): readonly number[] {
    const value = this.raw(name) ?? absent;
    const list = Array.isArray(value)
      ? (value as readonly unknown[])
      : new Array<unknown>(axes).fill(value);
    const fits = list.every((size) => Number.isInteger(size) && Number(size) >= least);
    if (list.length !== axes || !fits) throw this.wrong(name);
    return list as readonly number[];
  }

  /** Numbers, in a list or alone. */
  numbers(name: string): readonly number[] | null {
    const value = this.raw(name);
    if (value === null) return null;
    const list = (Array.isArray(value) ? value.flat(8) : [value]) as readonly unknown[];
    if (!list.every((each) => typeof each === 'number')) throw this.wrong(name);
    return list;
  }

  private wrong(name: string): InputError {
    return new InputError(
      say`"${name}" is ${written(this.raw(name))}, which Keras does not take there`,
      'damaged',
    );
  }
}

/** Of units and filters: more would not fit any memory. */
const MAX_UNITS = 2 ** 31;

function written(value: unknown): string {
  return JSON.stringify(value).slice(0, 60);
}
