import type { Configuration } from '../../../shared/configuration';
import { say, type Message } from '../../../shared/words/message';
import type { OpenedCheckpoint } from '../openProblem';
import { inOrderOf, type Run, type RunMember } from '../configuration/run';

/** Whose landscape is sampled, in which directions, and through what: all that is read for it. */
export interface LandscapePlan {
  /** With the stored statistics where the model has no BatchNorm. */
  readonly settings: Configuration['landscape'];
  /** At coordinates 0; its buffers hold everywhere but between checkpoints. */
  readonly center: OpenedCheckpoint;
  /** Whether all checkpoints of the run have this landscape, and not each its own. */
  readonly isCommon: boolean;
  /** What the directions are made from; often the centre itself. */
  readonly reference: OpenedCheckpoint;
  /** What an interpolation, a curve or a plane goes through beside the centre. */
  readonly others: readonly OpenedCheckpoint[];
  /** The run, where the directions or the picture need it. */
  readonly run: readonly RunMember[] | null;
  /** Reads a member of the run, its weights in the order of the centre's. */
  readonly open: (path: string) => Promise<OpenedCheckpoint>;
  /** Sentences about what was left out. */
  readonly notes: readonly Message[];
}

/**
 * Opens what a landscape of one checkpoint needs beside it.
 *
 * @throws InputError when a checkpoint that basin.json names cannot be read or is of another model.
 */
export async function planLandscape(
  wanted: Configuration['landscape'],
  own: OpenedCheckpoint,
  run: Run,
  ownPath: string,
  signal?: AbortSignal,
): Promise<LandscapePlan> {
  const recomputes = wanted.batchNorm === 'recompute';
  const settings: typeof wanted = run.hasBatchNorm ? wanted : { ...wanted, batchNorm: 'stored' };
  const openedByPath = new Map([[ownPath, own]]);
  const find = async (name: string, setting: string): Promise<OpenedCheckpoint> => {
    const path = await run.find(name, setting, signal);
    const opened = openedByPath.get(path) ?? (await run.open(path, undefined, signal));
    openedByPath.set(path, opened);
    return opened;
  };
  const around = settings.center ?? (settings.directions === 'trajectory' ? 'last' : 'checkpoint');
  const isOwn = around === 'checkpoint';
  const middle = isOwn ? own : await find(around, 'center');
  const reference = settings.share && isOwn ? await find('last', 'share') : middle;
  const center = inOrderOf(middle, reference);
  const others: OpenedCheckpoint[] = [];
  for (const name of [settings.through ?? []].flat()) {
    others.push(inOrderOf(await find(name, 'through'), reference));
  }
  const isCompared =
    !isOwn || settings.share || settings.directions === 'trajectory' || others.length > 1;
  const members = isCompared && settings.directions !== 'bezier' ? await run.members(signal) : null;
  return {
    settings,
    center,
    isCommon: !isOwn,
    reference,
    others,
    run: members?.members ?? null,
    open: (path) => run.open(path, reference, signal),
    notes: [
      ...(recomputes ? [run.hasBatchNorm ? RECOMPUTED : NOTHING_TO_RECOMPUTE] : []),
      ...(members?.left ?? []),
    ],
  };
}

const RECOMPUTED = say`At every point of the landscape BatchNorm normalises by the mean and variance of its input over the evaluation data, not by the running statistics of the checkpoint; the loss and the curvature that are reported use those, so that the loss of the landscape where the checkpoint is need not be the reported one ("landscape.batchNorm" is "recompute").`;

const NOTHING_TO_RECOMPUTE = say`The network has no BatchNormalization whose statistics could be computed anew, so that "recompute" as "landscape.batchNorm" changes nothing; remove it from basin.json.`;

/** What the losses follow from beside the centre and the settings: part of the cache's key. */
export function contentOfPlan({ settings, reference, others, run }: LandscapePlan): object {
  const { batchNorm, ...all } = settings;
  return {
    // Landscapes of before there was a choice are those of the stored statistics.
    settings: batchNorm === 'stored' ? all : settings,
    reference: reference.key,
    others: others.map(({ key }) => key),
    run: settings.directions === 'trajectory' ? contentOfRun(run) : null,
  };
}

export function contentOfRun(run: readonly RunMember[] | null): readonly string[] {
  return (run ?? []).map(({ name, sha256 }) => `${name} ${sha256}`);
}
