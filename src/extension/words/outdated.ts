import type { Change } from '../../shared/sources';
import { t } from '../../shared/words/text';

/** Why a result no longer holds, or may not: a sentence. */
export function describeChanges(changes: readonly Change[]): string {
  return t('Outdated: {0}. Analyze again.', changes.map(describe).join(', '));
}

function describe(change: Change): string {
  switch (change) {
    case 'checkpoint':
      return t('the checkpoint is another than the one that was analyzed');
    case 'graph':
      return t('the graph is another than it was');
    case 'data':
      return t('the evaluation data are others than they were');
    case 'settings':
      return t('the settings in basin.json are others than they were');
    case 'other':
      return t('a checkpoint that its landscape depends on is another than it was');
    case 'member':
      return t('a checkpoint of its run is another than it was');
    case 'probe':
      return t('the probe is another than it was');
    case 'gone':
      return t('its checkpoint is not there any more');
    case 'unknown':
      return t(
        'an earlier version of Basin made it, which did not write down what it follows from',
      );
  }
}
