import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeDropdown,
  vsCodeOption,
} from '@vscode/webview-ui-toolkit';
import { element, setAttributes, setText, svgElement } from './element';
import { t } from '../shared/words/text';

/**
 * Every control of the panel. The toolkit is known here only, so that what succeeds it is a change
 * of this file.
 */
export function registerControls(): void {
  provideVSCodeDesignSystem().register(vsCodeButton(), vsCodeDropdown(), vsCodeOption());
}

export function button(
  text: string,
  appearance: 'primary' | 'secondary',
  onClick: () => void,
): HTMLElement {
  const node = document.createElement('vscode-button');
  node.setAttribute('appearance', appearance);
  node.append(text);
  node.addEventListener('click', onClick);
  return node;
}

export interface Option {
  readonly value: string;
  readonly text: string;
}

/** Longer lists are made when somebody goes to them: a thousand options cost half a second. */
const LONG_LIST = 60;

/** A drop-down list. */
export class Picker {
  readonly root: HTMLElement & { value?: string };
  private options: readonly Option[] = [];
  private selected = '';
  /** What is in the list: all options, or the selected one alone. */
  private shown: readonly Option[] = [];

  constructor(label: string, onPick: (value: string) => void) {
    this.root = document.createElement('vscode-dropdown');
    setAttributes(this.root, { 'aria-label': label, class: 'picker' });
    this.root.addEventListener('change', () => {
      if (this.root.value !== undefined) onPick(this.root.value);
    });
    for (const type of ['focusin', 'pointerdown'] as const) {
      this.root.addEventListener(type, () => {
        this.fill(this.options);
      });
    }
  }

  /** Options are made anew only where they differ: an open list must not close under the user. */
  update(options: readonly Option[], selected: string): void {
    this.options = options;
    this.selected = selected;
    const isUsed = this.shown.length > 1 && this.root.matches(':focus-within');
    this.fill(
      options.length <= LONG_LIST || isUsed || isSame(options, this.shown)
        ? options
        : options.filter(({ value }) => value === selected),
    );
    // The list takes its options in a microtask of its own.
    queueMicrotask(() => {
      this.root.value = this.selected;
    });
  }

  private fill(options: readonly Option[]): void {
    if (isSame(options, this.shown)) return;
    this.shown = options;
    this.root.replaceChildren(
      ...options.map(({ value, text }) => {
        const option = document.createElement('vscode-option');
        setAttributes(option, { value, selected: value === this.selected });
        option.textContent = text;
        return option;
      }),
    );
  }
}

function isSame(some: readonly Option[], others: readonly Option[]): boolean {
  if (some === others) return true;
  if (some.length !== others.length) return false;
  return some.every(({ value, text }, k) => value === others[k]!.value && text === others[k]!.text);
}

/** A button that shows a drawing only; `label` is what it is called. */
export function iconButton(label: string, path: string, onClick: () => void): HTMLButtonElement {
  const node = element('button', {
    type: 'button',
    class: 'icon-button',
    'aria-label': label,
    title: label,
  });
  node.append(icon(path));
  node.addEventListener('click', onClick);
  return node;
}

export function icon(path: string): SVGSVGElement {
  return svgElement(
    'svg',
    { viewBox: '0 0 16 16', width: 16, height: 16, 'aria-hidden': 'true', class: 'icon' },
    svgElement('path', { d: path }),
  );
}

export const ICONS = {
  previous: 'M10 3.5 5.5 8l4.5 4.5',
  next: 'M6 3.5 10.5 8 6 12.5',
  table: 'M2.5 3.5h11v9h-11zM2.5 6.5h11M2.5 9.5h11M6.5 6.5v6',
  info: 'M8 2.2a5.8 5.8 0 1 0 0 11.6a5.8 5.8 0 1 0 0-11.6M8 7.4v3.4M8 5.1v.4',
  export: 'M8 2.5v7M5 6.8 8 9.8l3-3M3 10.5v2.5h10v-2.5',
  play: 'M5 3.5v9l7-4.5z',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  scale: 'M3 2.5v11M13 2.5v11M3 8h10M5 6 3 8l2 2M11 6l2 2-2 2',
  follow: 'M3 4.5v7l4-3.5zM8 4.5v7l4-3.5zM13 4.5v7',
  home: 'M3.6 6.4a4.7 4.7 0 1 1-.2 2.9M3.4 3.4v3.1h3.1',
} as const;

