import type { TableTwin } from '../plots/tableTwin';
import { csvText, tabbedText } from './delimited';
import type { Delivery } from './delivery';
import type { DataTable, Drawing, DrawingSize } from './drawing';
import type { Export } from './exportMenu';
import { latexFigure } from './latex';
import { markdownText } from './markdown';
import { PAPER_WIDTH } from './paperTheme';

/** 300 dots to the inch. */
const PIXEL_SCALE = 300 / 96;

/** Everything of a plot that leaves the panel. */
export interface ExportedPlot {
  /** File name without its ending: what is shown, of which checkpoint. */
  readonly name: string;
  /** Sentences: what the plot shows, of what. */
  readonly caption: string;
  readonly drawing: Drawing;
  /** On the screen. */
  readonly size: DrawingSize;
  readonly paper: boolean;
  readonly table: TableTwin;
  readonly data: DataTable;
}

/** @throws Error where a drawing cannot be made: the graphics context is gone. */
export async function exportPlot(
  what: Export,
  plot: ExportedPlot,
  delivery: Delivery,
): Promise<void> {
  const { name, caption, drawing, table, data } = plot;
  const size = sizeOf(plot);
  switch (what) {
    case 'svg':
      await delivery.save(`${name}.svg`, new Blob([drawing.svg(size)], { type: 'image/svg+xml' }));
      break;
    case 'png':
      await delivery.save(`${name}.png`, await pngOf(drawing.canvas(size, PIXEL_SCALE)));
      break;
    case 'csv':
      await delivery.save(`${name}.csv`, new Blob([csvText(data)], { type: 'text/csv' }));
      break;
    case 'table':
      await delivery.copy(tabbedText(table));
      break;
    case 'markdown':
      await delivery.copy(markdownText(`${name}.png`, caption, table));
      break;
    case 'latex':
      await delivery.copy(latexFigure(name, caption));
      break;
  }
}

/** As on the screen; for a paper five inches wide, no higher than wide. */
function sizeOf({ size: { width, height }, paper }: ExportedPlot): DrawingSize {
  if (!paper) return { width: Math.max(1, width), height: Math.max(1, height) };
  const ratio = width > 0 ? height / width : 0.75;
  return {
    width: PAPER_WIDTH,
    height: Math.round(PAPER_WIDTH * Math.min(1, Math.max(0.5, ratio))),
  };
}

function pngOf(canvas: HTMLCanvasElement): Promise<Blob> {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob === null) reject(new Error());
      else resolve(blob);
    }, 'image/png');
  });
}

/** What every file system takes as a name. */
export function fileName(...parts: readonly string[]): string {
  return parts
    .map((part) =>
      part
        .replace(/\.[a-z0-9]+$/i, '')
        .replace(/[^\p{L}\p{N}]+/gu, '-')
        .replace(/^-+|-+$/g, ''),
    )
    .filter((part) => part !== '')
    .join('-');
}
