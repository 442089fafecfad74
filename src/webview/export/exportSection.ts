import type { PanelEntry } from '../../shared/panelProtocol';
import type { PlotContent, PlotSection } from '../plots/plotSection';
import { t } from '../../shared/words/text';
import type { Delivery } from './delivery';
import type { DrawingSize } from './drawing';
import type { Export } from './exportMenu';
import { exportPlot, fileName } from './exportPlot';

/** Whose plots they are. */
export interface Exported {
  readonly entry: PanelEntry | null;
  /** What was analysed with what. */
  readonly about: string;
  /** Whether they are drawn as for a paper. */
  readonly paper: boolean;
}

/** Gives a plot away; what fails is said where its values are read. */
export async function exportSection(
  section: PlotSection,
  what: Export,
  content: PlotContent,
  size: DrawingSize,
  delivery: Delivery,
  { entry, about, paper }: Exported,
): Promise<void> {
  try {
    const drawing = content.drawing();
    if (drawing === null) return;
    const where = [entry?.run ?? '', entry?.label ?? ''].filter((part) => part !== '').join('/');
    const caption = [
      `${section.title}${where === '' ? '' : `, ${where}`}.`,
      content.summary,
      about,
    ].filter((part) => part !== '');
    const plot = {
      name: fileName(entry?.run ?? '', entry?.label ?? '', section.id),
      caption: caption.join(' '),
      drawing,
      size,
      paper,
      table: content.table(),
      data: content.data(),
    };
    await exportPlot(what, plot, delivery);
    section.read(what === 'svg' || what === 'png' || what === 'csv' ? null : t('Copied.'));
  } catch {
    section.read(t('The drawing cannot be made now: try again, or take the map.'));
  }
}
