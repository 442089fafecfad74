import type { ResultDocument, Topology } from '../shared/result';
import { Choice, iconButton, ICONS } from './controls';
import { DisposableStore, type Disposable } from './disposable';
import {
  canBeLogarithmic,
  drawingNotes,
  heightScale,
  type HeightScale,
  type ScaleKind,
} from './heightScale';
import type { Highlight } from './highlight';
import { fieldAt, lossField, type LossField } from './lossField';
import { MapView } from './mapView';
import { stepMark } from './nearestMark';
import { MOST_MARKS, pairMarks, type PairMark } from './pairMark';
import { pairText, placeText } from './pairText';
import { PlotSection } from './plotSection';
import { formatNumber, plural } from './quantity';
import { landscapeSummary, valueAtCenter } from './summaries';
import { SurfaceView } from './surfaceView';
import type { TableTwin } from './tableTwin';
import type { Theme } from './theme';
import type { ViewState } from './viewState';

/** Whether the surface can be drawn, and why not. */
type Graphics =
  | { readonly kind: 'untried' }
  | { readonly kind: 'ready'; readonly view: SurfaceView }
  | { readonly kind: 'lost'; readonly view: SurfaceView }
  | { readonly kind: 'missing' };

const KEYS =
  'Arrow keys turn the surface or walk over the map; plus and minus zoom; 0 resets the view; N and P go through the pairs of minimum and saddle; Escape lets go.';

/** Loss over the plane: as a surface, or as a map where the user or the machine prefers that. */
export class LandscapeView implements Disposable {
  readonly section: PlotSection;
  private readonly store = new DisposableStore();
  private readonly map: MapView;
  private readonly viewChoice: Choice<ViewState['landscape']>;
  private readonly scaleChoice: Choice<ScaleKind>;
  private readonly homeButton: HTMLButtonElement;
  private graphics: Graphics = { kind: 'untried' };
  private shown: {
    readonly document: ResultDocument;
    readonly theme: Theme;
    readonly state: ViewState;
    readonly running: boolean;
  } | null = null;
  private field: LossField | null = null;
  private scale: HeightScale | null = null;
  private marks: readonly PairMark[] = [];

  constructor(
    private readonly highlight: Highlight,
    private readonly onState: (change: Partial<ViewState>) => void,
    onTable: (shown: boolean) => void,
  ) {
    this.section = new PlotSection('landscape', 'Loss landscape', KEYS, onTable);
    this.viewChoice = new Choice(
      'View',
      [
        { value: 'surface', text: 'Surface' },
        { value: 'map', text: 'Map' },
      ],
      (landscape) => {
        this.onState({ landscape });
      },
    );
    this.scaleChoice = new Choice(
      'Scale of the loss',
      [
        { value: 'linear', text: 'Linear' },
        { value: 'log', text: 'Log' },
      ],
      (scale) => {
        this.onState({ scale });
      },
    );
    this.homeButton = iconButton('Reset the view', ICONS.home, () => {
      if (this.graphics.kind === 'ready') this.graphics.view.home();
    });
    this.section.tools.append(this.homeButton, this.viewChoice.root, this.scaleChoice.root);
    const { stage } = this.section;
    this.map = this.store.add(
      new MapView(stage, highlight, {
        onPlace: (place) => {
          this.readPlace(place);
        },
      }),
    );
    stage.append(this.map.root);
    this.store.listen(stage, 'keydown', (event) => {
      const step = { n: 1, p: -1 }[event.key.toLowerCase()] as 1 | -1 | undefined;
      if (event.key === 'Escape') this.highlight.set(null);
      else if (step !== undefined && !event.ctrlKey && !event.metaKey) {
        this.highlight.set(stepMark(this.marks, this.highlight.pair, step));
      }
    });
    this.store.add(
      highlight.onChange((id) => {
        const mark = this.marks.find((candidate) => candidate.id === id);
        this.section.read(mark === undefined ? null : pairText(mark));
      }),
    );
  }

  update(document: ResultDocument, theme: Theme, state: ViewState, running: boolean): void {
    const { landscape, topology } = document;
    const before = this.shown;
    this.shown = { document, theme, state, running };
    if (landscape === undefined) {
      this.field = null;
      this.section.explain(
        running ? 'The first points are on their way.' : 'The landscape has not been sampled.',
      );
      return;
    }
    if (before?.document.landscape !== landscape) this.field = lossField(landscape);
    if (this.field === null) {
      this.section.explain(
        landscape.axes.length === 2
          ? 'No point of the grid has been evaluated yet.'
          : `A landscape of ${plural(landscape.axes.length, 'dimension')} cannot be drawn; its topology is below.`,
      );
      return;
    }
    const { field } = this;
    if (
      before?.document.landscape !== landscape ||
      before.state.scale !== state.scale ||
      this.scale === null
    ) {
      this.scale = heightScale(field, state.scale);
    }
    const { scale } = this;
    this.marks = topology === undefined ? [] : pairMarks(topology, landscape.axes);
    // First of all: whether it can be drawn is one of the notes.
    const surface = state.landscape === 'surface' ? this.surface(state) : null;
    this.section.update({
      summary: landscapeSummary(field, topology),
      caption: caption(field, document),
      notes: [...drawingNotes(field, scale), ...this.notes(topology)],
      table: () => gridTable(field),
    });
    const content = { field, scale, marks: this.marks, theme };
    this.map.root.hidden = surface !== null;
    if (this.graphics.kind === 'ready') this.graphics.view.root.hidden = surface === null;
    this.homeButton.hidden = surface === null;
    this.viewChoice.update(
      surface === null ? 'map' : 'surface',
      this.graphics.kind === 'missing' ? { surface: NO_WEBGL } : {},
    );
    this.scaleChoice.update(
      scale.kind,
      canBeLogarithmic(field) ? {} : { log: 'A logarithm needs a positive loss everywhere.' },
    );
    if (surface !== null) surface.show(content);
    else this.map.show(content);
  }

