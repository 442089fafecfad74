import type { ResultDocument } from '../../shared/result';
import type { Topology } from '../../shared/result/topology';
import type { Landscape } from '../../shared/result/landscape';
import { Choice, iconButton, ICONS } from '../controls';
import { CurveView, lossAt } from './curveView';
import { DisposableStore, type Disposable } from '../disposable';
import { canBeLogarithmic, drawingNotes, heightScale, type HeightScale } from './heightScale';
import type { Highlight } from '../pairs/highlight';
import { samplingText } from './directionsText';
import {
  nearestOnPath,
  ownCoordinates,
  pathOf,
  pathText,
  visiblePath,
  type PathPoint,
} from './landscapePath';
import {
  centralSlice,
  lowestSlice,
  marksInSlice,
  sliceNote,
  sliceOf,
  stepNearest,
  type SliceSteps,
} from './landscapeSlice';
import {
  coordinateAt,
  fieldAt,
  lossAtPlace,
  lossField,
  wholeField,
  type LossField,
} from './lossField';
import { gridTable, landscapeData } from './landscapeData';
import { basinsOfGrid } from '../topology/basinOfPoint';
import type { RunScales } from '../training/runScales';
import { MapView } from './mapView';
import { smoothField } from './smoothField';
import { stepMark } from '../pairs/nearestMark';
import { MAX_MARKS, pairMarks, type PairMark, type Place } from '../pairs/pairMark';
import { pairText, placeText } from '../pairs/pairText';
import { PlotSection } from '../plots/plotSection';
import { formatNumber } from '../../shared/words/numbers';
import { SliceControl } from './sliceControl';
import { evaluatedPlaces, refinementNote } from './refinedPoints';
import { landscapeSummary, lineSummary } from '../summaries';
import { SurfaceView } from './surface/surfaceView';
import type { Theme } from '../plots/theme';
import type { ScaleKind, ViewState } from '../state/viewState';
import { plural, t } from '../../shared/words/text';

/** Whether the surface can be drawn, and why not. */
type Graphics =
  | { readonly kind: 'untried' }
  | { readonly kind: 'ready'; readonly view: SurfaceView }
  | { readonly kind: 'lost'; readonly view: SurfaceView }
  | { readonly kind: 'missing' };

/** Loss over the plane: as a surface, or as a map where the user or the machine prefers that. */
export class LandscapeView implements Disposable {
  readonly section: PlotSection;
  private readonly store = new DisposableStore();
  private readonly map: MapView;
  private readonly curve: CurveView;
  private readonly slices: SliceControl;
  private readonly viewChoice: Choice<ViewState['landscape']>;
  private readonly scaleChoice: Choice<ScaleKind>;
  private readonly homeButton: HTMLButtonElement;
  private graphics: Graphics = { kind: 'untried' };
  private shown: {
    readonly document: ResultDocument;
    readonly theme: Theme;
    readonly state: ViewState;
    readonly running: boolean;
    readonly course: Course;
  } | null = null;
  /** Which basin each point of the grid is in; null until somebody points at one. */
  private basins: Int32Array | null = null;
  private field: LossField | null = null;
  /** The field as it is drawn. */
  private drawn: LossField | null = null;
  /** What the scale is for: the field, or all of which it is a slice. */
  private whole: LossField | null = null;
  private scale: HeightScale | null = null;
  private marks: readonly PairMark[] = [];
  private path: readonly PathPoint[] = [];
  /** Which slice of more than two dimensions is drawn, and of which shape. */
  private slice: { readonly shape: string; readonly at: SliceSteps } = { shape: '', at: [] };
  /** The slice with the lowest loss. */
  private lowest: SliceSteps | null = null;

