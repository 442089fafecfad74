import { join } from 'node:path';
import type { RunState, StatePart } from '../../shared/engineProtocol';
import { InputError } from '../../shared/inputError';
import { openCheckpoint } from '../checkpoint/openCheckpoint';
import type { Model } from '../graph/model';
import { OnnxModel } from '../graph/onnx/importOnnx';
import { readModelFile } from '../graph/onnx/modelFile';
import { loadLossData, openModel } from '../objective/lossData';
import { matchWeights } from '../objective/weightMatch';
import { readProbe } from './probeFile';
import { readStudy, type Study } from './study';

/**
 * What of a run is ready to be analysed, without computing anything: graph, data, weights of the last
 * checkpoint, probe; and the names its basin.json may use.
 *
 * @throws InputError where the basin.json itself cannot be read; the signal's reason.
 */
export async function runState(configuration: string, signal?: AbortSignal): Promise<RunState> {
  const study = await readStudy(configuration);
  const { model: name, probe } = study.configuration;
  let inputs: readonly string[] = [];
  let outputs: readonly string[] = [];
  let model: Model | undefined;
  const graph = await part(async () => {
    const bytes = await readModelFile(join(study.folder, name), name, signal);
    const all = new OnnxModel(bytes, name);
    inputs = all.inputs.map((input) => input.name);
    outputs = all.outputs;
    model = openModel(bytes, name, study.configuration);
  });
  signal?.throwIfAborted();
  const needsGraph: StatePart = { ok: false, message: null };
  const opened = model;
  return {
    graph,
    inputs,
    outputs,
    arrays: await arraysOf(study),
    data:
      opened === undefined
        ? needsGraph
        : await part(() => loadLossData(study.configuration, opened, study.folder, { signal })),
    weights: opened === undefined ? needsGraph : await part(() => requireWeights(study, opened)),
    probe: probe === undefined ? null : await part(() => readProbe(study.folder, probe)),
  };
}

async function part(work: () => Promise<unknown>): Promise<StatePart> {
  try {
    await work();
    return { ok: true, message: null };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { ok: false, message: error.message };
  }
}

/** By its header: whether the last checkpoint has a tensor for each that the graph wants. */
async function requireWeights({ configuration, checkpoints }: Study, model: Model) {
  const { weights, frozen, names } = configuration;
  const options = weights === undefined ? {} : { weights };
  const checkpoint = await openCheckpoint(checkpoints.at(-1)!, options);
  try {
    matchWeights(model, checkpoint, { frozen, names, isChosen: weights !== undefined });
  } finally {
    await checkpoint.close();
  }
}

/** Names of the arrays in the files that "data" names. */
async function arraysOf({ configuration: { data }, folder }: Study) {
  const specs = [
    ...(typeof data?.inputs === 'string' ? [data.inputs] : Object.values(data?.inputs ?? {})),
    ...(data?.targets === undefined ? [] : [data.targets]),
  ];
  const files = new Set(specs.map((spec) => spec.replace(/#[^#]*$/, '')));
  const arrays: Record<string, readonly string[]> = {};
  for (const file of files) {
    if (!file.endsWith('.npz')) continue;
    try {
      const opened = await openCheckpoint(join(folder, file));
      arrays[file] = [...opened.tensors.keys()];
      await opened.close();
    } catch (error) {
      // What is wrong with it is said of the data.
      if (!(error instanceof InputError)) throw error;
    }
  }
  return arrays;
}
