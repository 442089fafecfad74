import { element } from '../element';
import type { Transport } from '../state/transport';

/** Where files and texts that leave the panel go. */
export interface Delivery {
  save(name: string, content: Blob): Promise<void>;
  copy(text: string): Promise<void>;
}

/** The editor asks where to; a page of its own downloads. */
export function delivery(transport: Transport): Delivery {
  return transport.kind === 'editor' ? toEditor(transport) : toBrowser();
}

function toEditor(transport: Transport): Delivery {
  return {
    save: async (name, content) => {
      transport.post({ type: 'save', name, base64: await base64Of(content) });
    },
    copy: (text) => {
      transport.post({ type: 'copy', text });
      return Promise.resolve();
    },
  };
}

function toBrowser(): Delivery {
  return {
    save: (name, content) => {
      const href = URL.createObjectURL(content);
      const link = element('a', { href, download: name, hidden: true });
      document.body.append(link);
      link.click();
      link.remove();
      // The download has taken what it needs once its task is done.
      setTimeout(() => {
        URL.revokeObjectURL(href);
      }, 10_000);
      return Promise.resolve();
    },
    copy: async (text) => {
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        copyBySelection(text);
      }
    },
  };
}

/** Where the page may not use the clipboard by itself: a file, or a frame without leave. */
function copyBySelection(text: string): void {
  const area = element('textarea', { class: 'visually-hidden', 'aria-hidden': 'true' });
  area.value = text;
  document.body.append(area);
  area.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- there is no other way without leave
  document.execCommand('copy');
  area.remove();
}

function base64Of(content: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => {
      resolve((reader.result as string).replace(/^[^,]*,/, ''));
    };
    reader.onerror = () => {
      reject(reader.error ?? new Error('unreadable'));
    };
    reader.readAsDataURL(content);
  });
}
