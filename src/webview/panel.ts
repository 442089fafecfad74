import './styleNonce';
import './pageLanguage';
import './panel.css';
import type { Snapshot } from '../shared/panelProtocol';
import { CheckpointHeader } from './training/checkpointHeader';
import { ProgressBar, registerControls } from './controls';
import { DensityView } from './curvature/densityView';
import { DisposableStore, type Disposable } from './disposable';
import { element, setText } from './element';
import { Highlight } from './topology/highlight';
import { LandscapeView } from './landscape/landscapeView';
import { MergeTreeView } from './topology/mergeTreeView';
import { messageView } from './messageView';
import { simplified } from './topology/simplification';
import { PersistenceView } from './topology/persistenceView';
import { runsOf, type Run } from './training/runs';
import { ShownDocuments } from './state/shownDocuments';
import { RelateView } from './relate/relateView';
import { progressText, screenOf } from './state/screen';
import { followHost, runOf } from './state/selection';
import { ThemeSource } from './plots/theme';
import { TrainingStrip } from './training/trainingStrip';
import { openTransport, type Transport } from './state/transport';
import { restoreState, type PlotId, type ViewState } from './state/viewState';
import { t, translated } from './text';

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
  private readonly relate: RelateView;
  private readonly top = element('div', { class: 'top', id: 'checkpoint' });
  private readonly warning = element('p', { class: 'warning', role: 'status' });
  private readonly messageSlot = element('div', { class: 'message-slot' });
  private readonly plots = element('main', { class: 'plots' });
  private readonly notes = element('footer', { class: 'notes', id: 'notes' });
  /** When the host was told of a selection. */
  private readonly told = new Map<string, number>();
  private messageShown = '';
  /** What the plots show; they are drawn again when any of it is another. */
  private plotted: readonly unknown[] = [];
  private related: readonly unknown[] = [];
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
    );
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
    this.relate = this.store.add(new RelateView(select, change, table('relate')));
    const views = [this.landscape, this.persistence, this.density, this.tree, this.relate];
    for (const view of views) {
      this.plots.append(view.section.root);
      view.section.showTable(this.state.tables.includes(view.section.id));
    }
    this.top.append(this.header.root, this.progress.root, this.strip.root);
    root.replaceChildren(this.top, this.warning, this.messageSlot, this.plots, this.notes);
    this.render();
    transport.onMessage((message) => {
      if (message.type === 'document') this.documents.receive(message);
      else this.receive(message);
      this.render();
    });
  }

  private receive(snapshot: Snapshot): void {
    const toldAt = this.told.get(snapshot.selected ?? '') ?? -Infinity;
    this.keep(followHost(this.state, snapshot.selected, performance.now() - toldAt < ECHO_TIME));
    this.snapshot = snapshot;
    this.runs = runsOf(snapshot.entries);
  }

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
      const document = screen.kind === 'document' ? screen.document : null;
      this.header.update(runs, run, entry, document, {
        busy: snapshot.progress !== null,
        explained,
      });
      this.strip.update(runs, run, entry, document, explained);
    }
    const progress = snapshot?.progress ?? null;
    this.progress.root.hidden = progress === null;
    if (snapshot !== null && progress !== null) {
      this.progress.update(progressText(progress, snapshot.entries), progress.fraction);
    }

    const isDocument = screen.kind === 'document';
    this.plots.hidden = !isDocument;
    this.notes.hidden = !isDocument;
    this.messageSlot.hidden = isDocument;
    setText(this.warning, isDocument ? translated(screen.warning ?? '') : '');
    this.warning.hidden = this.warning.textContent === '';
    if (screen.kind !== 'document') {
      this.plotted = [];
      // Made anew only where it differs: its button may have the focus.
      const signature = [
        screen.kind,
        entry?.key,
        screen.kind === 'failed' ? screen.message : '',
      ].join('\n');
      if (signature === this.messageShown) return;
      this.messageShown = signature;
      this.messageSlot.replaceChildren(messageView(screen, { analyze: this.analyze }));
      return;
    }
    const theme = this.theme.current;
    const { running } = screen;
    const related = [this.runs, screen.entry.key, theme, state.relateX, state.relateY];
    if (!related.every((part, i) => part === this.related[i])) {
      this.related = related;
      this.relate.update(this.runs, screen.entry.key, theme, state);
    }
    const wanted = [
      screen.document,
      theme,
      running,
      state.landscape,
      state.scale,
      state.persistence,
      state.tree,
      state.threshold,
    ];
    if (wanted.every((part, i) => part === this.plotted[i])) return;
    this.plotted = wanted;
    const { topology } = screen.document;
    const document =
      topology === undefined || state.threshold === null
        ? screen.document
        : { ...screen.document, topology: simplified(topology, state.threshold) };
    this.landscape.update(document, theme, state, running);
    this.persistence.update(screen.document, theme, state, running);
    this.tree.update(document, theme, state, running);
    this.density.update(screen.document, theme, running);
    const { notes } = screen.document;
    this.notes.hidden = notes.length === 0;
    this.notes.replaceChildren(
      element('h2', {}, t('Notes')),
      element('ul', {}, ...notes.map((note) => element('li', {}, translated(note)))),
    );
  }
}

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
