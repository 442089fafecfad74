import { extname } from 'node:path';
import { InputError } from '../../shared/inputError';
import { writeWhole } from '../study/results/cache';
import { writeJson } from '../topology/files/jsonLandscape';
import { readLandscape } from '../topology/files/readLandscape';
import { writeCsv } from '../topology/files/writeCsv';
import { writeNpz } from '../topology/files/writeNpz';
import { writeVti, writeVtp, type WritableLandscape } from '../topology/files/writeVtk';
import { ExitStatus } from './exitStatus';
import { EXPORT_FORMATS, type ExportFormat } from './exportFormats';
import type { Axis } from '../../shared/result/landscape';
import { complain, print } from './output';
import { english, say } from '../../shared/words/message';

type Writer = (landscape: WritableLandscape) => string | Uint8Array;

const WRITERS: Readonly<Record<ExportFormat, Writer>> = {
  '.vti': writeVti,
  '.vtp': writeVtp,
  '.npz': writeNpz,
  '.csv': writeCsv,
  '.json': writeJson,
};

/** Formats a landscape is written in, for people. */

/** A landscape as it is read: where its file says no axes they are those of its indices. */
interface ExportedLandscape {
  readonly values: Float64Array;
  readonly shape: readonly number[];
  readonly axes: readonly Axis[] | null;
}

/** Formats that hold more of each point than its loss. */
const LABELLED = ['.vti', '.vtp', '.npz'];

/**
 * Writes a landscape in the format its file's name ends in.
 *
 * @param labels whole numbers of each point, by name.
 * @throws InputError when the name ends in none of them, or the format does not hold the landscape.
 */
export async function exportLandscape(
  { values, shape, axes }: ExportedLandscape,
  path: string,
  labels?: ReadonlyMap<string, Int32Array>,
): Promise<void> {
  const ending = extname(path).toLowerCase();
  const write = (WRITERS as Readonly<Partial<Record<string, Writer>>>)[ending];
  if (write === undefined) {
    throw new InputError(
      say`${path} names no format to export to; let it end in ${EXPORT_FORMATS.replace(/, (\S+)$/, ' or $1')}.`,
    );
  }
  if (labels !== undefined && !LABELLED.includes(ending)) {
    throw new InputError(
      say`${path} can hold losses alone, without the basin of each point; let it end in ${LABELLED.join(', ').replace(/, (\S+)$/, ' or $1')}.`,
    );
  }
  const known =
    axes ?? shape.map((steps, axis) => ({ name: `axis ${axis}`, min: 0, max: steps - 1, steps }));
  await writeWhole(
    path,
    write({ values, axes: known, ...(labels === undefined ? {} : { labels }) }),
  );
}

/** Writes the landscape of a result document, or of another tool, in another format. */
export async function exportCommand(
  file: string,
  out: string,
  { array }: { readonly array?: string },
): Promise<number> {
  const landscape = await readLandscape(file, array === undefined ? {} : { array });
  for (const warning of landscape.warnings) complain(`Warning: ${english(warning)}`);
  await exportLandscape(landscape, out);
  print(`${out}: ${landscape.shape.join(' × ')} points.`);
  return ExitStatus.done;
}
