import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { openCheckpoint } from '../../../../src/engine/checkpoint/openCheckpoint';
import { lossTerms } from '../../../../src/engine/objective/lossData';
import { LossEvaluator } from '../../../../src/engine/objective/lossEvaluator';
import { openNetwork } from '../../../../src/engine/graph/openNetwork';
import { Graph } from '../../../../src/engine/graph/graph';
import type { Node } from '../../../../src/engine/graph/operations';
import { referenceRuntime } from '../../../../src/engine/runtime/reference';
import { openInStudy } from '../../study/denseReference';
import { readStudy } from '../../../../src/engine/study/configuration/study';

export const FOLDER = join(import.meta.dirname, '../../../fixtures/keras');

/** Values in float64 whatever the file has. */
export async function arraysOf(path: string): Promise<ReadonlyMap<string, StoredValues>> {
  const archive = await openCheckpoint(path);
  const arrays = new Map<string, StoredValues>();
  for (const name of archive.tensors.keys()) {
    const { data, shape } = await archive.read(name);
    arrays.set(name, { shape, data: Float64Array.from(data as ArrayLike<number>, Number) });
  }
  await archive.close();
  return arrays;
}

export interface StoredValues {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/**
 * A folder with a model and its data and nothing else; what `work` is given is as an analysis opens it.
 *
 * @param settings a basin.json, where one is needed.
 */
export async function withModel<T>(
  file: string,
  arrays: string,
  work: (opened: Awaited<ReturnType<typeof openInStudy>>, folder: string) => Promise<T>,
  settings: object | null = null,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'basin-keras-'));
  try {
    await copyFile(join(FOLDER, file), join(folder, basename(file)));
    await copyFile(join(FOLDER, arrays), join(folder, 'data.npz'));
    const path = join(folder, 'basin.json');
    if (settings !== null) await writeFile(path, JSON.stringify(settings));
    return await work(await openInStudy(await readStudy(path)), folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Opened = Awaited<ReturnType<typeof openInStudy>>;

/** The first output of the model, in float64. */
export async function predictions(
  { problem, weights }: Opened,
  arrays: ReadonlyMap<string, StoredValues>,
): Promise<StoredValues> {
  const model = openNetwork(problem.model, problem.modelPath);
  const g = new Graph();
  const given = new Map<string, Float64Array>();
  const nodes = new Map<string, Node>();
  for (const [i, input] of model.inputs.entries()) {
    const { shape, data } = arrays.get(input.name) ?? arrays.get('x')!;
    nodes.set(input.name, g.input(`input:${i}`, shape));
    given.set(`input:${i}`, data);
  }
  for (const [layout, values] of [
    [weights.parameters, weights.theta],
    [weights.buffers, weights.bufferValues],
  ] as const) {
    for (const { name, offset, size } of layout.entries) {
      given.set(name, Float64Array.from(values.subarray(offset, offset + size)));
    }
  }
  const shapes = new Map(model.weights.map(({ name, shape }) => [name, shape]));
  const [output] = model.buildAll(g, nodes, (name) =>
    given.has(name) ? g.input(name, shapes.get(name)!) : null,
  );
  const program = await referenceRuntime.compile({ outputs: new Map([['output', output!]]) });
  const results = await program.run(given);
  return { shape: output!.shape, data: Float64Array.from(results.get('output')!) };
}

/** The loss at the checkpoint, in float64. */
export async function lossOf({ problem, weights }: Opened): Promise<number> {
  const [output, ...others] = problem.outputs;
  const model = openNetwork(
    problem.model,
    problem.modelPath,
    others.length === 0 ? output : undefined,
  );
  const terms = lossTerms(problem.data, model);
  const evaluator = new LossEvaluator({ ...problem, model, terms }, referenceRuntime);
  const loss = await evaluator.loss(weights.theta);
  await evaluator.release();
  return loss;
}

/** The largest difference, of the largest value. */
export function worst(a: StoredValues, b: StoredValues): number {
  if (a.data.length !== b.data.length) return Infinity;
  const largest = b.data.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-3);
  return a.data.reduce((most, x, i) => Math.max(most, Math.abs(x - b.data[i]!)), 0) / largest;
}
