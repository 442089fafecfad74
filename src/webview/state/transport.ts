import type { FromPanel, PageContent, ToPanel } from '../../shared/panelProtocol';
import type { Disposable } from '../disposable';

/** Where snapshots come from and where wishes go: the editor, or the page itself. */
export interface Transport extends Disposable {
  /** A page on its own shows what it holds; nobody is there to analyse or to cancel. */
  readonly kind: 'editor' | 'page';
  onMessage(listener: (message: ToPanel) => void): void;
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

const SNAPSHOT_ELEMENT = 'basin-snapshot';

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
    onMessage(listener) {
      stop();
      handler = (event) => {
        if (isToPanel(event.data)) listener(event.data);
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
  let tell: (message: ToPanel) => void = () => undefined;
  let documents: PageContent['documents'] = {};
  return {
    kind: 'page',
    onMessage(listener) {
      tell = listener;
      const text = document.getElementById(SNAPSHOT_ELEMENT)?.textContent;
      const content = text ? (JSON.parse(text) as Partial<PageContent>) : {};
      documents = content.documents ?? {};
      if (isToPanel(content.snapshot)) listener(content.snapshot);
    },
    post: (message) => {
      if (message.type !== 'document') return;
      const { key } = message;
      const known = documents[key];
      // The page is drawn from one thing at a time.
      if (known !== undefined) {
        queueMicrotask(() => {
          tell({ type: 'document', key, version: 0, document: known });
        });
      }
    },
    getState: () => state,
    setState: (next) => {
      state = next;
    },
    dispose: () => undefined,
  };
}

function isToPanel(message: unknown): message is ToPanel {
  if (typeof message !== 'object' || message === null) return false;
  const { type } = message as { type?: unknown };
  return type === 'snapshot' || type === 'document' || type === 'path';
}
