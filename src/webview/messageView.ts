import { button } from './controls';
import { element } from './element';
import type { Screen } from './screen';

export interface MessageActions {
  /** Null where nobody could analyse: then the command line is the next step. */
  readonly analyze: ((key: string) => void) | null;
}

/** What is shown in place of plots; each with a next step. */
export function messageView(
  screen: Exclude<Screen, { kind: 'document' }>,
  actions: MessageActions,
): HTMLElement {
  switch (screen.kind) {
    case 'waiting':
      return message('waiting', 'Waiting for the checkpoints…', []);
    case 'empty':
      return message('empty', 'No checkpoints yet', [
        'Add a basin.json that names the checkpoints, the model and the evaluation data, or start a training that writes into a watched folder. They appear here as they are written.',
      ]);
    case 'started':
      return message('started', `Analyzing ${screen.entry.label}`, [
        'The landscape appears coarse as soon as its first points are evaluated, and sharpens.',
      ]);
    case 'unanalyzed':
      return message(
        'unanalyzed',
        `${screen.entry.label} has not been analyzed yet`,
        [
          'An analysis samples the loss around the checkpoint, counts its minima and saddles, and measures the curvature.',
        ],
        analyzeStep(screen.entry.key, actions),
      );
    case 'failed':
      return message(
        'failed',
        `No analysis of ${screen.entry.label}`,
        [screen.message],
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
    const node = button('Analyze', 'primary', () => {
      analyze(key);
    });
    node.id = 'analyze';
    return node;
  }
  return element(
    'p',
    {},
    'An analysis is started in the editor, or with ',
    element('code', {}, 'basin analyze'),
    '.',
  );
}
