import type { DocumentMessage, PanelEntry } from '../../shared/panelProtocol';
import type { ResultDocument } from '../../shared/result';

/** Documents that are kept, so that going back to a checkpoint waits for nothing. */
const KEPT = 16;

/** The documents the panel was sent, and which it has asked for. */
export class ShownDocuments {
  private readonly known = new Map<string, DocumentMessage>();
  private readonly asked = new Map<string, number>();

  constructor(private readonly ask: (key: string) => void) {}

  /** Takes over one that has arrived. */
  receive(message: DocumentMessage): void {
    this.known.delete(message.key);
    this.known.set(message.key, message);
    const [oldest] = this.known.keys();
    if (this.known.size > KEPT && oldest !== undefined) {
      this.known.delete(oldest);
      this.asked.delete(oldest);
    }
  }

  /** The document of an entry where it is there, without asking for it. */
  peek(key: string): ResultDocument | null {
    return this.known.get(key)?.document ?? null;
  }

  /**
   * The document of an entry. Where it is not there yet, or there is a newer one, that is asked for,
   * once; until it arrives there is the last one, or none.
   */
  of({ key, summary }: PanelEntry): ResultDocument | null {
    if (summary === null) return null;
    const known = this.known.get(key);
    if (known?.version !== summary.version && this.asked.get(key) !== summary.version) {
      this.asked.set(key, summary.version);
      this.ask(key);
    }
    return known?.document ?? null;
  }
}
