import { extname } from 'node:path';
import { CheckpointFile } from '../../checkpoint/bytes/checkpointFile';
import { Fault, naming } from '../../checkpoint/fault';
import { isNpy } from '../../checkpoint/numpy/npyFormat';
import { isZip } from '../../checkpoint/bytes/zip';
import { parseCsv } from './csv';
import { axisWarnings, clippingWarnings, farValues, farWarnings } from './importedLandscape';
import { parseJsonLandscape } from './jsonLandscape';
import { readNpyLandscape, readNpzLandscape } from './numpyLandscape';
import { isHdf5, readSurface } from './readSurface';
import { serpentineWarnings } from './serpentine';
import { parseVti } from './vti';
import type { ImportedLandscape } from './importedLandscape';
import { say, type Message } from '../../../shared/words/message';

export interface ReadLandscape extends ImportedLandscape {
  /** What a reader must know before believing the landscape: full sentences. */
  readonly warnings: readonly Message[];
}

export interface ReadLandscapeOptions {
  /** Array of an `.npz`, `.vti` or `.h5` file, or column of a `.csv` file, that holds the losses. */
  readonly array?: string;
}

/** Text goes into one string, which has its limits. */
const MAX_TEXT_BYTES = 500_000_000;
const MAX_BYTES = 2 ** 32;
const TEXT_SUFFIXES = ['.csv', '.tsv', '.txt', '.dat'];

/**
 * Reads a landscape other tools wrote: `.npy`, `.npz` (Landscaper's with its coordinates), `.vti`,
 * `.csv`, the surfaces of Li et al. in `.h5`, or `.json`, Basin's own. The first bytes say which it is.
 *
 * @throws InputError when the file is missing, damaged, or of a kind that is not read.
 */
export async function readLandscape(
  path: string,
  options: ReadLandscapeOptions = {},
): Promise<ReadLandscape> {
  const file = await CheckpointFile.open(path);
  try {
    return await naming(path, async () => {
      const landscape = await readAny(file, options.array);
      const { values, shape, axes } = landscape;
      if (values.length === 0) {
        throw new Fault('invalid', say`its array is empty`, say`sample the landscape first`);
      }
      const far = farValues(values);
      const warnings = [
        ...(landscape.warnings ?? []),
        ...(axes ? axisWarnings(axes) : []),
        ...farWarnings(far, values.length),
        ...clippingWarnings(far?.without ?? values),
        ...serpentineWarnings(far?.without ?? values, shape),
      ];
      return { ...landscape, warnings };
    });
  } finally {
    await file.close();
  }
}

async function readAny(
  file: CheckpointFile,
  array: string | undefined,
): Promise<ImportedLandscape> {
  const head = await file.read(0, Math.min(file.size, 512));
  if (file.size > MAX_BYTES) {
    throw new Fault('unsupported', say`it has more than 4 GiB`, say`take a coarser grid`);
  }
  if (isNpy(head)) return readNpyLandscape(file);
  if (isZip(head)) return readNpzLandscape(file, array);
  if (/^\uFEFF?\s*<(\?xml|VTKFile|!--)/.test(Buffer.from(head).toString('utf8'))) {
    return parseVti(await file.read(0, file.size), array);
  }
  if (isHdf5(head)) return readSurface(await file.read(0, file.size), array);
  if (extname(file.path).toLowerCase() === '.json') {
    if (file.size > MAX_TEXT_BYTES) throw tooLong();
    return parseJsonLandscape(Buffer.from(await file.read(0, file.size)).toString('utf8'));
  }
  if (!TEXT_SUFFIXES.includes(extname(file.path).toLowerCase())) {
    throw new Fault(
      'unsupported',
      say`it is no landscape Basin knows`,
      say`save it as .npy, .npz, .vti, .csv or .h5`,
    );
  }
  if (file.size > MAX_TEXT_BYTES) throw tooLong();
  return parseCsv(Buffer.from(await file.read(0, file.size)).toString('utf8'), array);
}

function tooLong(): Fault {
  return new Fault('unsupported', say`it is too long for text`, say`save it as .npy`);
}
