/** What a pickle holds when nothing of it is imported and nothing is called. */
export type PickleValue =
  | null
  | boolean
  /** A float, or an integer that is exact as one. */
  | number
  /** A larger integer. */
  | bigint
  | string
  | Uint8Array
  /** A list or a tuple. */
  | PickleValue[]
  /** A dictionary: a Map, because `__proto__` is a key like another. */
  | PickleDictionary
  | Set<PickleValue>
  | PickleGlobal
  | PickleObject
  | PickleLeaf;

export type PickleDictionary = Map<PickleValue, PickleValue>;

/** A class or function, by name. */
export class PickleGlobal {
  constructor(
    readonly module: string,
    readonly name: string,
  ) {}

  /** As Python writes it: `torch._utils._rebuild_tensor_v2`. */
  get path(): string {
    return `${this.module}.${this.name}`;
  }
}

const NO_ITEMS: readonly PickleValue[] = [];
const NO_ENTRIES: ReadonlyMap<PickleValue, PickleValue> = new Map();

/** An object of a class that has no meaning here: what it would be made of. */
export class PickleObject {
  /** Argument of `__setstate__`, or the attributes. */
  state: PickleValue = null;
  // Most objects have neither, and an empty Map is large.
  private appended: PickleValue[] | undefined;
  private assigned: PickleDictionary | undefined;

  constructor(
    readonly callee: PickleValue,
    readonly args: readonly PickleValue[],
  ) {}

  /** Name of its class or of the function that makes it. */
  get path(): string {
    return this.callee instanceof PickleGlobal ? this.callee.path : 'an object';
  }

  /** What would be appended to it. */
  get items(): readonly PickleValue[] {
    return this.appended ?? NO_ITEMS;
  }

  /** What would be set in it. */
  get entries(): ReadonlyMap<PickleValue, PickleValue> {
    return this.assigned ?? NO_ENTRIES;
  }

  append(item: PickleValue): void {
    (this.appended ??= []).push(item);
  }

  assign(key: PickleValue, value: PickleValue): void {
    (this.assigned ??= new Map()).set(key, value);
  }
}

/** A value that whoever interprets the pickle puts in: a tensor, a storage. */
export abstract class PickleLeaf {
  abstract readonly kind: string;
}

/** The attributes of an object, or the entries of a dictionary; null where a value has none. */
export function attributesOf(value: PickleValue): ReadonlyMap<PickleValue, PickleValue> | null {
  if (value instanceof Map) return value;
  if (!(value instanceof PickleObject)) return null;
  const { state } = value;
  if (state instanceof Map) return state;
  // Objects with slots have (attributes or None, slots).
  const first = Array.isArray(state) && state.length === 2 ? state[0] : null;
  if (first instanceof Map) return first;
  return value.entries.size > 0 ? value.entries : null;
}

/** Axes of an array: more has no framework. */
const MAX_AXES = 64;

export function isCount(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** Whether a value is a shape, strides or the like. */
export function isCounts(value: PickleValue | undefined): value is number[] {
  return Array.isArray(value) && value.length <= MAX_AXES && value.every(isCount);
}
