import * as vscode from 'vscode';
import type { Interpolation } from '../../shared/comparison';
import { checkpointLabel } from '../words/checkpointLabel';
import type { Documents } from './documents';
import type { CheckpointRecord } from '../checkpoints/library';
import { t } from '../../shared/words/text';
import type { UserAnalysis } from '../analysis/userAnalysis';

/**
 * Shows what differs between two checkpoints; offers to analyze those that have no result.
 *
 * @param along the way between them whose loss is added as soon as it is known.
 */
export async function compareCheckpoints(
  pair: readonly [CheckpointRecord, CheckpointRecord],
  find: (path: string) => CheckpointRecord | undefined,
  userAnalysis: UserAnalysis,
  documents: Documents,
  along?: Interpolation['path'],
): Promise<void> {
  const open = pair.filter(({ result }) => result === null);
  const [missing] = open;
  if (missing !== undefined) {
    const analyze = t('Analyze');
    const choice = await vscode.window.showInformationMessage(
      open.length === 2
        ? t('Neither of the two checkpoints has been analyzed: there is nothing to compare yet.')
        : t(
            '{0} has not been analyzed: there is nothing to compare yet.',
            checkpointLabel(missing.file.path),
          ),
      ...(vscode.workspace.isTrusted ? [analyze] : []),
    );
    if (choice !== analyze) return;
    await userAnalysis.run(open);
    if (open.some(({ file }) => (find(file.path)?.result ?? null) === null)) return;
  }
  const [first, second] = pair;
  const paths = { first: first.file.path, second: second.file.path };
  await documents.show({ kind: 'comparison', ...paths });
  if (along === undefined) return;
  const interpolation = await userAnalysis.lossBetween(first, second, along);
  if (interpolation !== undefined) documents.addPath(paths.first, paths.second, interpolation);
}

/** The way between two checkpoints on which the loss is sampled. */
export async function choosePath(): Promise<Interpolation['path'] | undefined> {
  const picked = await vscode.window.showQuickPick(
    [
      {
        label: t('Straight Line'),
        detail: t('The loss at 41 points of the line through both, and beyond them.'),
        path: 'line' as const,
      },
      {
        label: t('Trained Curve'),
        detail: t('A Bézier curve whose middle is trained for a low loss: takes minutes.'),
        path: 'curve' as const,
      },
    ],
    { title: t('Basin: Compare along a Path') },
  );
  return picked?.path;
}
