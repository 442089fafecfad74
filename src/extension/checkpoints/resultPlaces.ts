import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { resultLocation, STORE_FOLDER } from '../../shared/resultLocation';
import { nameIn } from '../../shared/pathNames';

/** Beside the basin.json, or in what VS Code keeps for an extension and a workspace. */
export type ResultsLocation = 'workspace' | 'extension';

/** The first is written to, all are read. */
export type Stores = readonly [string, ...string[]];

/**
 * Where results and finished parts are kept. Both places are read whatever the setting says, so
 * that changing it hides nothing.
 */
export class ResultPlaces {
  private inStorage = false;
  private readonly known = new Map<string, Stores>();
  private knownFor: ResultsLocation | undefined;

  /**
   * @param storage Folder of the extension's own for this workspace, absolute; it need not exist.
   * `null` where there is none: results are then beside the basin.json.
   */
  constructor(
    private readonly storage: string | null,
    private readonly location: () => ResultsLocation,
  ) {}

  /** Folder with the results that are not beside a basin.json; `null` where there can be none. */
  get folder(): string | null {
    return this.storage === null ? null : join(this.storage, 'results');
  }

  /** Whether new results go there. */
  get isOutside(): boolean {
    return this.storage !== null && this.location() === 'extension';
  }

  /** Looks whether there are results in the storage: no file is looked for there otherwise. */
  async look(): Promise<void> {
    const { folder } = this;
    const exists = folder !== null && (await stat(folder).catch(() => null)) !== null;
    if (exists !== this.inStorage) this.known.clear();
    this.inStorage = exists;
  }

  /** Absolute folders that keep what is computed by a basin.json. */
  stores(configuration: string): Stores {
    const location = this.location();
    if (location !== this.knownFor) this.known.clear();
    this.knownFor = location;
    let stores = this.known.get(configuration);
    if (stores === undefined) {
      stores = this.findStores(configuration);
      this.known.set(configuration, stores);
    }
    return stores;
  }

  /** Of its stores those that are not beside it. */
  outside(configuration: string): string[] {
    const beside = join(dirname(configuration), STORE_FOLDER);
    return this.stores(configuration).filter((store) => store !== beside);
  }

  private findStores(configuration: string): Stores {
    const folder = dirname(configuration);
    const beside = join(folder, STORE_FOLDER);
    if (this.folder === null) return [beside];
    // The name is for people who look into the storage; the hash tells folders of one name apart.
    const hash = createHash('sha256').update(folder).digest('hex').slice(0, 16);
    const inStorage = join(this.folder, `${basename(folder)}-${hash}`);
    if (this.isOutside) return [inStorage, beside];
    return this.inStorage ? [beside, inStorage] : [beside];
  }
}

/** Where the document of a checkpoint is in a store, absolute. */
export function resultPath(configuration: string, checkpoint: string, store: string): string {
  const folder = dirname(configuration);
  return resolve(folder, resultLocation(nameIn(folder, checkpoint, { relative, sep }), store));
}
