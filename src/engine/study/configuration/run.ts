import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { InputError } from '../../../shared/inputError';
import { say, type Message } from '../../../shared/words/message';
import type { LoadedWeights, WeightLayout } from '../../objective/weights';
import { zerosLike, type FloatArray } from '../../tensor';
import { openForAnalysis, type OpenedCheckpoint, type StudyInputs } from '../openProblem';
import type { FoundSource } from './sources';
import { nameInStudy, type Study } from './study';

/** A checkpoint of a run that could be read. */
export interface RunMember {
  readonly path: string;
  /** As documents name it. */
  readonly name: string;
  readonly sha256: string;
  readonly step: number | null;
  readonly epoch: number | null;
  /** Its files as they were read. */
  readonly source: FoundSource;
}

export interface RunMembers {
  /** In the order of training: by step, by epoch, or by name where not all say one. */
  readonly members: readonly RunMember[];
  /** A sentence for each checkpoint that cannot be read. */
  readonly left: readonly Message[];
}

/** The checkpoints of a study seen from one of them: which is the last, where the others are. */
export class Run {
  private readonly study: Study;
  private readonly inputs: StudyInputs;
  /** By path, size and time, so that a file is read again when it is another. */
  private readonly known = new Map<string, RunMember | Message>();

  constructor(study: Study, inputs: StudyInputs) {
    this.study = study;
    this.inputs = inputs;
  }

  /** Whether the model of its checkpoints has any. */
  get hasBatchNorm(): boolean {
    return this.inputs.model.hasBatchNorm;
  }

  /** What results of all its checkpoints follow from. */
  get sources(): StudyInputs['sources'] {
    return this.inputs.sources;
  }

  /**
   * Opens a checkpoint of the study or any other file.
   *
   * @param like whose order of weights it takes.
   * @throws InputError when it cannot be read, or is of another model.
   */
  async open(
    path: string,
    like?: OpenedCheckpoint,
    signal?: AbortSignal,
  ): Promise<OpenedCheckpoint> {
    const opened = await openForAnalysis(this.study, this.inputs, path, signal);
    return like === undefined ? opened : inOrderOf(opened, like);
  }

  /**
   * The path a name in basin.json stands for: 'first', 'last', or a file relative to it.
   *
   * @throws InputError when no checkpoint can be read, or the file does not exist.
   */
  async find(name: string, setting: string, signal?: AbortSignal): Promise<string> {
    if (name === 'first' || name === 'last') {
      const { members, left } = await this.members(signal);
      const member = name === 'first' ? members[0] : members.at(-1);
      if (member === undefined) {
        throw new InputError(say`${this.study.path}: no checkpoint can be read. ${left[0] ?? ''}`);
      }
      return member.path;
    }
    const path = resolve(this.study.folder, name);
    if ((await stat(path).catch(() => null))?.isFile() !== true) {
      throw new InputError(
        say`${this.study.path}: "landscape.${setting}" names ${name}, which is no file; name a checkpoint relative to it, "first" or "last".`,
        'missing',
      );
    }
    return path;
  }

  async members(signal?: AbortSignal): Promise<RunMembers> {
    const members: RunMember[] = [];
    const left: Message[] = [];
    for (const path of this.study.checkpoints) {
      const member = await this.member(path, signal);
      if ('template' in member) left.push(member);
      else members.push(member);
    }
    for (const position of ['step', 'epoch'] as const) {
      if (members.every((member) => member[position] !== null)) {
        // The sort is stable: equal ones stay in the order of their names.
        return { members: members.sort((a, b) => a[position]! - b[position]!), left };
      }
    }
    return { members, left };
  }

  private async member(path: string, signal?: AbortSignal): Promise<RunMember | Message> {
    const name = nameInStudy(this.study, path);
    const found = await stat(path).catch(() => null);
    const key = `${path}\0${found?.size ?? ''}\0${found?.mtimeMs ?? ''}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    let member: RunMember | Message;
    try {
      const opened = await openForAnalysis(this.study, this.inputs, path, signal);
      const { sha256, step, epoch } = opened.identity;
      member = { path, name, sha256, step, epoch, source: opened.source };
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof InputError)) throw error;
      member = say`${name} is left out of the run: ${error.said}`;
    }
    this.known.set(key, member);
    return member;
  }
}

/** A checkpoint with its weights in the order of another's. @throws InputError for other weights. */
export function inOrderOf(opened: OpenedCheckpoint, like: OpenedCheckpoint): OpenedCheckpoint {
  if (opened.problem.programs === like.problem.programs) return opened;
  const { parameters, buffers } = like.weights;
  const { path } = opened.identity;
  const weights: LoadedWeights = {
    ...opened.weights,
    parameters,
    buffers,
    theta: reordered(opened.weights.theta, opened.weights.parameters, parameters, path),
    bufferValues: reordered(opened.weights.bufferValues, opened.weights.buffers, buffers, path),
  };
  const { theta, bufferValues } = weights;
  const { programs } = like.problem;
  const problem = { ...opened.problem, programs, parameters, buffers, theta, bufferValues };
  return { ...opened, weights, problem };
}

function reordered(
  values: FloatArray,
  from: WeightLayout,
  to: WeightLayout,
  path: string,
): FloatArray {
  const source = new Map(from.entries.map((entry) => [entry.name, entry]));
  if (
    from.entries.length !== to.entries.length ||
    !to.entries.every(({ name, size }) => source.get(name)?.size === size)
  ) {
    throw new InputError(
      say`${path} has other weights than the checkpoint it is compared with; name one that was saved the same way.`,
      'mismatch',
    );
  }
  const result = zerosLike(values, to.size);
  for (const { name, offset, size } of to.entries) {
    const start = source.get(name)!.offset;
    result.set(values.subarray(start, start + size), offset);
  }
  return result;
}
