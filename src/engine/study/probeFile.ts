import { join } from 'node:path';
import { InputError } from '../../shared/inputError';
import { say } from '../../shared/words/message';
import type { Checkpoint } from '../checkpoint/checkpoint';
import { openCheckpoint } from '../checkpoint/openCheckpoint';
import type { Tensor } from '../tensor';

/** What a framework says of the weights in a graph on a few samples. */
export interface Probe {
  /** As basin.json names it. */
  readonly name: string;
  /** Arrays of the file: inputs and targets under the names they have in the evaluation data. */
  readonly arrays: ReadonlySet<string>;
  /** The array that holds the graph's output; null where the graph gives the loss itself. */
  readonly output: string | null;
  /** null in probes that hold inputs and outputs only. */
  readonly about: ProbeFacts | null;
}

export interface ProbeFacts {
  readonly loss: number;
  /** Version of PyTorch. */
  readonly torch: string;
  readonly precision: string;
  /** ‖∂loss/∂tensor‖ of each trainable tensor. */
  readonly gradients: ReadonlyMap<string, number>;
  /** ‖tensor‖ of each: whose weights they are. */
  readonly weights: ReadonlyMap<string, number>;
  /** Names of one tensor. */
  readonly tied: readonly (readonly string[])[];
}

/** The array of facts that `basin_export.py` writes: JSON in UTF-8. */
const FACTS = 'probe';
/** More is no probe. */
const MAX_FACTS = 64 * 2 ** 20;

/** @throws InputError where the file is not there, or is no probe. */
export async function readProbe(folder: string, name: string): Promise<Probe> {
  const file = await openCheckpoint(join(folder, name));
  try {
    const arrays = new Set(file.tensors.keys());
    const output = ['output', 'logits'].find((each) => arrays.has(each)) ?? null;
    const about = arrays.has(FACTS) ? parseFacts(await bytesOf(file), name) : null;
    if (about === null && (output === null || !arrays.has('x'))) {
      throw new InputError(
        say`${name} is no probe: it holds ${[...arrays].slice(0, 5).join(', ')}; write one with basin_export.py, or remove "probe".`,
      );
    }
    return { name, arrays, output, about };
  } finally {
    await file.close();
  }
}

async function bytesOf(file: Checkpoint): Promise<Uint8Array> {
  const { shape } = file.tensors.get(FACTS)!;
  if (shape.length !== 1 || shape[0]! > MAX_FACTS) return new Uint8Array();
  const { data }: Tensor = await file.read(FACTS);
  return data instanceof Uint8Array ? data : new Uint8Array();
}

function parseFacts(bytes: Uint8Array, name: string): ProbeFacts {
  try {
    const given = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    const { loss, torch, precision, gradients, weights, tied } = given;
    if (typeof loss === 'number' && typeof torch === 'string' && typeof precision === 'string') {
      return {
        loss,
        torch,
        precision,
        gradients: numbers(gradients),
        weights: numbers(weights),
        tied: Array.isArray(tied) ? (tied as readonly (readonly string[])[]) : [],
      };
    }
  } catch {
    // Said below.
  }
  throw new InputError(
    say`${name}: its array \`${FACTS}\` is not what basin_export.py writes; export again.`,
    'damaged',
  );
}

function numbers(value: unknown): ReadonlyMap<string, number> {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return new Map(
    entries.filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}
