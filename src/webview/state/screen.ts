import type { Progress } from '../../shared/engineProtocol';
import type { PanelEntry, Snapshot } from '../../shared/panelProtocol';
import type { Part, ResultDocument } from '../../shared/result';
import { chooseEntry } from './selection';
import { t, translated } from '../../shared/words/text';

/** What the panel shows, worked out from the snapshot and the selection alone. */
export type Screen =
  /** Nothing has arrived yet. */
  | { readonly kind: 'waiting' }
  /** There is no checkpoint. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'unanalyzed'; readonly entry: PanelEntry }
  | { readonly kind: 'failed'; readonly entry: PanelEntry; readonly message: string }
  /** Being analyzed, nothing known yet. */
  | { readonly kind: 'started'; readonly entry: PanelEntry; readonly progress: Progress }
  /** There is a document, and it is on its way. */
  | { readonly kind: 'loading'; readonly entry: PanelEntry }
  | {
      readonly kind: 'document';
      readonly entry: PanelEntry;
      readonly document: ResultDocument;
      /** Why the document is not complete. */
      readonly warning: string | null;
      /** This checkpoint is the one being analyzed: parts may still be missing. */
      readonly running: boolean;
    };

export function screenOf(
  snapshot: Snapshot | null,
  remembered: string | null,
  documentOf: (entry: PanelEntry) => ResultDocument | null,
): Screen {
  if (snapshot === null) return { kind: 'waiting' };
  const entry = chooseEntry(snapshot, remembered);
  if (entry === null) return { kind: 'empty' };
  const progress = snapshot.progress;
  const running = progress !== null && isAbout(progress, entry);
  if (entry.summary !== null) {
    const document = documentOf(entry);
    return document === null
      ? { kind: 'loading', entry }
      : { kind: 'document', entry, document, warning: told(entry), running };
  }
  if (running) return { kind: 'started', entry, progress };
  const message = told(entry);
  if (message !== null) return { kind: 'failed', entry, message };
  return { kind: 'unanalyzed', entry };
}

function told({ error }: PanelEntry): string | null {
  return error === null ? null : translated(error);
}

/** The engine names the checkpoint by its path, the host by a key that may stand for it. */
function isAbout(progress: Progress, entry: PanelEntry): boolean {
  return progress.checkpoint === entry.key || entry.key.endsWith(`/${progress.checkpoint}`);
}

function doing(part: Part | 'open', name: string): string {
  switch (part) {
    case 'open':
      return t('Opening {0}', name);
    case 'metrics':
      return t('Measuring the loss of {0}', name);
    case 'landscape':
      return t('Sampling the landscape of {0}', name);
    case 'topology':
      return t('Finding minima and saddles of {0}', name);
    case 'hessian':
      return t('Measuring the curvature of {0}', name);
  }
}

/** `Sampling the landscape of epoch-40.pt (3 of 9)`. */
export function progressText(progress: Progress, entries: readonly PanelEntry[]): string {
  const entry = entries.find((candidate) => isAbout(progress, candidate));
  const name = entry?.label ?? progress.checkpoint.split(/[\\/]/).at(-1) ?? progress.checkpoint;
  const text = doing(progress.part, name);
  const { index, count } = progress;
  return count > 1 ? t('{0} ({1} of {2})', text, index + 1, count) : text;
}
