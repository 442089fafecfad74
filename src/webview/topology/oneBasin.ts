import { largest } from '../../shared/extremes';
import type { ResultDocument } from '../../shared/result';
import { button } from '../controls';
import { element } from '../element';
import { formatNumber } from '../../shared/words/numbers';
import { t } from '../../shared/words/text';

/** More points along an axis than this are offered to nobody by a click. */
const MAX_STEPS = 201;

/** What to do where all of the plane is one basin: look wider, or finer. */
export class OneBasin {
  readonly root = element('div', { class: 'one-basin' });
  private shown: ResultDocument | null = null;

  /** @param onChange changes basin.json and analyses again; null where nobody could. */
  constructor(
    private readonly onChange: ((setting: 'range' | 'resolution', value: number) => void) | null,
  ) {}

  update(document: ResultDocument | null): void {
    if (document === this.shown) return;
    this.shown = document;
    const { landscape, topology } = document ?? {};
    const isOne = topology?.pairs.length === 0 && landscape !== undefined;
    this.root.hidden = !isOne;
    if (!isOne) return;
    const { axes, directions } = landscape;
    const steps = largest(axes.map((axis) => axis.steps));
    const resolution = 2 * steps - 1;
    // Of landscapes around their checkpoint: the others reach as far as their checkpoints.
    const isAround = directions.kind === 'random' || directions.kind === 'hessian';
    const range = isAround ? 2 * largest(axes.map((axis) => axis.max)) : null;
    const ways = [
      ...(range === null
        ? []
        : [{ setting: 'range' as const, value: range, text: t('Sample Twice as Far') }]),
      ...(resolution > MAX_STEPS
        ? []
        : [
            {
              setting: 'resolution' as const,
              value: resolution,
              text: t('Sample Twice as Fine'),
            },
          ]),
    ];
    const { onChange } = this;
    this.root.replaceChildren(
      element('p', {}, t('One basin is left: nothing divides this plane above the threshold.')),
      ...(onChange === null
        ? [
            element(
              'p',
              {},
              t(
                'To look further, set {0} under "landscape" in basin.json and analyze again.',
                ways
                  .map(({ setting, value }) => `"${setting}": ${formatNumber(value)}`)
                  .join(t(' or ')),
              ),
            ),
          ]
        : ways.map(({ setting, value, text }) => {
            const node = button(text, 'secondary', () => {
              onChange(setting, value);
            });
            node.title = `"${setting}": ${formatNumber(value)}`;
            return node;
          })),
    );
  }
}
