import { button } from './controls';
import type { Readiness } from '../shared/panelProtocol';
import { element } from './element';
import type { Screen } from './state/screen';
import { t } from '../shared/words/text';

export interface MessageActions {
  /** Null where nobody could analyse: then the command line is the next step. */
  readonly analyze: ((key: string) => void) | null;
}

/** What is shown in place of plots; each with a next step. */
export function messageView(
  screen: Exclude<Screen, { kind: 'document' | 'loading' }>,
  readiness: Readiness | null,
  actions: MessageActions,
): HTMLElement {
  const problems = readiness?.problems ?? [];
  switch (screen.kind) {
    case 'waiting':
      return message('waiting', t('Waiting for the checkpoints…'), []);
    case 'empty':
      return message('empty', t('No checkpoints yet'), [
        t(
          'Add a basin.json that names the checkpoints, the model and the evaluation data, or start a training that writes into a watched folder. They appear here as they are written.',
        ),
      ]);
    case 'started':
      return message('started', t('Analyzing {0}', screen.entry.label), [
        t('The landscape appears coarse as soon as its first points are evaluated, and sharpens.'),
      ]);
    case 'unanalyzed':
      if (problems.length > 0) {
        const title = t('{0} cannot be analyzed yet', screen.entry.label);
        return message('failed', title, problems, analyzeStep(screen.entry.key, actions));
      }
      return message(
        'unanalyzed',
        t('{0} has not been analyzed yet', screen.entry.label),
        [
          t(
            'An analysis samples the loss around the checkpoint, counts its minima and saddles, and measures the curvature.',
          ),
        ],
        analyzeStep(screen.entry.key, actions),
      );
    case 'failed':
      return message(
        'failed',
        t('No analysis of {0}', screen.entry.label),
        [screen.message, ...problems.filter((problem) => problem !== screen.message)],
        analyzeStep(screen.entry.key, actions),
      );
  }
}

function message(
  kind: string,
  title: string,
  sentences: readonly string[],
  step: Node | null = null,
): HTMLElement {
  return element(
    'div',
    {
      class: `message is-${kind}`,
      id: `message-${kind}`,
      role: kind === 'failed' ? 'alert' : 'status',
    },
    element('h2', {}, title),
    ...sentences.map((sentence) => element('p', {}, sentence)),
    step,
  );
}

function analyzeStep(key: string, { analyze }: MessageActions): Node {
  if (analyze !== null) {
    const node = button(t('Analyze'), 'primary', () => {
      analyze(key);
    });
    node.id = 'analyze';
    return node;
  }
  return element(
    'p',
    {},
    ...around(
      t('An analysis is started in the editor, or with {0}.'),
      element('code', {}, 'basin analyze'),
    ),
  );
}

/** A sentence with an element in its hole. */
function around(sentence: string, inner: Node): (Node | string)[] {
  const [before = '', after = ''] = sentence.split('{0}');
  return [before, inner, after];
}
