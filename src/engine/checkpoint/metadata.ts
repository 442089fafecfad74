import type { Checkpoint } from './checkpoint';
import { PickleObject, type PickleValue } from './pickle';

type Metadata = Checkpoint['metadata'];
type Plain = Metadata[string];

const MOST_ENTRIES = 256;
const LONGEST_KEY = 200;
const LONGEST_TEXT = 500;

/**
 * The plain values at the top level of what a checkpoint holds, and one level down: `epoch`,
 * `args.lr`. Long strings are cut, and no more than 256 values are taken.
 *
 * @param leaveOut keys whose contents are the weights.
 */
export function metadataOf(root: PickleValue, leaveOut: ReadonlySet<string>): Metadata {
  const found = new Map<string, Plain>();
  const take = (key: string, value: PickleValue) => {
    const plain = plainOf(value);
    if (plain === undefined || found.size >= MOST_ENTRIES || key.length > LONGEST_KEY) return;
    found.set(key, plain);
  };
  for (const [key, value] of attributesOf(root)) {
    take(key, value);
    if (leaveOut.has(key)) continue;
    for (const [inner, below] of attributesOf(value)) take(`${key}.${inner}`, below);
  }
  // fromEntries defines own properties, also of the name `__proto__`.
  return Object.fromEntries(found);
}

/** What has a name in a dictionary, or in an object with attributes such as argparse.Namespace. */
function attributesOf(value: PickleValue): [string, PickleValue][] {
  const dictionary = value instanceof PickleObject ? value.state : value;
  if (!(dictionary instanceof Map)) return [];
  return [...dictionary].filter((entry): entry is [string, PickleValue] => {
    return typeof entry[0] === 'string';
  });
}

function plainOf(value: PickleValue): Plain | undefined {
  switch (typeof value) {
    case 'string':
      return value.length > LONGEST_TEXT ? `${value.slice(0, LONGEST_TEXT)}…` : value;
    case 'number':
      // JSON has no NaN and no infinities.
      return Number.isFinite(value) ? value : String(value);
    case 'bigint':
      return plainOf(value.toString());
    case 'boolean':
      return value;
    default:
      return value === null ? null : undefined;
  }
}
