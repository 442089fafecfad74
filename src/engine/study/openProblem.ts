import { basename, join } from 'node:path';
import { InputError } from '../../shared/inputError';
import type { CheckpointIdentity } from '../../shared/result';
import type { Precision } from '../../shared/runtimeSetting';
import { say } from '../../shared/words/message';
import { sha256OfAll } from '../checkpoint/bytes/hash';
import type { OptimizerState } from '../checkpoint/pytorch/optimizer';
import type { Checkpoint } from '../checkpoint/checkpoint';
import type { OpenOptions } from '../checkpoint/openCheckpoint';
import { correspond, type Correspondence } from '../correspondence/correspond';
import type { Model } from '../graph/model';
import {
  architectureIn,
  isKerasModel,
  kerasModelBytes,
  renamedWeights,
} from '../graph/keras/kerasModel';
import { isSameNetwork } from '../graph/keras/sameNetwork';
import { readModelFile } from '../graph/onnx/modelFile';
import { sizedSets } from '../objective/batchSizes';
import {
  contentOf,
  loadLossData,
  lossTerms,
  openModel,
  type LossData,
} from '../objective/lossData';
import { loadWeights, type LoadedWeights } from '../objective/weights';
import { contentKey } from './results/cache';
import { holdsConfiguration, readConfiguredModel } from './configuration/graphSource';
import { openWeights, refuseOtherSets } from './openWeights';
import { hashOf } from './configuration/hash';
import { sharedBytes } from './pool/sharedVector';
import {
  dataFiles,
  lookAt,
  settingsSource,
  together,
  type FoundSource,
} from './configuration/sources';
import { nameInStudy, type Study } from './configuration/study';
import type { ProblemMessage } from './pool/workerProtocol';

/** What all checkpoints of a study share. */
export interface StudyInputs {
  readonly model: Model;
  readonly modelBytes: Uint8Array;
  /** How the graph was joined with the checkpoints, where their names did not suffice. */
  readonly correspondence: Correspondence;
  readonly data: LossData;
  /** Of the weights that are read. */
  readonly precision: Precision;
  /** Of the graph, the data that is used and the objective. */
  readonly key: string;
  /** The same, and the settings, as results say them. */
  readonly sources: readonly FoundSource[];
}

/** A checkpoint with everything that is needed to analyse it. */
export interface OpenedCheckpoint {
  readonly identity: CheckpointIdentity;
  readonly weights: LoadedWeights;
  readonly optimizer: OptimizerState | null;
  readonly problem: ProblemMessage;
  readonly source: FoundSource;
  /** Of all the loss at θ follows from. */
  readonly key: string;
}

/** A graph that computes with the tensors of its checkpoints. */
export interface OpenedGraph {
  readonly model: Model;
  readonly modelBytes: Uint8Array;
  readonly correspondence: Correspondence;
}

/** @throws InputError when it cannot be read, or a weight of the checkpoints has no place in it. */
export async function openGraph(study: Study, signal?: AbortSignal): Promise<OpenedGraph> {
  const { configuration, folder } = study;
  const { model: name, names } = configuration;
  let correspondence: Correspondence = { notes: study.notes, ties: [], usedNames: new Set() };
  if (await holdsConfiguration(join(folder, name))) {
    const modelBytes = sharedBytes(await configuredBytes(study));
    const model = await openModel(modelBytes, name, configuration, folder);
    return { model, modelBytes, correspondence };
  }
  const read = await readModelFile(join(folder, name), name, signal, {
    prepare: async (model, read) => {
      const open = (path: string) => openWeights(path, choiceOf(study), signal);
      const checkpoints = { paths: study.checkpoints, open };
      correspondence = await correspond(model, name, read, checkpoints, { names, signal });
    },
  });
  const modelBytes = sharedBytes(read);
  const model = await openModel(modelBytes, name, configuration, folder);
  return { model, modelBytes, correspondence };
}

/** A model of Keras or TensorFlow.js, as it was read with the settings it implies. */
async function configuredBytes({ configuration, folder, configured }: Study): Promise<Uint8Array> {
  const { model: name } = configuration;
  return (configured ?? (await readConfiguredModel(join(folder, name), name))).bytes;
}

/**
 * What a checkpoint calls otherwise than the graph: what is left to be said of "names", where the graph has the
 * rest by itself, and what layers are called in a model of Keras that was built again.
 */
export async function namesIn(
  checkpoint: Checkpoint,
  { configuration: { names = {} } }: Study,
  { modelBytes, correspondence: { usedNames } }: Omit<OpenedGraph, 'model'>,
): Promise<Readonly<Record<string, string>>> {
  const said = Object.entries(names).filter(([pattern]) => !usedNames.has(pattern));
  return { ...(await rebuiltNames(checkpoint, modelBytes)), ...Object.fromEntries(said) };
}

async function rebuiltNames(
  checkpoint: Checkpoint,
  modelBytes: Uint8Array,
): Promise<Readonly<Record<string, string>>> {
  if (!isKerasModel(modelBytes)) return {};
  const own = (await checkpoint.architecture?.()) ?? null;
  if (own === null || !isSameNetwork(own, architectureIn(modelBytes))) return {};
  const bytes = kerasModelBytes(own, checkpoint.tensors.values(), basename(checkpoint.path));
  return renamedWeights(modelBytes, bytes);
}

