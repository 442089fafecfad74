import type { CancellationToken } from 'vscode';
import type { Inspection } from '../../shared/engineProtocol';
import type { EngineClient } from '../client/engineClient';
import type { CheckpointFile } from './runs';

/** How many headers are remembered. */
const KEPT = 200;

/**
 * Headers of checkpoints, asked of the engine once for each version of a file: by path, size and
 * time of modification.
 */
export class Inspections {
  private readonly cache = new Map<string, Inspection>();

  constructor(private readonly engine: () => Promise<EngineClient>) {}

  /** @throws EngineError */
  async inspect(file: CheckpointFile, token: CancellationToken): Promise<Inspection> {
    const key = `${file.path}\n${file.size}\n${file.modified}`;
    const known = this.cache.get(key);
    if (known !== undefined) {
      // Moved to the young end.
      this.cache.delete(key);
      this.cache.set(key, known);
      return known;
    }
    const engine = await this.engine();
    const inspection = await engine.request('basin/inspect', { path: file.path }, token);
    this.cache.set(key, inspection);
    if (this.cache.size > KEPT) {
      const oldest = this.cache.keys().next();
      if (oldest.done !== true) this.cache.delete(oldest.value);
    }
    return inspection;
  }
}
