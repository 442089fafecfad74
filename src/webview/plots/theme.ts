import type { Disposable } from '../disposable';
import { element } from '../element';

/** Red, green, blue and opacity, each up to 255. */
export type Rgba = readonly [number, number, number, number];

/** The editor's colours, as something a canvas takes: `rgb(…)` or `rgba(…)`. */
export interface Theme {
  readonly kind: 'light' | 'dark';
  readonly highContrast: boolean;
  readonly fontFamily: string;
  readonly background: string;
  readonly foreground: string;
  /** Text that explains: tick labels, captions. */
  readonly muted: string;
  /** Grid lines and separators. */
  readonly line: string;
  /** Marks of finite pairs and curves. */
  readonly accent: string;
  /** What is pointed at. */
  readonly highlight: string;
}

/** The style sheet maps each of these to the editor's variables, with what stands in for them. */
const ROLES = {
  background: '--basin-background',
  foreground: '--basin-foreground',
  muted: '--basin-muted',
  line: '--basin-line',
  accent: '--basin-accent',
  highlight: '--basin-highlight',
} as const;

export class ThemeSource implements Disposable {
  private readonly probe = element('span', { class: 'probe', 'aria-hidden': 'true' });
  private readonly observer: MutationObserver;
  private readonly queries: readonly MediaQueryList[];
  private readonly changed = () => {
    const theme = this.read();
    const keys = Object.keys(theme) as (keyof Theme)[];
    // Classes and variables change for much that is no colour: everything would be drawn again.
    if (keys.every((key) => theme[key] === this.current[key])) return;
    this.current = theme;
    this.listener(theme);
  };
  private readonly schemeChanged = () => {
    followScheme();
    this.changed();
  };
  current: Theme;

  constructor(private readonly listener: (theme: Theme) => void) {
    followScheme();
    document.body.append(this.probe);
    this.current = this.read();
    // VS Code sets classes on the body and variables on the root element.
    this.observer = new MutationObserver(this.changed);
    const what = { attributes: true, attributeFilter: ['class', 'style'] };
    this.observer.observe(document.body, what);
    this.observer.observe(document.documentElement, what);
    this.queries = ['(prefers-color-scheme: dark)', '(forced-colors: active)'].map((query) =>
      window.matchMedia(query),
    );
    for (const query of this.queries) query.addEventListener('change', this.schemeChanged);
  }

  dispose(): void {
    this.observer.disconnect();
    for (const query of this.queries) query.removeEventListener('change', this.schemeChanged);
    this.probe.remove();
  }

  private read(): Theme {
    const { classList } = document.body;
    const highContrast =
      classList.contains('vscode-high-contrast') ||
      classList.contains('vscode-high-contrast-light') ||
      window.matchMedia('(forced-colors: active)').matches;
    const color = (role: keyof typeof ROLES) => {
      this.probe.style.color = `var(${ROLES[role]})`;
      return getComputedStyle(this.probe).color;
    };
    const background = over(color('background'), 'rgb(255, 255, 255)');
    const opaque = (role: keyof typeof ROLES) => over(color(role), background);
    const [red, green, blue] = rgba(background);
    return {
      kind: 0.3 * red + 0.59 * green + 0.11 * blue > 127 ? 'light' : 'dark',
      highContrast,
      // In an SVG they stand within double quotes.
      fontFamily: getComputedStyle(document.body).fontFamily.replaceAll('"', "'"),
      background,
      foreground: opaque('foreground'),
      muted: opaque('muted'),
      line: opaque('line'),
      accent: opaque('accent'),
      highlight: opaque('highlight'),
    };
  }
}

/**
 * A page on its own takes the system's scheme, said the way VS Code says it, because the controls
 * listen for that.
 */
function followScheme(): void {
  if (!document.documentElement.classList.contains('basin-page')) return;
  const dark = window.matchMedia('(prefers-color-scheme: dark)').matches;
  document.body.classList.toggle('vscode-dark', dark);
  document.body.classList.toggle('vscode-light', !dark);
}

/** Bytes of `rgb(1, 2, 3)`, `rgba(1, 2, 3, 0.4)` and `color(srgb 0.1 0.2 0.3 / 0.4)`. */
export function rgba(color: string): Rgba {
  const numbers = (color.match(/-?[\d.]+(e-?\d+)?/g) ?? []).map(Number);
  const scale = color.startsWith('color(') ? 255 : 1;
  const [red = 0, green = 0, blue = 0, alpha = 1] = numbers;
  return [red * scale, green * scale, blue * scale, alpha * 255];
}

/** What a colour looks like on another, as every program that reads a drawing understands it. */
export function over(color: string, under: string): string {
  const [red, green, blue, alpha] = rgba(color);
  const [r, g, b] = rgba(under);
  const mix = (top: number, bottom: number) => Math.round(bottom + (alpha / 255) * (top - bottom));
  return `rgb(${mix(red, r)}, ${mix(green, g)}, ${mix(blue, b)})`;
}

/** The same colour, more transparent. */
export function withAlpha(color: string, alpha: number): string {
  const [red, green, blue, own] = rgba(color);
  return `rgba(${Math.round(red)}, ${Math.round(green)}, ${Math.round(blue)}, ${(alpha * own) / 255})`;
}