  constructor(
    private readonly highlight: Highlight,
    private readonly onState: (change: Partial<ViewState>) => void,
    onTable: (shown: boolean) => void,
  ) {
    this.section = new PlotSection(
      'landscape',
      t('Loss landscape'),
      t(
        'Arrow keys turn the surface or walk over the map; plus and minus zoom; 0 resets the view; N and P go through the pairs of minimum and saddle; Escape lets go.',
      ),
      onTable,
    );
    this.viewChoice = new Choice(
      t('View'),
      [
        { value: 'surface', text: t('Surface') },
        { value: 'map', text: t('Map') },
      ],
      (landscape) => {
        this.onState({ landscape });
      },
    );
    this.scaleChoice = new Choice(
      t('Scale of the loss'),
      [
        { value: 'linear', text: t('Linear') },
        { value: 'log', text: t('Log') },
      ],
      (scale) => {
        this.onState({ scale });
      },
    );
    this.homeButton = iconButton(t('Reset the view'), ICONS.home, () => {
      if (this.graphics.kind === 'ready') this.graphics.view.home();
    });
    this.section.tools.append(this.homeButton, this.viewChoice.root, this.scaleChoice.root);
    const { stage } = this.section;
    this.map = this.store.add(
      new MapView(stage, highlight, (place) => {
        this.readPlace(place);
      }),
    );
    this.curve = this.store.add(
      new CurveView(stage, highlight, (step) => {
        this.readStep(step);
      }),
    );
    this.slices = new SliceControl((at) => {
      this.slice = { ...this.slice, at };
      this.field = null;
      this.redraw();
    });
    stage.append(this.map.root, this.curve.root);
    stage.before(this.slices.root);
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

  update(
    document: ResultDocument,
    theme: Theme,
    state: ViewState,
    running: boolean,
    { range, trails }: Course = UNMOVED,
  ): void {
    const { landscape, topology } = document;
    const before = this.shown;
    this.shown = { document, theme, state, running, course: { range, trails } };
    if (before?.document.topology !== topology || before?.document.landscape !== landscape) {
      this.basins = null;
    }
    if (landscape === undefined) {
      this.field = null;
      this.section.explain(
        running
          ? t('The first points are on their way.')
          : t('The landscape has not been sampled.'),
      );
      return;
    }
    const isLine = landscape.axes.length === 1;
    const isOther = before?.document.landscape !== landscape;
    const shape = landscape.shape.join('×');
    if (this.slice.shape !== shape) this.slice = { shape, at: centralSlice(landscape) };
    if (isOther) this.lowest = lowestSlice(landscape);
    const { at } = this.slice;
    const isFresh = isOther || this.field === null;
    if (isFresh) {
      this.field = isLine ? wholeField(landscape) : lossField(sliceOf(landscape, at));
      this.drawn = isLine || this.field === null ? this.field : smoothField(this.field);
    }
    this.slices.update(landscape.axes.slice(2), at, this.lowest);
    if (this.field === null) {
      this.slices.root.hidden = true;
      const isThin = landscape.shape.slice(0, 2).some((extent) => extent < 2);
      this.section.explain(
        isThin
          ? t(
              'The grid has {0} points: a picture needs two along each axis that is drawn. Raise "resolution" in basin.json.',
              landscape.shape.join(' × '),
            )
          : t('No point of the grid has been evaluated yet.'),
      );
      return;
    }
    const { field } = this;
    const isOtherScale = before?.state.scale !== state.scale || before.course.range !== range;
    if (isFresh || isOtherScale || this.scale === null) {
      // Slices of one landscape have one scale, so that they can be compared.
      this.whole = landscape.axes.length > 2 ? (wholeField(landscape) ?? field) : field;
      this.scale = heightScale(this.whole, state.scale, 5, range);
    }
    const { scale } = this;
    const own = ownCoordinates(landscape, document.checkpoint.path);
    const path = landscape.axes.length > 2 ? [] : pathOf(landscape);
    this.path = visiblePath(path, landscape.axes);
    this.marks =
      topology === undefined
        ? []
        : marksInSlice(pairMarks(topology, landscape.axes), landscape, at);
    const outside = path.length - this.path.length;
    const notes = [
      ...drawingNotes(this.whole ?? field, scale),
      sliceNote(landscape, at) ?? '',
      this.drawn === field ? '' : t('Drawn smooth between the points.'),
      landscape.refinement === undefined ? '' : refinementNote(landscape.refinement),
      outside > 0
        ? t(
            outside === 1
              ? '{0} of the run is outside of the picture.'
              : '{0} of the run are outside of the picture.',
            plural(outside, 'checkpoint'),
          )
        : '',
    ].filter((note) => note !== '');
    this.curve.root.hidden = !isLine;
    this.scaleChoice.update(
      scale.kind,
      canBeLogarithmic(this.whole ?? field)
        ? {}
        : { log: t('A logarithm needs a positive loss everywhere.') },
    );
    this.viewChoice.root.hidden = isLine;
    if (isLine) {
      this.showLine(document, landscape, field, scale, theme, own?.[0] ?? null, notes);
      return;
    }
    const place = placeInSlice(own, landscape, at);
    const loss = place === null ? NaN : lossAtPlace(field, place);
    // First of all: whether it can be drawn is one of the notes.
    const surface = state.landscape === 'surface' ? this.surface(state) : null;
    this.section.update({
      summary: [landscapeSummary(field, topology, loss), sliceNote(landscape, at) ?? '']
        .join(' ')
        .trim(),
      caption: caption(field, document, loss, this.path),
      notes: [...notes, ...this.notes(topology)],
      table: () => gridTable(field),
      data: () => landscapeData(landscape),
      drawing: () => (surface ?? this.map).drawing(),
    });
    const content = {
      field: this.drawn ?? field,
      scale,
      marks: this.marks,
      own: place,
      path: this.path,
      trails,
      evaluated: evaluatedPlaces(landscape),
      theme,
    };
    this.map.root.hidden = surface !== null;
    if (this.graphics.kind === 'ready') this.graphics.view.root.hidden = surface === null;
    this.homeButton.hidden = surface === null;
    this.viewChoice.update(
      surface === null ? 'map' : 'surface',
      this.graphics.kind === 'missing' ? { surface: noWebgl() } : {},
    );
    if (surface !== null) surface.show(content);
    else this.map.show(content);
  }

  private showLine(
    document: ResultDocument,
    landscape: Landscape,
    field: LossField,
    scale: HeightScale,
    theme: Theme,
    own: number | null,
    notes: readonly string[],
  ): void {
    const axis = landscape.axes[0]!;
    const values = landscape.values.map((value) => (value === null ? null : Number(value)));
    const loss = own === null ? NaN : lossAt(axis, values, own);
    this.section.update({
      summary: lineSummary(landscape, field, document.topology, loss),
      caption: caption(field, document, loss, this.path),
      notes: [...notes, ...this.notes(document.topology)],
      data: () => landscapeData(landscape),
      drawing: () => this.curve.drawing(),
      table: () => ({
        caption: t('Loss along {0}', axis.name),
        columns: [axis.name, t('Loss')],
        rows: values.map((value, step) => [
          formatNumber(coordinateAt(axis, step), 4),
          value === null ? '–' : formatNumber(value),
        ]),
      }),
    });
    this.map.root.hidden = true;
    if (this.graphics.kind === 'ready') this.graphics.view.root.hidden = true;
    this.homeButton.hidden = true;
    this.curve.show({ landscape, scale, marks: this.marks, path: this.path, own, theme });
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
    const { document, theme, state, running, course } = this.shown;
    this.update(document, theme, state, running, course);
  }

  private notes(topology: Topology | undefined): readonly string[] {
    const notes: string[] = [];
    const isLine = this.shown?.document.landscape?.axes.length === 1;
    if (this.shown?.state.landscape === 'surface' && !isLine) {
      if (this.graphics.kind === 'missing') notes.push(noWebgl());
      if (this.graphics.kind === 'lost') {
        notes.push(t('The graphics context was lost: the map stands in until it is back.'));
      }
    }
    if (topology !== undefined && topology.pairs.length >= MAX_MARKS) {
      notes.push(
        t(
          'Marked are the {0} most persistent of {1}.',
          MAX_MARKS,
          plural(topology.pairs.length + 1, 'pair'),
        ),
      );
    }
    return notes;
  }

  private readStep(step: number | null): void {
    const landscape = this.shown?.document.landscape;
    const axis = landscape?.axes[0];
    if (landscape === undefined || axis === undefined || step === null) {
      this.section.read(null);
      return;
    }
    const loss = landscape.values[step] ?? null;
    const at = coordinateAt(axis, step);
    const near = this.path.find(({ coordinates: [x = NaN] }) => Math.abs(x - at) < 1e-9);
    this.section.read(
      [
        `${axis.name} = ${formatNumber(at, 3)}`,
        t('loss {0}', loss === null ? t('not evaluated yet') : formatNumber(Number(loss))),
        ...(near === undefined ? [] : [near.checkpoint]),
      ].join(' · '),
    );
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
    const near = nearestOnPath(this.path, at, first.max - first.min, second.max - second.min);
    if (near !== null) {
      this.section.read(pathText(near));
      return;
    }
    const loss = fieldAt(field, field.values, u, v);
    this.section.read(
      `(${first.name}, ${second.name}) = ${placeText(at)} · ${t('loss {0}', Number.isFinite(loss) ? formatNumber(loss) : t('not finite'))}${this.basinText(u, v)}`,
    );
  }

  /** Whose basin a place of the plane is in. */
  private basinText(u: number, v: number): string {
    const { landscape, topology } = this.shown?.document ?? {};
    if (landscape === undefined || topology === undefined || landscape.axes.length !== 2) return '';
    const [rows = 0, columns = 0] = landscape.shape;
    this.basins ??= basinsOfGrid(
      Float64Array.from(landscape.values, (value) => (value === null ? NaN : Number(value))),
      rows,
      columns,
      topology.threshold,
    );
    const vertex = Math.round(u * (rows - 1)) * columns + Math.round(v * (columns - 1));
    const mark = this.marks.find(({ birthVertex }) => birthVertex === this.basins![vertex]);
    if (mark === undefined) return '';
    return ` · ${
      mark.essential
        ? t('basin of the global minimum, {0}', formatNumber(mark.birth))
        : t('basin of the minimum {0}', formatNumber(mark.birth))
    }`;
  }
}

/** What is of the training and not of the document. */
export interface Course {
  /** Losses that are shown, where all checkpoints share them. */
  readonly range: RunScales['loss'];
  /** Where each minimum was at the checkpoint before, and where it is. */
  readonly trails: readonly (readonly [Place, Place])[];
}

const UNMOVED: Course = { range: null, trails: [] };

function isAtBorder({ essential, pairs }: Topology): boolean {
  return essential.border === true || pairs.some(({ border }) => border === true);
}

function noWebgl(): string {
  return t('This window has no WebGL: the landscape is drawn as a map.');
}

function caption(
  field: LossField,
  { landscape, topology }: ResultDocument,
  own: number,
  path: readonly PathPoint[],
): string {
  return [
    t('{0} points', landscape?.shape.join(' × ') ?? ''),
    landscape === undefined ? '' : samplingText(landscape),
    Number.isFinite(own) ? `○\u00a0${t('this checkpoint, loss {0}', formatNumber(own))}` : '',
    path.length > 1 && field.columns > 1 ? `▫\u00a0${t('the run')}` : '',
    topology === undefined
      ? ''
      : `●\u00a0${t('minimum')}${topology.saddles === 0 ? '' : ` · ×\u00a0${t('saddle')}`}${isAtBorder(topology) ? ` · ${t('hollow: at the border')}` : ''}`,
  ]
    .filter((part) => part !== '')
    .join(' · ');
}

/** Where the checkpoint is in the plane that is drawn; null where it is not in that slice. */
function placeInSlice(
  own: readonly number[] | null,
  { axes }: Landscape,
  at: SliceSteps,
): Place | null {
  const [x, y, ...rest] = own ?? [];
  if (x === undefined || y === undefined) return null;
  const central = rest.map((coordinate, i) => stepNearest(axes[i + 2]!, coordinate));
  return central.every((step, i) => step === at[i]) ? [x, y] : null;
}