/** @throws InputError when the graph or the data cannot be read or do not fit. */
export async function openStudyInputs(
  study: Study,
  signal?: AbortSignal,
  precision: Precision = 'float32',
): Promise<StudyInputs> {
  const { configuration, folder } = study;
  const modelPath = join(folder, configuration.model);
  const probePath = configuration.probe === undefined ? [] : [join(folder, configuration.probe)];
  const [graphFound, dataFound, probeFound, settings] = await Promise.all([
    // Of a graph that is in the checkpoints themselves nothing else is to be watched.
    lookAt(study, 'graph', study.implied.has('model') ? [] : [modelPath]),
    dataFiles(study).then((files) => lookAt(study, 'data', files)),
    lookAt(study, 'probe', probePath),
    settingsSource(study),
  ]);
  const outside = new Set<string>();
  // The file's own content, whatever the checkpoints beside it are.
  const graphHash = hashOf(
    (await holdsConfiguration(modelPath))
      ? await configuredBytes(study)
      : await readModelFile(modelPath, configuration.model, signal, {
          onOutside: (file) => outside.add(file),
        }),
  );
  const constants = await lookAt(study, 'graph', [...outside]);
  const { model, modelBytes, correspondence } = await openGraph(study, signal);
  const loaded = await loadLossData(configuration, model, folder, {
    signal,
    unpacked: join(study.stores[0], 'cache'),
  });
  const sets = sizedSets(loaded.sets, model, lossTerms(loaded, model));
  const data = { ...loaded, sets };
  const key = contentKey(
    modelBytes,
    ...contentOf(data),
    shapesOf(data),
    data.sets,
    model.outputs,
    configuration.objective,
  );
  const dataKey = contentKey(...contentOf(data), shapesOf(data), data.sets);
  const sources = [
    together(graphFound(graphHash), constants(graphHash)),
    dataFound(dataKey),
    settings,
    // Whoever compares it says that it is missing.
    probeFound(await sha256OfAll(probePath, signal).catch(() => '')),
  ];
  return { model, modelBytes, correspondence, data, precision, key, sources };
}

/**
 * @param open the file of weights, where it is none of the usual ones.
 * @throws InputError when the file is no checkpoint of this model.
 */
export async function openForAnalysis(
  study: Study,
  { model, modelBytes, correspondence, data, precision, key }: StudyInputs,
  path: string,
  signal?: AbortSignal,
  open?: (path: string, options: OpenOptions) => Promise<Checkpoint>,
): Promise<OpenedCheckpoint> {
  const { weights: part, frozen, names } = study.configuration;
  const checkpoint = await openWeights(path, choiceOf(study), signal, open);
  try {
    const files = [path, ...(checkpoint.files ?? [])];
    const found = await lookAt(study, 'checkpoint', files);
    const hash = await sha256OfAll(files, signal);
    if (study.implied.has('model')) await refuseOtherNetwork(study, modelBytes, path, checkpoint);
    if (part === undefined && open === undefined) await refuseOtherSets(model, checkpoint);
    const loaded = await loadWeights(model, checkpoint, precision, {
      isShared: true,
      order: 'names',
      signal,
      frozen,
      names: await namesIn(checkpoint, study, { modelBytes, correspondence }),
      ties: correspondence.ties,
      isChosen: part !== undefined,
    });
    const weights = { ...loaded, notes: [...correspondence.notes, ...loaded.notes] };
    const { parameters, buffers, bufferValues, theta } = weights;
    return {
      identity: {
        path: nameInStudy(study, path),
        format: checkpoint.format,
        sha256: hash,
        step: checkpoint.step,
        epoch: checkpoint.epoch,
      },
      weights,
      optimizer: checkpoint.optimizer ?? null,
      problem: {
        programs: contentKey(key, parameters, buffers),
        model: modelBytes,
        modelPath: model.path,
        outputs: model.outputs,
        data,
        parameters,
        buffers,
        bufferValues,
        theta,
      },
      source: found(hash),
      key: contentKey(key, hash, part ?? '', frozen ?? [], names ?? {}),
    };
  } finally {
    await checkpoint.close();
  }
}

/**
 * Weights of another network may fit all the same, as where only an activation is another.
 *
 * @throws InputError where a checkpoint has a configuration that is not the one its run is computed with.
 */
async function refuseOtherNetwork(
  { configuration: { model }, path: settings }: Study,
  modelBytes: Uint8Array,
  path: string,
  checkpoint: Checkpoint,
): Promise<void> {
  const own = (await checkpoint.architecture?.()) ?? null;
  if (own === null || isSameNetwork(own, architectureIn(modelBytes))) return;
  throw new InputError(
    say`${basename(path)} is another network than ${model}, whose graph all checkpoints of this run share; keep each network in a folder of its own with its data, or name as "checkpoints" in ${settings} only those of one.`,
    'mismatch',
  );
}

/** Which weights of a file are meant, and what they are added to. */
export function choiceOf({ configuration: { weights, base }, folder }: Study): OpenOptions {
  return {
    ...(weights === undefined ? {} : { weights }),
    ...(base === undefined ? {} : { base: join(folder, base) }),
  };
}

/** Of samples: the same values in other shapes are other data. */
function shapesOf(data: LossData): readonly (readonly number[])[] {
  switch (data.kind) {
    case 'samples':
      return [...data.inputs, data.targets].map(({ array }) => array.shape);
    case 'output':
      return data.inputs.map(({ array }) => array.shape);
    case 'collocation':
      return [];
  }
}
