import type { FromPanel, Snapshot } from '../../shared/panelProtocol';
import type { Disposable } from '../disposable';

/** Where snapshots come from and where wishes go: the editor, or the page itself. */
export interface Transport extends Disposable {
  /** A page on its own shows what it holds; nobody is there to analyse or to cancel. */
  readonly kind: 'editor' | 'page';
  onSnapshot(listener: (snapshot: Snapshot) => void): void;
  post(message: FromPanel): void;
  getState(): unknown;
  setState(state: unknown): void;
}

/** What VS Code puts into a webview; may be called once. */
declare function acquireVsCodeApi(): {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
};

export const SNAPSHOT_ELEMENT = 'basin-snapshot';

export function openTransport(): Transport {
  return typeof acquireVsCodeApi === 'function' ? editorTransport() : pageTransport();
}

function editorTransport(): Transport {
  const api = acquireVsCodeApi();
  let handler: ((event: MessageEvent<unknown>) => void) | null = null;
  const stop = () => {
    if (handler !== null) window.removeEventListener('message', handler);
    handler = null;
  };
  return {
    kind: 'editor',
    onSnapshot(listener) {
      stop();
      handler = (event) => {
        if (isSnapshot(event.data)) listener(event.data);
      };
      window.addEventListener('message', handler);
      // Only now: what is sent before anybody listens is lost.
      api.postMessage({ type: 'ready' } satisfies FromPanel);
    },
    post: (message) => {
      api.postMessage(message);
    },
    getState: () => api.getState(),
    setState: (state) => {
      api.setState(state);
    },
    dispose: stop,
  };
}

function pageTransport(): Transport {
  let state: unknown = null;
  return {
    kind: 'page',
    onSnapshot(listener) {
      const text = document.getElementById(SNAPSHOT_ELEMENT)?.textContent;
      const snapshot: unknown = text ? JSON.parse(text) : null;
      if (isSnapshot(snapshot)) listener(snapshot);
    },
    post: () => undefined,
    getState: () => state,
    setState: (next) => {
      state = next;
    },
    dispose: () => undefined,
  };
}

function isSnapshot(message: unknown): message is Snapshot {
  return (
    typeof message === 'object' &&
    message !== null &&
    (message as { type?: unknown }).type === 'snapshot'
  );
}
