import './styleNonce';
import './pageLanguage';
import './panel.css';
import './plots/plots.css';
import './panelWidths.css';
import { CompareView, pathKey } from './compare/compareView';
import type { Interpolation } from '../shared/comparison';
import type { PanelEntry, PathMessage, Snapshot } from '../shared/panelProtocol';
import { notesOf } from '../shared/notes';
import { CheckpointHeader } from './training/checkpointHeader';
import { ProgressBar, registerControls } from './controls';
import { DensityView } from './curvature/densityView';
import { DisposableStore, type Disposable } from './disposable';
import { element, setText } from './element';
import { Highlight } from './pairs/highlight';
import { LandscapeView } from './landscape/landscapeView';
import { MergeTreeView } from './topology/mergeTreeView';
import { delivery } from './export/delivery';
import { exportSection } from './export/exportSection';
import { PAPER_THEME } from './export/paperTheme';
import type { PlotSection } from './plots/plotSection';
import { provenance } from './summaries';
import { messageView } from './messageView';
import { showNotes } from './notesFooter';
import { simplifiedForDrawing } from './topology/drawnTopology';
import { DrawnPlots } from './plots/drawnPlots';
import { PersistenceView } from './topology/persistenceView';
import { runsOf, type Run } from './state/runs';
import { sameParts } from './state/sameParts';
import { ShownDocuments } from './state/shownDocuments';
import { RelateView } from './relate/relateView';
import { progressText, screenOf } from './state/screen';
import { keptEntries } from './state/keptEntries';
import { analyzedBefore, followHost, runOf } from './state/selection';
import { ThemeSource, type Theme } from './plots/theme';
import { Playback } from './training/playback';
import { runScales, type RunScales } from './training/runScales';
import { minimaTrails } from './training/tracks';
import { TrainingView } from './training/trainingView';
import { AlongView } from './curvature/alongView';
import { LayersView } from './curvature/layersView';
import { OneBasin } from './topology/oneBasin';
import type { ResultDocument } from '../shared/result';
import { TrainingStrip } from './training/trainingStrip';
import { openTransport, type Transport } from './state/transport';
import { restoreState, type PlotId, type ViewState } from './state/viewState';
import { t } from '../shared/words/text';

/** So long the host may take to repeat what it was told, in milliseconds. */
const ECHO_TIME = 3000;

/** The panel: one snapshot and one state in, one screen out. */
class Panel implements Disposable {
  private readonly store = new DisposableStore();
  private readonly theme: ThemeSource;
  private readonly header: CheckpointHeader;
  private readonly strip: TrainingStrip;
  private readonly progress: ProgressBar;
  private readonly landscape: LandscapeView;
  private readonly persistence: PersistenceView;
  private readonly tree: MergeTreeView;
  private readonly density: DensityView;
  private readonly compare: CompareView;
  /** The loss between checkpoints, as far as it was asked for. */
  private paths = new Map<string, Interpolation | string>();
  private readonly layers: LayersView;
  private readonly along: AlongView;
  private readonly training: TrainingView;
  private readonly playback: Playback;
  private readonly oneBasin: OneBasin;
  private readonly relate: RelateView;
  private readonly views: readonly Plot[];
  private readonly heading = element('h1', { class: 'visually-hidden' });
  private readonly top = element('section', {
    class: 'top',
    id: 'checkpoint',
    'aria-label': t('Checkpoint and its figures'),
  });
  private readonly warning = element('p', { class: 'warning', role: 'status' });
  private readonly messageSlot = element('div', { class: 'message-slot' });
  private readonly plots = element('div', { class: 'plots' });
  private readonly notes = element('footer', { class: 'notes', id: 'notes' });
  /** When the host was told of a selection. */
  private readonly told = new Map<string, number>();
  private messageShown = '';
  /** What the plots show; they are drawn again when any of it is another. */
  private plotted: readonly unknown[] = [];
  private readonly drawnPlots: DrawnPlots;
  private snapshot: Snapshot | null = null;
  private runs: readonly Run[] = [];
  private readonly documents: ShownDocuments;
  private state: ViewState;

