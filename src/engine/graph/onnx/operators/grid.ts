import { InputError } from '../../../../shared/inputError';
import type { Graph } from '../../graph';
import type { Node } from '../../operations';
import { say } from '../../../../shared/words/message';
import type { Operator, OperatorCall } from './operatorCall';

/** One axis of the image as a grid reads it. */
interface Axis {
  readonly extent: number;
  /** Where each point of the grid lies, in elements, [N, M]. */
  readonly places: Node;
}

/**
 * An image [N, C, H, W] read at the points of a grid [N, H′, W′, 2] whose coordinates go from −1 to 1,
 * x before y; differentiable in both.
 *
 * Source: ONNX, GridSample, as `torch.nn.functional.grid_sample`.
 */
function gridSample(c: OperatorCall): Node {
  const { g } = c;
  const x = c.node(0);
  const grid = c.node(1);
  if (x.shape.length !== 4) {
    throw new InputError(say`grids of other than two dimensions are not supported`, 'unsupported');
  }
  const [n, channels, height, width] = x.shape as [number, number, number, number];
  const [, rows, columns] = grid.shape as [number, number, number];
  const count = rows * columns;
  const image = g.reshape(g.transpose(x, [0, 2, 3, 1]), [n, height * width, channels]);
  const [across, down] = [axisOfGrid(c, grid, 0, width), axisOfGrid(c, grid, 1, height)];
  const mode = c.text('mode', 'linear');
  let result: Node;
  if (mode === 'nearest') {
    result = read(
      g,
      image,
      at(g, down, g.round(down.places)),
      at(g, across, g.round(across.places)),
      width,
    );
  } else if (mode === 'linear' || mode === 'bilinear') {
    const corners = [0, 1].flatMap((i) =>
      [0, 1].map((j) => {
        const [top, left] = [corner(g, down, i), corner(g, across, j)];
        const value = read(g, image, top.at, left.at, width);
        return g.mul(value, g.reshape(g.mul(top.weight, left.weight), [n, count, 1]));
      }),
    );
    result = corners.reduce((sum, next) => g.add(sum, next));
  } else {
    throw new InputError(say`a grid read by ${mode} is not supported; use bilinear`, 'unsupported');
  }
  return g.transpose(g.reshape(result, [n, rows, columns, channels]), [0, 3, 1, 2]);
}

function axisOfGrid(c: OperatorCall, grid: Node, coordinate: number, extent: number): Axis {
  const { g } = c;
  const [n, rows, columns] = grid.shape as [number, number, number];
  const part = g.slice(grid, {
    starts: [0, 0, 0, coordinate],
    steps: [1, 1, 1, 1],
    counts: [n, rows, columns, 1],
  });
  const from = g.add(g.reshape(part, [n, rows * columns]), g.scalar(1));
  const places =
    c.integer('align_corners', 0) === 1
      ? g.mul(from, g.scalar((extent - 1) / 2))
      : g.sub(g.mul(from, g.scalar(extent / 2)), g.scalar(0.5));
  switch (c.text('padding_mode', 'zeros')) {
    case 'zeros':
      return { extent, places };
    case 'border': {
      const low = g.where(g.less(places, g.scalar(0)), g.scalar(0), places);
      const last = g.scalar(extent - 1);
      return { extent, places: g.where(g.less(last, low), last, low) };
    }
    default:
      throw new InputError(
        say`padding of a grid by ${c.text('padding_mode', 'zeros')} is not supported; use zeros or border`,
        'unsupported',
      );
  }
}

/** Elements of one axis, and whether they are in the image. */
interface Elements {
  readonly index: Node;
  readonly isInside: Node;
}

function at(g: Graph, { extent }: Axis, places: Node): Elements {
  const isInside = g.mul(g.less(g.scalar(-0.5), places), g.less(places, g.scalar(extent - 0.5)));
  return { index: g.where(isInside, places, g.scalar(0)), isInside };
}

/** The neighbour below or above each place, and its share. */
function corner(
  g: Graph,
  axis: Axis,
  which: number,
): { readonly at: Elements; readonly weight: Node } {
  const low = g.floor(axis.places);
  const share = g.sub(axis.places, low);
  return which === 0
    ? { at: at(g, axis, low), weight: g.sub(g.scalar(1), share) }
    : { at: at(g, axis, g.add(low, g.scalar(1))), weight: share };
}

/** Elements of an image [N, H·W, C], [N, M, C]; 0 outside. */
function read(g: Graph, image: Node, down: Elements, across: Elements, width: number): Node {
  const index = g.add(g.mul(down.index, g.scalar(width)), across.index);
  const isInside = g.mul(down.isInside, across.isInside);
  const found = g.take(image, index);
  return g.where(g.reshape(isInside, [...isInside.shape, 1]), found, g.scalar(0));
}

/** Images read at points of a grid. */
export const gridOperators: readonly (readonly [string, Operator])[] = [['GridSample', gridSample]];
