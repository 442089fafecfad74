import { drawingNotes } from '../landscape/heightScale';
import type { ScaleKind } from '../state/viewState';
import { centralSlice, marksInSlice, sliceOf } from '../landscape/landscapeSlice';
import { coordinateAt, fieldAt, lossField, type LossField } from '../landscape/lossField';
import { barImage, mapImage } from '../landscape/mapImage';
import { smoothField } from '../landscape/smoothField';
import { colorTable } from '../plots/colorMap';
import { divergingTable } from '../plots/divergingColors';
import { rgba, type Theme } from '../plots/theme';
import { formatNumber } from '../../shared/words/numbers';
import { pairMarks } from '../pairs/pairMark';
import { plural, t } from '../../shared/words/text';
import { commonScale, differenceField } from './commonScale';
import type { Comparison, Side } from './comparison';
import { barsOf, contoursOf, lossName, mapsOption, type ComparedMap } from './mapsDrawing';
import { fitInRow, heightOfMaps } from './mapsLayout';
import { haveSameGrid, planesOf, type Planes } from './planes';

interface Plane extends Side {
  readonly field: LossField;
}

/**
 * Planes side by side on one scale.
 *
 * @param withDifference of two, with second less first between as a third.
 */
export function compareMaps(
  sides: readonly Side[],
  scaleKind: ScaleKind,
  theme: Theme,
  withDifference: boolean,
): Comparison | string {
  const planes: Plane[] = [];
  for (const side of sides) {
    const { landscape } = side.document;
    const isPlane = landscape !== undefined && landscape.axes.length > 1;
    const field = isPlane ? lossField(sliceOf(landscape, centralSlice(landscape))) : null;
    if (field === null) return t('{0} has no plane to be drawn as a map.', side.title);
    planes.push({ ...side, field });
  }
  const [first, second] = planes as [Plane, Plane];
  const [a, b] = [first.document.landscape!, second.document.landscape!];
  const relation = planesOf(a, b);
  const notes = [planesText(relation)];
  const scale = commonScale(
    planes.map(({ field }) => field),
    scaleKind,
  );
  const colors = colorTable();
  const bar = { image: barImage(colors), name: lossName(scale) };
  const maps = planes.map((plane, k): ComparedMap => {
    const drawn = smoothField(plane.field);
    return {
      title: plane.title,
      field: plane.field,
      drawn,
      image: mapImage(drawn, scale, colors, rgba(theme.muted)),
      marks: marksOf(plane),
      scale,
      levels: contoursOf(scale),
      bar: k === planes.length - 1 ? bar : null,
    };
  });
  if (!withDifference) {
    return {
      ...texts(planes),
      notes: [
        ...notes,
        ...planes.flatMap(({ field }) => drawingNotes(field, { ...scale, clipped: 0 })),
      ],
      option: (size) => mapsOption(maps, theme, size),
      heightOf: (width) => heightOfMaps(barsOf(maps), width),
      read: (chart, place) => readMaps(maps, chart, place),
    };
  }
  if (!haveSameGrid(a, b)) {
    return t(
      'The two grids have other coordinates: there is no difference point by point. Give both the same "resolution" and "range", and "share": true.',
    );
  }
  const difference = differenceMap(first, second, theme);
  const { largest } = difference;
  const all = [...maps, difference.map];
  // What the difference is of stands beside it where there is room.
  const shown = (width: number) => (fitInRow(barsOf(all), width) ? all : [difference.map]);
  return {
    ...texts(planes),
    summary: t(
      'Difference of the losses of {0} and {1}, at most {2}.',
      second.title,
      first.title,
      formatNumber(largest),
    ),
    caption: t(
      'second less first: blue where the second is lower, orange where it is higher; at most {0}',
      formatNumber(largest, 3),
    ),
    notes,
    option: (size) => mapsOption(shown(size.width), theme, size),
    heightOf: (width) => heightOfMaps(barsOf(shown(width)), width),
    read: (chart, place) => readMaps(shown(chart.width), chart, place),
  };
}

function differenceMap(
  first: Plane,
  second: Plane,
  theme: Theme,
): { readonly map: ComparedMap; readonly largest: number } {
  const { field, scale, largest } = differenceField(first.field, second.field);
  const colors = divergingTable();
  const drawn = smoothField(field);
  const map: ComparedMap = {
    title: t('{0} − {1}', second.title, first.title),
    field,
    drawn,
    image: mapImage(drawn, scale, colors, rgba(theme.muted)),
    marks: [],
    scale,
    // Equal losses are a line of their own.
    levels: [{ level: 0, stroke: 'rgba(0,0,0,0.6)' }],
    bar: { image: barImage(colors), name: t('difference of the loss') },
  };
  return { map, largest };
}

function marksOf({ document: { landscape, topology } }: Plane): ComparedMap['marks'] {
  return landscape === undefined || topology === undefined
    ? []
    : marksInSlice(pairMarks(topology, landscape.axes), landscape, centralSlice(landscape));
}

function planesText(planes: Planes): string {
  switch (planes) {
    case 'same':
      return t('All lie in one plane: a place in one map is the same place in the others.');
    case 'parallel':
      return t('The directions are the same, each around its own checkpoint.');
    case 'apart':
      return t(
        'Each plane has directions of its own: shapes can be compared, places cannot. "share": true in basin.json gives all checkpoints of a run the same.',
      );
  }
}

function texts(
  planes: readonly Plane[],
): Pick<Comparison, 'summary' | 'caption' | 'table' | 'data'> {
  const rows = planes.map(({ title, document, field }) => {
    const { topology } = document;
    return [
      title,
      formatNumber(field.minimum),
      formatNumber(field.maximum),
      topology === undefined ? '–' : String(topology.minima),
      topology === undefined ? '–' : String(topology.saddles),
    ];
  });
  return {
    summary: planes
      .map(({ title, field }) =>
        t(
          '{0}: losses from {1} to {2}.',
          title,
          formatNumber(field.minimum),
          formatNumber(field.maximum),
        ),
      )
      .join(' '),
    caption: t('{0} on one scale of colors', plural(planes.length, 'plane')),
    table: () => ({
      caption: t('Planes side by side'),
      columns: [t('Checkpoint'), t('Lowest loss'), t('Highest loss'), t('Minima'), t('Saddles')],
      rows,
    }),
    data: () => ({
      columns: ['checkpoint', 'first_axis', 'second_axis', 'loss'],
      rows: planes.flatMap(({ title, field }) => {
        const [first, second] = field.axes;
        const at = (axis: typeof first, step: number, steps: number) =>
          coordinateAt({ ...axis, steps }, step);
        return Array.from(field.values, (loss, v) => {
          const i = Math.floor(v / field.columns);
          return [
            title,
            at(first, i, field.rows),
            at(second, v - i * field.columns, field.columns),
            loss,
          ];
        });
      }),
    }),
  };
}

function readMaps(
  maps: readonly ComparedMap[],
  chart: Parameters<Comparison['read']>[0],
  { x, y }: { readonly x: number; readonly y: number },
): string | null {
  for (const [grid, { field, title }] of maps.entries()) {
    const at = chart.fromPixel(grid, x, y);
    if (at === null) continue;
    const [first, second] = field.axes;
    const u = (at.x - first.min) / (first.max - first.min);
    const v = (at.y - second.min) / (second.max - second.min);
    const loss = fieldAt(field, field.values, u, v);
    if (Number.isFinite(loss)) {
      return `${title} · (${first.name}, ${second.name}) = (${formatNumber(at.x, 3)}, ${formatNumber(at.y, 3)}) · ${formatNumber(loss)}`;
    }
  }
  return null;
}