  constructor(
    root: HTMLElement,
    private readonly transport: Transport,
  ) {
    this.state = restoreState(transport.getState());
    this.documents = new ShownDocuments((key) => {
      transport.post({ type: 'document', key });
    });
    this.drawnPlots = this.store.add(new DrawnPlots());
    const highlight = new Highlight();
    // A document on its own may have no checkpoint beside it.
    const inEditor = transport.kind === 'editor' && !('single' in root.dataset);
    this.theme = this.store.add(
      new ThemeSource(() => {
        this.render();
      }),
    );
    const change = (next: Partial<ViewState>) => {
      this.change(next);
    };
    const table = (plot: PlotId) => (shown: boolean) => {
      const others = this.state.tables.filter((other) => other !== plot);
      this.keep({ tables: shown ? [...others, plot] : others });
    };
    const analyze = inEditor
      ? (key: string) => {
          transport.post({ type: 'analyze', key });
        }
      : null;
    const select = (key: string) => {
      this.told.set(key, performance.now());
      transport.post({ type: 'select', key });
      highlight.set(null);
      this.change({ selected: key });
    };
    this.analyze = analyze;
    this.header = new CheckpointHeader(
      select,
      (explained) => {
        this.change({ explained });
      },
      analyze,
      {
        canFollow: inEditor,
        onFixed: (fixed) => {
          this.change({ fixed });
        },
        onFollow: (follow) => {
          this.change({ follow });
          this.showNewest();
        },
        onPlay: (playing) => {
          if (playing) this.play();
          else this.playback.stop();
        },
      },
    );
    this.playback = this.store.add(
      new Playback(
        () => this.playOn(),
        () => {
          this.render();
        },
      ),
    );
    this.selectEntry = select;
    this.strip = this.store.add(new TrainingStrip(select));
    this.progress = new ProgressBar(
      inEditor
        ? () => {
            transport.post({ type: 'cancel' });
          }
        : null,
    );
    this.landscape = this.store.add(new LandscapeView(highlight, change, table('landscape')));
    this.persistence = this.store.add(new PersistenceView(highlight, change, table('persistence')));
    this.tree = this.store.add(new MergeTreeView(highlight, change, table('tree')));
    this.density = this.store.add(new DensityView(table('density')));
    this.layers = this.store.add(new LayersView(table('layers')));
    this.along = this.store.add(new AlongView(table('along')));
    const measure = (key: string) => {
      transport.post({ type: 'weights', key });
    };
    this.training = this.store.add(
      new TrainingView(select, table('training'), inEditor ? measure : null),
    );
    this.oneBasin = new OneBasin(
      inEditor
        ? (setting, value) => {
            const key = this.shownEntry?.key;
            if (key !== undefined) transport.post({ type: 'resample', key, setting, value });
          }
        : null,
    );
    this.persistence.section.stage.before(this.oneBasin.root);
    this.compare = this.store.add(
      new CompareView(change, table('compare'), {
        documentOf: (entry) => this.documents.of(entry),
        askPath: inEditor
          ? (first, second) => {
              this.paths = new Map(this.paths).set(pathKey(first, second), 'asked');
              transport.post({ type: 'path', first, second });
              this.render();
            }
          : null,
      }),
    );
    this.relate = this.store.add(new RelateView(select, change, table('relate')));
    const views = (this.views = [
      this.landscape,
      this.persistence,
      this.density,
      this.tree,
      this.layers,
      this.along,
      this.compare,
      this.training,
      this.relate,
    ]);
    const leaving = delivery(transport);
    for (const view of views) {
      const { section } = view;
      this.store.add(section);
      section.onPaper = () => {
        this.change({ paper: !this.state.paper });
      };
      section.onExport = (what, content, size) => {
        void exportSection(section, what, content, size, leaving, {
          entry: this.shownEntry,
          about: this.about,
          paper: this.state.paper,
        });
      };
      this.plots.append(view.section.root);
      view.section.showTable(this.state.tables.includes(view.section.id));
    }
    this.top.append(this.header.root, this.progress.root, this.strip.root);
    root.replaceChildren(
      this.top,
      element('main', {}, this.heading, this.warning, this.messageSlot, this.plots),
      this.notes,
    );
    this.render();
    transport.onMessage((message) => {
      if (message.type === 'document') this.documents.receive(message);
      else if (message.type === 'path') this.receivePath(message);
      else this.receive(message);
      this.render();
    });
  }

  private receivePath({ first, second, path }: PathMessage): void {
    const paths = new Map(this.paths);
    if (path === null) paths.delete(pathKey(first, second));
    else paths.set(pathKey(first, second), path);
    this.paths = paths;
  }

