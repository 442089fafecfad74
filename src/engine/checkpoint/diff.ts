import { createHash } from 'node:crypto';
import type {
  ChangedTensor,
  CheckpointDifference,
  LoneTensor,
} from '../../shared/checkpointDifference';
import { sizeOf, type Tensor } from '../tensor';
import type { Checkpoint } from './checkpoint';
import { openCheckpoint } from './openCheckpoint';

/** As `diffCheckpoints`, of two files. @throws InputError when one of them is not one that is read. */
export async function diffFiles(
  first: string,
  second: string,
  signal: AbortSignal,
): Promise<CheckpointDifference> {
  const a = await openCheckpoint(first);
  try {
    const b = await openCheckpoint(second);
    try {
      return await diffCheckpoints(a, b, signal);
    } finally {
      await b.close();
    }
  } finally {
    await a.close();
  }
}

/**
 * Compares two checkpoints tensor by tensor: by name, and what is left by shape and value, which are
 * tensors under another name. One tensor of each is in memory at a time. Sums are taken in float64.
 *
 * @throws the signal's reason.
 */
export async function diffCheckpoints(
  first: Checkpoint,
  second: Checkpoint,
  signal?: AbortSignal,
): Promise<CheckpointDifference> {
  const pairs: { readonly name: string; readonly other: string }[] = [];
  const reshaped: CheckpointDifference['reshaped'][number][] = [];
  for (const [name, { shape }] of first.tensors) {
    const other = second.tensors.get(name);
    if (other === undefined) continue;
    if (isSame(shape, other.shape)) pairs.push({ name, other: name });
    else reshaped.push({ name, first: shape, second: other.shape });
  }
  const left = [...first.tensors.values()].filter(({ name }) => !second.tensors.has(name));
  const right = [...second.tensors.values()].filter(({ name }) => !first.tensors.has(name));
  const renamed = await renamedTensors(first, second, left, right, signal);
  for (const [name, other] of renamed) pairs.push({ name, other });

  const tensors: ChangedTensor[] = [];
  const unread: CheckpointDifference['unread'][number][] = [];
  const integers: string[] = [];
  let equal = 0;
  let squares = 0;
  let own = 0;
  for (const { name, other } of pairs) {
    signal?.throwIfAborted();
    let change;
    try {
      change = changeOf(...(await Promise.all([first.read(name), second.read(other)])));
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'InputError') throw error;
      unread.push({ name, reason: error.message });
      continue;
    }
    if (!change.isFloat) {
      if (!change.isEqual) integers.push(name);
      continue;
    }
    if (change.isEqual) equal++;
    squares += change.squares;
    own += change.own;
    const distance = finite(Math.sqrt(change.squares));
    tensors.push({
      name,
      ...(other === name ? {} : { renamed: other }),
      shape: first.tensors.get(name)!.shape,
      distance,
      relative: ratio(change.squares, change.own),
    });
  }
  // What is not finite is the farthest.
  tensors.sort((a, b) => (b.distance ?? Infinity) - (a.distance ?? Infinity) || 0);
  const others = new Set(renamed.values());
  const lone = ({ name, dtype, shape }: LoneTensor): LoneTensor => ({ name, dtype, shape });
  return {
    first: first.path,
    second: second.path,
    onlyFirst: left.filter(({ name }) => !renamed.has(name)).map(lone),
    onlySecond: right.filter(({ name }) => !others.has(name)).map(lone),
    reshaped,
    tensors,
    equal,
    integers,
    distance: finite(Math.sqrt(squares)),
    relative: ratio(squares, own),
    unread,
  };
}

/** Tensors of the largest size that are compared to find what was renamed. */
const MAX_ELEMENTS = 2 ** 28;

/**
 * Tensors that are there under another name: of one shape and type, and the same bit for bit, each taken
 * once; where only one of a shape is left on either side and the ends of their names agree, that one.
 */
async function renamedTensors(
  first: Checkpoint,
  second: Checkpoint,
  left: readonly LoneTensor[],
  right: readonly LoneTensor[],
  signal: AbortSignal | undefined,
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const keyOf = ({ dtype, shape }: LoneTensor) => `${dtype}[${shape.join()}]`;
  const byKind = new Map<string, LoneTensor[]>();
  for (const tensor of right) {
    const key = keyOf(tensor);
    const same = byKind.get(key);
    if (same === undefined) byKind.set(key, [tensor]);
    else same.push(tensor);
  }
  for (const [key, candidates] of byKind) {
    const ours = left.filter((tensor) => keyOf(tensor) === key);
    if (ours.length === 0 || sizeOf(ours[0]!.shape) > MAX_ELEMENTS) continue;
    const byContent = new Map<string, string[]>();
    for (const { name } of candidates) {
      signal?.throwIfAborted();
      const content = await contentOf(second, name);
      if (content !== null) byContent.set(content, [...(byContent.get(content) ?? []), name]);
    }
    for (const { name } of ours) {
      signal?.throwIfAborted();
      const content = await contentOf(first, name);
      const same = content === null ? undefined : byContent.get(content);
      const other = same?.find((candidate) => lastPart(candidate) === lastPart(name)) ?? same?.[0];
      if (same === undefined || other === undefined) continue;
      same.splice(same.indexOf(other), 1);
      found.set(name, other);
    }
    const taken = new Set(found.values());
    const restOfOurs = ours.filter(({ name }) => !found.has(name));
    const rest = candidates.filter(({ name }) => !taken.has(name));
    const [ourLast, last] = [restOfOurs[0], rest[0]];
    if (
      restOfOurs.length === 1 &&
      rest.length === 1 &&
      lastPart(ourLast!.name) === lastPart(last!.name)
    ) {
      found.set(ourLast!.name, last!.name);
    }
  }
  return found;
}

/** What is the same for tensors of the same values; null where it is not read. */
async function contentOf(checkpoint: Checkpoint, name: string): Promise<string | null> {
  const tensor = await checkpoint.read(name).catch(() => null);
  if (tensor === null) return null;
  const { data } = tensor;
  return createHash('sha256')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex');
}

function lastPart(name: string): string {
  return name.slice(Math.max(name.lastIndexOf('.'), name.lastIndexOf('/')) + 1);
}

interface Change {
  readonly squares: number;
  readonly own: number;
  readonly isEqual: boolean;
  readonly isFloat: boolean;
}

function changeOf(a: Tensor, b: Tensor): Change {
  let squares = 0;
  let own = 0;
  let isEqual = true;
  const { length } = a.data;
  for (let i = 0; i < length; i++) {
    const x = Number(a.data[i]);
    const y = Number(b.data[i]);
    const distance = y - x;
    squares += distance * distance;
    own += x * x;
    if (isEqual && !Object.is(x, y)) isEqual = false;
  }
  const isFloat = a.dtype.startsWith('float') || b.dtype.startsWith('float');
  return { squares: isEqual ? 0 : squares, own, isEqual, isFloat };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function ratio(squares: number, own: number): number | null {
  return own > 0 ? finite(Math.sqrt(squares / own)) : null;
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}
