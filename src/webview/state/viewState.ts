export type ScaleKind = 'linear' | 'log';

/** What the user chose to look at: kept by the editor when the panel is hidden. */
export interface ViewState {
  readonly selected: string | null;
  /** What the host wanted shown when it last spoke: only a change of it is news. */
  readonly hostSelected: string | null;
  readonly landscape: 'surface' | 'map';
  readonly scale: ScaleKind;
  readonly persistence: 'diagram' | 'barcode' | 'counts';
  /** Whether scales are those of the whole run. */
  readonly fixed: boolean;
  /** Whether the newest checkpoint is shown as soon as it is analysed. */
  readonly follow: boolean;
  readonly tree: 'tree' | 'profile';
  /** Pairs of persistence up to this are cancelled, in units of the loss; null: each document's own. */
  readonly threshold: number | null;
  /** Figures or factors that are related to each other; null: what fits the checkpoints. */
  readonly relateX: string | null;
  readonly relateY: string | null;
  /** Checkpoints beside the one that is shown, and what is seen of them together. */
  readonly compared: readonly string[];
  readonly compareAs: (typeof COMPARE_AS)[number];
  /** Whether each key figure stands with what must be known to read it. */
  readonly explained: boolean;
  /** Whether plots are drawn as for a paper. */
  readonly paper: boolean;
  /** Plots shown as tables. */
  readonly tables: readonly PlotId[];
  readonly camera: Camera;
}

const COMPARE_AS = ['maps', 'difference', 'diagrams', 'path'] as const;

const PLOTS = [
  'landscape',
  'persistence',
  'tree',
  'density',
  'layers',
  'along',
  'compare',
  'training',
  'relate',
] as const;
export type PlotId = (typeof PLOTS)[number];

/** Angles in radians; the distance is in sizes of the landscape's box. */
export interface Camera {
  readonly azimuth: number;
  readonly elevation: number;
  readonly distance: number;
}

export const HOME: Camera = { azimuth: -0.62, elevation: 0.56, distance: 5.1 };

export const INITIAL_STATE: ViewState = {
  selected: null,
  hostSelected: null,
  landscape: 'surface',
  scale: 'linear',
  persistence: 'diagram',
  fixed: false,
  follow: false,
  tree: 'tree',
  threshold: null,
  relateX: null,
  relateY: null,
  compared: [],
  compareAs: 'maps',
  explained: false,
  paper: false,
  tables: [],
  camera: HOME,
};

/** What was kept may come from another version: every part is checked, and replaced where wrong. */
export function restoreState(kept: unknown): ViewState {
  if (typeof kept !== 'object' || kept === null) return INITIAL_STATE;
  const state = kept as Partial<Record<keyof ViewState, unknown>>;
  return {
    selected: typeof state.selected === 'string' ? state.selected : null,
    hostSelected: typeof state.hostSelected === 'string' ? state.hostSelected : null,
    landscape: state.landscape === 'map' ? 'map' : 'surface',
    scale: state.scale === 'log' ? 'log' : 'linear',
    persistence:
      state.persistence === 'barcode' || state.persistence === 'counts'
        ? state.persistence
        : 'diagram',
    fixed: state.fixed === true,
    follow: state.follow === true,
    tree: state.tree === 'profile' ? 'profile' : 'tree',
    threshold:
      typeof state.threshold === 'number' && state.threshold > 0 && state.threshold < Infinity
        ? state.threshold
        : null,
    relateX: typeof state.relateX === 'string' ? state.relateX : null,
    relateY: typeof state.relateY === 'string' ? state.relateY : null,
    compared: Array.isArray(state.compared)
      ? (state.compared as unknown[]).filter((key) => typeof key === 'string')
      : [],
    compareAs: COMPARE_AS.find((as) => as === state.compareAs) ?? 'maps',
    explained: state.explained === true,
    paper: state.paper === true,
    tables: Array.isArray(state.tables)
      ? PLOTS.filter((plot) => (state.tables as unknown[]).includes(plot))
      : [],
    camera: restoreCamera(state.camera),
  };
}

function restoreCamera(kept: unknown): Camera {
  if (typeof kept !== 'object' || kept === null) return HOME;
  const { azimuth, elevation, distance } = kept as Partial<Record<keyof Camera, unknown>>;
  return Number.isFinite(azimuth) && Number.isFinite(elevation) && Number.isFinite(distance)
    ? clampCamera({
        azimuth: azimuth as number,
        elevation: elevation as number,
        distance: distance as number,
      })
    : HOME;
}

/** Never below the floor, never over the top, never inside. */
export function clampCamera(camera: Camera): Camera {
  return {
    azimuth:
      Math.abs(camera.azimuth) <= Math.PI
        ? camera.azimuth
        : Math.atan2(Math.sin(camera.azimuth), Math.cos(camera.azimuth)),
    elevation: Math.min(1.5, Math.max(0.05, camera.elevation)),
    distance: Math.min(12, Math.max(2, camera.distance)),
  };
}
