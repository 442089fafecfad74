/**
 * What a result follows from, so that everyone who shows it can tell whether it still holds: the host
 * by size and time of files, the engine by their content.
 */
export interface Source {
  readonly kind: SourceKind;
  /**
   * Hexadecimal: of a checkpoint the bytes of its file, of a graph what is read of it, of data the
   * values that are used, of settings their text (`settingsText`).
   */
  readonly sha256: string;
  /** When each was written is in the document's `timings.written`. */
  readonly files: readonly SourceFile[];
}

export type SourceKind =
  | 'checkpoint'
  | 'graph'
  | 'data'
  /** Of the basin.json, but for the checkpoints it names. */
  | 'settings'
  /** A checkpoint that the landscape goes through or takes its directions from. */
  | 'other'
  /** A checkpoint of the run that spans the landscape, or is drawn in it. */
  | 'member'
  /** What the framework says of the graph. */
  | 'probe';

export interface SourceFile {
  /** Relative to the folder of the basin.json, with forward slashes. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** Why a result no longer holds, or may not. */
export type Change =
  | SourceKind
  /** The checkpoint is not there any more. */
  | 'gone'
  /** Documents of before do not say what they follow from. */
  | 'unknown';

/** A time of a file system as documents have it: some copy no more than milliseconds. */
export function wholeTime(milliseconds: number): number {
  return Math.trunc(milliseconds);
}

/** Of a basin.json: which files have results, and where its schema is. */
const NO_SETTINGS: readonly string[] = ['checkpoints', '$schema'];

/**
 * The settings of a basin.json that results follow from, the same text for the same settings in
 * whatever order and however they are laid out.
 *
 * @param root the file's value, as it was parsed.
 */
export function settingsText(root: unknown): string {
  const settings = isRecord(root)
    ? Object.fromEntries(Object.entries(root).filter(([key]) => !NO_SETTINGS.includes(key)))
    : root;
  return JSON.stringify(settings, (_, value: unknown) =>
    isRecord(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

/**
 * The files of evaluation data that a basin.json names, as it names them but for the arrays in them.
 *
 * @param root the file's value, as it was parsed; what is not understood is left out.
 */
export function dataFilesOf(root: unknown): readonly string[] {
  const data = property(root, 'data');
  const inputs = property(data, 'inputs');
  const collocation = property(property(root, 'objective'), 'collocation');
  const named = [
    ...(typeof inputs === 'object' && inputs !== null
      ? (Object.values(inputs) as unknown[])
      : [inputs]),
    property(data, 'targets'),
    property(collocation, 'points'),
  ];
  const files = named.flatMap((name) =>
    typeof name === 'string' && name !== '' ? [name.replace(/#[^#]*$/, '')] : [],
  );
  return [...new Set(files)];
}

function property(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
