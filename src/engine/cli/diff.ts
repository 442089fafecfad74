import type { LoneTensor } from '../../shared/checkpointDifference';
import { diffCheckpoints } from '../checkpoint/diff';
import { openCheckpoint } from '../checkpoint/openCheckpoint';
import { ExitStatus } from './exitStatus';
import { complain, print, sayJson } from './output';
import { table } from './table';
import { english } from '../../shared/words/message';
import { formatCount, formatNumber } from '../../shared/words/numbers';
import { plural } from '../../shared/words/text';

export interface DiffFlags {
  readonly json?: boolean;
  readonly base?: string;
}

/** Tensors listed; --json has all. */
const LISTED = 40;

/** What differs between the tensors of two checkpoints: tables on a terminal, or one JSON document. */
export async function diffCommand(
  first: string,
  second: string,
  { json, base }: DiffFlags,
  signal: AbortSignal,
): Promise<number> {
  const options = base === undefined ? {} : { base };
  const a = await openCheckpoint(first, options);
  try {
    const b = await openCheckpoint(second, options);
    try {
      for (const warning of [...(a.warnings ?? []), ...(b.warnings ?? [])]) {
        complain(`Warning: ${english(warning)}`);
      }
      const difference = await diffCheckpoints(a, b, signal);
      if (json === true) {
        await sayJson(difference);
        return ExitStatus.done;
      }
      const {
        onlyFirst,
        onlySecond,
        reshaped,
        tensors,
        equal,
        integers,
        distance,
        relative,
        unread,
      } = difference;
      print(`first   ${a.path}\nsecond  ${b.path}`);
      print(
        `\n${plural(tensors.length, 'tensor')} in both, ${formatCount(equal)} of them equal · ‖b − a‖ ${number(distance)}, relative ${share(relative)}`,
      );
      const changed = tensors.filter((tensor) => tensor.distance !== 0 || tensor.renamed);
      if (changed.length > 0) {
        const rows = changed
          .slice(0, LISTED)
          .map(({ name, renamed, shape, distance: far, relative: part }) => [
            renamed === undefined ? name : `${name} → ${renamed}`,
            `[${shape.join(', ')}]`,
            number(far),
            share(part),
          ]);
        print(`\n${table(['tensor', 'shape', '‖b − a‖', 'relative'], rows)}`);
        more(changed.length);
      }
      if (integers.length > 0)
        print(`\n${formatCount(integers.length)} counters and other whole numbers differ`);
      lone('only in the first', onlyFirst);
      lone('only in the second', onlySecond);
      if (reshaped.length > 0) {
        const rows = reshaped
          .slice(0, LISTED)
          .map(({ name, first: was, second: is }) => [
            name,
            `[${was.join(', ')}]`,
            `[${is.join(', ')}]`,
          ]);
        print(`\n${table(['of another shape', 'first', 'second'], rows, 'left')}`);
        more(reshaped.length);
      }
      for (const { name, reason } of unread)
        complain(`Warning: ${name} is not compared: ${reason}`);
      return ExitStatus.done;
    } finally {
      await b.close();
    }
  } finally {
    await a.close();
  }
}

function lone(title: string, tensors: readonly LoneTensor[]): void {
  if (tensors.length === 0) return;
  const rows = tensors
    .slice(0, LISTED)
    .map(({ name, dtype, shape }) => [name, dtype, `[${shape.join(', ')}]`]);
  print(`\n${table([title, 'type', 'shape'], rows, 'left')}`);
  more(tensors.length);
}

function more(count: number): void {
  if (count > LISTED) print(`… and ${formatCount(count - LISTED)} more; --json has all.`);
}

/** There is none to a tensor of zeros. */
function share(value: number | null): string {
  return value === null ? '–' : formatNumber(value, 3);
}

function number(value: number | null): string {
  return value === null ? 'not finite' : formatNumber(value);
}
