import { Fault } from '../../checkpoint/fault';
import { chooseArray, openVtkXml, readNumbers, type Element } from './vtkXml';
import type { Axis } from '../../../shared/result/landscape';
import { say } from '../../../shared/words/message';
import type { ImportedLandscape } from './importedLandscape';

/**
 * VTK's image data in XML: `.vti`.
 *
 * @param arrayName Takes this array; otherwise the one named like losses, the one the file
 *   marks as scalars, or the only one.
 * @returns `shape` from the slowest axis to x, the fastest, without axes of one point.
 * @throws Fault
 */
export function parseVti(bytes: Uint8Array, arrayName: string | undefined): ImportedLandscape {
  const file = openVtkXml(
    bytes,
    'ImageData',
    say`image data`,
    say`save the landscape as .vti image data`,
  );
  const image = file.elements.find(({ name }) => name === 'ImageData')!;
  const { array, onCells } = chooseArray(file.elements, arrayName);
  const axes = gridAxes(image, file.piece, onCells);
  const shape = axes.map(({ steps }) => steps);
  const points = shape.reduce((product, extent) => product * extent, 1);
  return {
    values: readNumbers(file, array, points),
    shape,
    axes,
  };
}

/** The axes with more than one point, the slowest first; one of one point where none has more. */
function gridAxes(image: Element, piece: Element, onCells: boolean): Axis[] {
  const extent = numbers(piece.attributes.get('Extent') ?? image.attributes.get('WholeExtent'), 6);
  const origin = numbers(image.attributes.get('Origin') ?? '0 0 0', 3);
  const spacing = numbers(image.attributes.get('Spacing') ?? '1 1 1', 3);
  const axes = ['x', 'y', 'z'].map((name, k) => {
    const first = extent[2 * k]!;
    const steps = extent[2 * k + 1]! - first + (onCells ? 0 : 1);
    // A cell is where its middle is.
    const min = origin[k]! + spacing[k]! * (first + (onCells ? 0.5 : 0));
    return { name, min, max: min + spacing[k]! * (steps - 1), steps };
  });
  if (!axes.every(({ steps }) => Number.isInteger(steps) && steps >= 0)) throw brokenExtent();
  const long = axes.filter(({ steps }) => steps > 1).reverse();
  if (long.length > 0) return long;
  const [x] = axes;
  return [{ ...x!, max: x!.min, steps: 1 }];
}

function numbers(text: string | undefined, count: number): number[] {
  const list = (text ?? '').trim().split(/\s+/).map(Number);
  if (list.length !== count || !list.every(Number.isFinite)) throw brokenExtent();
  return list;
}

function brokenExtent(): Fault {
  return new Fault('damaged', say`its extent makes no sense`);
}