  dispose(): void {
    if (this.graphics.kind === 'ready' || this.graphics.kind === 'lost') {
      this.graphics.view.dispose();
    }
    this.store.dispose();
  }

  /** Null where it cannot be drawn: the map is there. */
  private surface(state: ViewState): SurfaceView | null {
    if (this.graphics.kind === 'untried') {
      try {
        const view = new SurfaceView(this.section.stage, state.camera, this.highlight, {
          onCamera: (camera) => {
            this.onState({ camera });
          },
          onPlace: (place) => {
            this.readPlace(place);
          },
          onContext: (available) => {
            view.root.hidden = !available;
            this.graphics = { kind: available ? 'ready' : 'lost', view };
            this.redraw();
          },
        });
        this.section.stage.append(view.root);
        this.graphics = { kind: 'ready', view };
      } catch {
        this.graphics = { kind: 'missing' };
      }
    }
    return this.graphics.kind === 'ready' ? this.graphics.view : null;
  }

  private redraw(): void {
    if (this.shown === null) return;
    const { document, theme, state, running } = this.shown;
    this.update(document, theme, state, running);
  }

  private notes(topology: Topology | undefined): readonly string[] {
    const notes: string[] = [];
    if (this.shown?.state.landscape === 'surface') {
      if (this.graphics.kind === 'missing') notes.push(NO_WEBGL);
      if (this.graphics.kind === 'lost') {
        notes.push('The graphics context was lost: the map stands in until it is back.');
      }
    }
    if (topology !== undefined && topology.pairs.length >= MOST_MARKS) {
      notes.push(
        `Marked are the ${MOST_MARKS} most persistent of ${plural(topology.pairs.length + 1, 'pair')}.`,
      );
    }
    return notes;
  }

  private readPlace(place: readonly [number, number] | null): void {
    const { field } = this;
    if (field === null || place === null) {
      this.section.read(null);
      return;
    }
    const [first, second] = field.axes;
    const [u, v] = place;
    const at = [
      first.min + u * (first.max - first.min),
      second.min + v * (second.max - second.min),
    ] as const;
    const loss = fieldAt(field, field.values, u, v);
    this.section.read(
      `(${first.name}, ${second.name}) = ${placeText(at)} · loss ${Number.isFinite(loss) ? formatNumber(loss) : 'not finite'}`,
    );
  }
}

const NO_WEBGL = 'This window has no WebGL: the landscape is drawn as a map.';

function caption(field: LossField, { landscape, topology }: ResultDocument): string {
  const directions = landscape?.directions;
  const [first, second] = field.axes;
  const kind =
    directions === undefined
      ? ''
      : directions.kind === 'hessian'
        ? 'top Hessian eigenvectors'
        : `random directions, ${directions.normalization === 'none' ? 'not normalized' : `${directions.normalization}-normalized`}, seed ${directions.seed}`;
  return [
    `${first.steps} × ${second.steps} points`,
    kind,
    `○\u00a0this checkpoint, loss ${formatNumber(valueAtCenter(field))}`,
    topology === undefined
      ? ''
      : `●\u00a0minimum${topology.saddles === 0 ? '' : ' · ×\u00a0saddle'}`,
  ]
    .filter((part) => part !== '')
    .join(' · ');
}

/** A table of millions of cells helps nobody: every k-th row and column, said in the caption. */
const MOST_TABLE_STEPS = 41;

function gridTable(field: LossField): TableTwin {
  const [first, second] = field.axes;
  const pick = (steps: number) => {
    const shown = Math.min(steps, MOST_TABLE_STEPS);
    return Array.from({ length: shown }, (_, k) => Math.round((k * (steps - 1)) / (shown - 1)));
  };
  const rows = pick(field.rows);
  const columns = pick(field.columns);
  const all = rows.length === first.steps && columns.length === second.steps;
  const at = (axis: typeof first, step: number, steps: number) =>
    formatNumber(axis.min + (step * (axis.max - axis.min)) / (steps - 1), 3);
  return {
    caption: `Loss, ${first.name} down and ${second.name} across${all ? '' : `; ${rows.length} of ${first.steps} rows and ${columns.length} of ${second.steps} columns`}`,
    columns: [
      `${first.name} \\ ${second.name}`,
      ...columns.map((j) => at(second, j, field.columns)),
    ],
    rows: rows.map((i) => [
      at(first, i, field.rows),
      ...columns.map((j) => formatNumber(field.values[i * field.columns + j]!)),
    ]),
  };
}
