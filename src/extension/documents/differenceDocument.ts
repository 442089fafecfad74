import type { CheckpointDifference, LoneTensor } from '../../shared/checkpointDifference';
import { escaped } from '../../shared/escaped';
import { formatCount, formatNumber, formatShare } from '../../shared/words/numbers';
import { escapeMarkdown } from '../words/markdown';
import { plural, t, translated } from '../../shared/words/text';
import { markdownTable } from './markdownTable';

/** Rows of a table: of more a preview takes seconds. */
const LISTED = 300;
/** Characters of a name. */
const MAX_NAME_LENGTH = 200;

/**
 * What differs between the tensors of two checkpoints, as a document to read: the farthest first.
 *
 * @param names of the two.
 */
export function differenceDocument(
  difference: CheckpointDifference,
  [first, second]: readonly [string, string],
): string {
  const { tensors, equal, integers, distance, relative, onlyFirst, onlySecond, reshaped, unread } =
    difference;
  const parts = [`# ${escapeMarkdown(`${first} → ${second}`)}`];
  const say = (text: string): void => {
    parts.push(escapeMarkdown(text));
  };
  say(t('a is {0}, b is {1}.', first, second));
  say(
    t(
      '‖b − a‖ = {0} over all floating-point tensors in both, ‖b − a‖ / ‖a‖ = {1}.',
      farOf(distance),
      shareOf(relative),
    ),
  );
  say(t('{0} in both, {1} of them equal.', plural(tensors.length, 'tensor'), formatCount(equal)));
  const table = <Row>(
    title: string,
    head: readonly string[],
    texts: number,
    rows: readonly Row[],
    cells: (row: Row) => readonly string[],
  ): void => {
    if (rows.length === 0) return;
    parts.push(`## ${escapeMarkdown(`${title} (${formatCount(rows.length)})`)}`);
    parts.push(markdownTable(head, rows.slice(0, LISTED).map(cells), texts));
    if (rows.length > LISTED) {
      say(t('And {0} more: `basin diff --json` lists all.', formatCount(rows.length - LISTED)));
    }
  };
  const [tensor, shape] = [t('tensor'), t('shape')];
  table(
    t('Changed'),
    [tensor, shape, '‖b − a‖', '‖b − a‖ / ‖a‖', t('share of ‖b − a‖²')],
    2,
    tensors.filter((each) => each.distance !== 0),
    (each) => [
      nameOf(each.name),
      shapeOf(each.shape),
      farOf(each.distance),
      shareOf(each.relative),
      partOf(each.distance, distance),
    ],
  );
  table(
    t('Renamed'),
    [first, second, shape, '‖b − a‖'],
    3,
    tensors.flatMap(({ renamed, ...each }) =>
      renamed === undefined ? [] : [{ ...each, renamed }],
    ),
    (each) => [nameOf(each.name), nameOf(each.renamed), shapeOf(each.shape), farOf(each.distance)],
  );
  const lone = ({ name, dtype, shape: own }: LoneTensor) => [nameOf(name), dtype, shapeOf(own)];
  table(t('Only in {0}', first), [tensor, t('type'), shape], 3, onlyFirst, lone);
  table(t('Only in {0}', second), [tensor, t('type'), shape], 3, onlySecond, lone);
  table(t('Of another shape'), [tensor, first, second], 3, reshaped, (each) => [
    nameOf(each.name),
    shapeOf(each.first),
    shapeOf(each.second),
  ]);
  table(
    t('Counters and other whole numbers that differ'),
    [tensor],
    1,
    integers.map((name) => [name]),
    ([name]) => [nameOf(name!)],
  );
  table(t('Not compared'), [tensor, t('reason')], 2, unread, ({ name, reason }) => [
    nameOf(name),
    translated(reason),
  ]);
  return `${parts.join('\n\n')}\n`;
}

function nameOf(name: string): string {
  return escaped(name.length > MAX_NAME_LENGTH ? `${name.slice(0, MAX_NAME_LENGTH)}…` : name);
}

function shapeOf(shape: readonly number[]): string {
  return shape.length === 0 ? t('scalar') : shape.join('×');
}

function farOf(distance: number | null): string {
  return distance === null ? t('not finite') : formatNumber(distance, 4);
}

/** Of the square of the whole distance: what one tensor has of it, all together have all of it. */
function partOf(distance: number | null, whole: number | null): string {
  return distance === null || whole === null || whole === 0
    ? '–'
    : formatShare((distance / whole) ** 2);
}

/** There is none to a tensor of zeros. */
function shareOf(relative: number | null): string {
  return relative === null ? '–' : formatNumber(relative, 3);
}