  private receive(snapshot: Snapshot): void {
    const toldAt = this.told.get(snapshot.selected ?? '') ?? -Infinity;
    this.keep(followHost(this.state, snapshot.selected, performance.now() - toldAt < ECHO_TIME));
    const before = this.snapshot?.entries ?? [];
    const entries = keptEntries(before, snapshot.entries);
    this.snapshot = { ...snapshot, entries };
    if (entries !== before) {
      this.runs = runsOf(entries);
      this.showNewest();
    }
  }

  /** What was analysed with what, for captions. */
  private about = '';
  /** From the first where the last is shown. */
  private play(): void {
    const run = this.shownEntry && runOf(this.runs, this.shownEntry.key);
    if (run === null) return;
    const analyzed = run.entries.filter(({ summary }) => summary !== null);
    if (analyzed.at(-1)?.key === this.shownEntry?.key) this.selectEntry(analyzed[0]!.key);
    this.change({ fixed: true });
    this.playback.start();
  }

  /** The next of the run that has a document, once the one before is drawn. */
  private playOn(): boolean {
    const run = this.shownEntry && runOf(this.runs, this.shownEntry.key);
    if (run === null || this.shownEntry === null) return false;
    if (this.state.selected !== null && this.state.selected !== this.shownEntry.key) return true;
    const at = run.entries.indexOf(this.shownEntry);
    const next = run.entries.slice(at + 1).find(({ summary }) => summary !== null);
    if (next === undefined) return false;
    this.selectEntry(next.key);
    // The one after is on its way while this one is looked at.
    const after = run.entries
      .slice(run.entries.indexOf(next) + 1)
      .find(({ summary }) => summary !== null);
    if (after !== undefined) this.documents.of(after);
    return true;
  }

  /** Where the newest is followed. */
  private showNewest(): void {
    if (!this.state.follow || this.snapshot === null) return;
    const run = this.shownEntry && runOf(this.runs, this.shownEntry.key);
    const newest = (run?.entries ?? this.snapshot.entries).findLast(
      ({ summary }) => summary !== null,
    );
    if (newest !== undefined && newest.key !== this.state.selected) this.selectEntry(newest.key);
  }

  private selectEntry: (key: string) => void = () => undefined;
  private shownEntry: PanelEntry | null = null;

  private readonly analyze: ((key: string) => void) | null;

  dispose(): void {
    this.store.dispose();
  }

  private change(next: Partial<ViewState>): void {
    this.keep(next);
    // Turning the surface changes nothing else: the surface has drawn itself.
    if (!('camera' in next)) this.render();
  }

  private keep(next: Partial<ViewState>): void {
    this.state = { ...this.state, ...next };
    this.transport.setState(this.state);
  }

