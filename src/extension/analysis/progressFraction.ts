import type { Progress } from '../../shared/engineProtocol';
import { t } from '../../shared/words/text';

/** Share of the time of one analysis that each part takes, roughly. */
const WEIGHTS = {
  open: 0.02,
  metrics: 0.03,
  landscape: 0.5,
  topology: 0.05,
  hessian: 0.4,
} as const;

const ORDER = ['open', 'metrics', 'landscape', 'topology', 'hessian'] as const;

/** How much of a whole job is done, in [0, 1]. */
export function overallFraction(progress: Progress): number {
  let before = 0;
  for (const part of ORDER) {
    if (part === progress.part) break;
    before += WEIGHTS[part];
  }
  const within = Math.min(1, before + WEIGHTS[progress.part] * clamp(progress.fraction));
  return progress.count <= 0 ? 0 : clamp((progress.index + within) / progress.count);
}

/** The part and how much of it is done: `landscape 42 %`. */
export function describeProgress(progress: Progress): string {
  if (progress.isElsewhere === true) {
    return t('{0} in another window or command', nameOf(progress.part));
  }
  return `${nameOf(progress.part)} ${Math.round(100 * clamp(progress.fraction))} %`;
}

function nameOf(part: Progress['part']): string {
  switch (part) {
    case 'open':
      return t('open');
    case 'metrics':
      return t('metrics');
    case 'landscape':
      return t('landscape');
    case 'topology':
      return t('topology');
    case 'hessian':
      return t('hessian');
  }
}

function clamp(value: number): number {
  return Number.isFinite(value) ? Math.min(1, Math.max(0, value)) : 0;
}