/** A button that stays down. */
export class Toggle {
  readonly root: HTMLButtonElement;
  private pressed = false;

  constructor(label: string, path: string, onChange: (pressed: boolean) => void) {
    this.root = iconButton(label, path, () => {
      this.update(!this.pressed);
      onChange(this.pressed);
    });
    this.update(false);
  }

  /** Another drawing and another name, where what it does is another. */
  rename(label: string, path: string): void {
    if (this.root.getAttribute('aria-label') === label) return;
    setAttributes(this.root, { 'aria-label': label, title: label });
    this.root.replaceChildren(icon(path));
  }

  update(pressed: boolean): void {
    this.pressed = pressed;
    this.root.setAttribute('aria-pressed', String(pressed));
  }
}

/** One of a few, all of them in sight: a radio group with the keys of one. */
export class Choice<T extends string> {
  readonly root: HTMLElement;
  private readonly buttons = new Map<T, HTMLButtonElement>();

  constructor(
    label: string,
    options: readonly { readonly value: T; readonly text: string }[],
    private readonly onChoose: (value: T) => void,
  ) {
    this.root = element('div', { role: 'radiogroup', 'aria-label': label, class: 'choice' });
    for (const { value, text } of options) {
      const node = element('button', { type: 'button', role: 'radio', class: 'segment' }, text);
      node.addEventListener('click', () => {
        this.choose(value);
      });
      this.buttons.set(value, node);
      this.root.append(node);
    }
    this.root.addEventListener('keydown', (event) => {
      const values = [...this.buttons.keys()].filter((value) => !this.isDisabled(value));
      const at = values.findIndex((value) => this.buttons.get(value) === document.activeElement);
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (step === undefined || at < 0) return;
      event.preventDefault();
      const wanted = values[(at + step + values.length) % values.length]!;
      this.choose(wanted);
      this.buttons.get(wanted)?.focus();
    });
  }

  /** `disabled` says for an option why it cannot be chosen. */
  update(chosen: T, disabled: Partial<Record<T, string>> = {}): void {
    for (const [value, node] of this.buttons) {
      const reason = disabled[value];
      setAttributes(node, {
        'aria-checked': value === chosen ? 'true' : 'false',
        tabindex: value === chosen ? 0 : -1,
        'aria-disabled': reason !== undefined && 'true',
        title: reason,
      });
    }
  }

  private choose(value: T): void {
    if (!this.isDisabled(value)) this.onChoose(value);
  }

  private isDisabled(value: T): boolean {
    return this.buttons.get(value)?.getAttribute('aria-disabled') === 'true';
  }
}

/** A bar for what takes time, with what is being done beside it and a way out. */
export class ProgressBar {
  readonly root: HTMLElement;
  private readonly fill = element('div', { class: 'progress-fill' });
  private readonly track = element('div', { class: 'progress-track', role: 'progressbar' });
  private readonly text = element('span', { class: 'progress-text', role: 'status' });
  private readonly share = element('span', { class: 'progress-share', 'aria-hidden': 'true' });

  constructor(onCancel: (() => void) | null) {
    this.track.append(this.fill);
    setAttributes(this.track, { 'aria-valuemin': 0, 'aria-valuemax': 100 });
    this.root = element(
      'div',
      { class: 'progress' },
      element('div', { class: 'progress-line' }, this.text, this.share),
      onCancel && button(t('Cancel'), 'secondary', onCancel),
      this.track,
    );
  }

  update(text: string, fraction: number): void {
    const percent = Math.round(Math.min(1, Math.max(0, fraction)) * 100);
    setText(this.text, text);
    setText(this.share, `${percent}\u2009%`);
    setAttributes(this.track, { 'aria-valuenow': percent, 'aria-label': text });
    this.fill.style.transform = `scaleX(${percent / 100})`;
  }
}