  private render(): void {
    const { snapshot, state } = this;
    const screen = screenOf(snapshot, state.selected, (entry) => this.documents.of(entry));
    // What is on its way is there soon: until then stays what there is.
    if (screen.kind === 'loading') return;
    const entry = 'entry' in screen ? screen.entry : null;
    const run = entry && runOf(this.runs, entry.key);
    this.top.hidden = entry === null;
    if (snapshot !== null && entry !== null && run !== null) {
      const { runs } = this;
      const { explained } = state;
      const result = screen.kind === 'document' ? screen.document : null;
      this.header.update(runs, run, entry, result, {
        busy: snapshot.progress !== null,
        explained,
        playing: this.playback.playing,
        fixed: state.fixed,
        follow: state.follow,
        readiness: snapshot.readiness[entry.run] ?? null,
      });
      this.strip.update(runs, run, entry, result, explained);
    }
    setText(
      this.heading,
      entry === null ? 'Basin' : `Basin: ${[entry.run, entry.label].filter(Boolean).join('/')}`,
    );
    const progress = snapshot?.progress ?? null;
    this.progress.root.hidden = progress === null;
    if (snapshot !== null && progress !== null) {
      this.progress.update(progressText(progress, snapshot.entries), progress.fraction);
    }

    const isDocument = screen.kind === 'document';
    this.plots.hidden = !isDocument;
    if (!isDocument) this.notes.hidden = true;
    this.messageSlot.hidden = isDocument;
    const readiness = (entry && snapshot?.readiness[entry.run]) ?? null;
    const [problem] = readiness?.problems ?? [];
    setText(this.warning, isDocument ? (screen.warning ?? problem ?? '') : '');
    this.warning.hidden = this.warning.textContent === '';
    if (screen.kind !== 'document') {
      this.plotted = [];
      this.drawnPlots.forget();
      // Made anew only where it differs: its button may have the focus.
      const signature = [
        screen.kind,
        entry?.key,
        screen.kind === 'failed' ? screen.message : '',
        ...(readiness?.problems ?? []),
      ].join('\n');
      if (signature === this.messageShown) return;
      this.messageShown = signature;
      this.messageSlot.replaceChildren(messageView(screen, readiness, { analyze: this.analyze }));
      return;
    }
    this.shownEntry = screen.entry;
    this.about = `${provenance(screen.document)}.`;
    document.body.classList.toggle('is-paper', state.paper);
    for (const { section } of this.views) section.showPaper(state.paper);
    const theme = state.paper ? PAPER_THEME : this.theme.current;
    const { running } = screen;
    const ownRun = runOf(this.runs, screen.entry.key);
    const { document: result, entry: shown } = screen;
    const wanted = [
      result,
      theme,
      running,
      state.landscape,
      state.scale,
      state.persistence,
      state.tree,
      state.threshold,
      state.fixed,
      this.runs,
    ];
    if (!sameParts(wanted, this.plotted)) {
      this.plotted = wanted;
      this.drawDocument(result, shown, theme, running);
    }
    const { entries } = snapshot!;
    const compared = entries
      .filter(({ key }) => state.compared.includes(key))
      .map((each) => this.documents.of(each));
    this.drawnPlots.draw(
      this.compare.section,
      [
        entries,
        shown,
        theme,
        state.compared,
        state.compareAs,
        state.scale,
        this.paths,
        ...compared,
      ],
      () => {
        this.compare.update(entries, shown, theme, this.state, this.paths);
      },
    );
    const { runs } = this;
    if (ownRun === null) return;
    this.drawnPlots.draw(this.training.section, [runs, shown, theme], () => {
      this.training.update(runs, ownRun, shown, theme);
    });
    const related = [runs, shown.key, theme, state.relateX, state.relateY];
    this.drawnPlots.draw(this.relate.section, related, () => {
      this.relate.update(runs, shown.key, theme, this.state);
    });
  }

  /** The plots of one document, and its notes. */
  private drawDocument(
    result: ResultDocument,
    entry: PanelEntry,
    theme: Theme,
    running: boolean,
  ): void {
    const { state } = this;
    const { topology } = result;
    const drawn =
      topology === undefined || state.threshold === null
        ? result
        : { ...result, topology: simplifiedForDrawing(topology, state.threshold) };
    const run = runOf(this.runs, entry.key);
    const scales = state.fixed && run !== null ? runScales(run) : UNSCALED;
    const before = state.fixed && run !== null ? analyzedBefore(run, entry) : undefined;
    const known = before === undefined ? null : this.documents.peek(before.key);
    const trails = known === null ? NO_TRAILS : minimaTrails(known, result);
    // The document and its scales come first: what follows is what else each plot shows.
    const draw = (view: Plot, shown: readonly unknown[], update: () => void): void => {
      this.drawnPlots.draw(view.section, [result, theme, running, scales, ...shown], update);
    };
    draw(this.landscape, [drawn, state.landscape, state.scale, trails], () => {
      this.landscape.update(drawn, theme, this.state, running, { range: scales.loss, trails });
    });
    draw(this.persistence, [state.persistence, state.scale, state.threshold], () => {
      this.persistence.update(result, theme, this.state, running, scales.loss);
      this.oneBasin.update(running ? null : result);
    });
    draw(this.density, [], () => {
      this.density.update(result, theme, running, scales.spectrum);
    });
    draw(this.tree, [drawn, state.tree, state.scale], () => {
      this.tree.update(drawn, theme, this.state, running);
    });
    draw(this.layers, [], () => {
      this.layers.update(result, theme);
    });
    draw(this.along, [state.scale], () => {
      this.along.update(result, theme, this.state.scale);
    });
    showNotes(this.notes, notesOf(result));
  }
}

interface Plot {
  readonly section: PlotSection;
}

/** No minima are followed. */
const NO_TRAILS: ReturnType<typeof minimaTrails> = [];
const UNSCALED: RunScales = { loss: null, spectrum: null };

registerControls();
const root = document.getElementById('basin') ?? document.body.appendChild(element('div'));
root.id = 'basin';
const transport = openTransport();
const panel = new Panel(root, transport);
window.addEventListener('pagehide', (event) => {
  // A page kept for going back to is not gone.
  if (event.persisted) return;
  panel.dispose();
  transport.dispose();
});
