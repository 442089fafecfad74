import type { ECharts, EChartsCoreOption } from 'echarts/core';
import { largest } from '../../shared/extremes';
import type { Disposable } from '../disposable';
import { DisposableStore } from '../disposable';
import { element } from '../element';
import type { Drawing, DrawingSize } from '../export/drawing';
import type { init } from './charting';
import { InSight } from './inSight';
import type { Theme } from './theme';

/** What draws, evaluated when the first plot is drawn: the figures of a checkpoint need none of it. */
let charting: { readonly init: typeof init } | null = null;

async function loadCharting(): Promise<void> {
  charting ??= await import('./charting');
}

/** A plot on a canvas that keeps the size of its container, and is drawn when it is in sight. */
export class Chart implements Disposable {
  private readonly store = new DisposableStore();
  private readonly host = element('div', { class: 'chart', 'aria-hidden': 'true' });
  private readonly inSight: InSight;
  private chart: ECharts | null = null;
  private option: (() => EChartsCoreOption) | null = null;
  private heightOf: ((width: number) => number) | null = null;
  /** As last measured; null where it may be another. */
  private size: DrawingSize | null = null;
  /** While it is drawn elsewhere, at another size. */
  private elsewhere: DrawingSize | null = null;

  constructor(
    private readonly container: HTMLElement,
    onPointer: (place: { readonly x: number; readonly y: number } | null) => void,
  ) {
    container.append(this.host);
    this.inSight = this.store.add(
      new InSight(this.host, () => {
        this.redraw();
      }),
    );
    const observer = new ResizeObserver(() => {
      const before = this.size;
      this.size = null;
      this.setHeight();
      // Drawn at this size already: an observer is told of the first one too.
      if (before?.width !== this.width || before.height !== this.height) this.inSight.draw();
    });
    observer.observe(this.host);
    this.store.add({
      dispose: () => {
        observer.disconnect();
      },
    });
    this.store.listen(this.host, 'pointermove', (event) => {
      const box = this.host.getBoundingClientRect();
      onPointer({ x: event.clientX - box.left, y: event.clientY - box.top });
    });
    this.store.listen(this.host, 'pointerleave', () => {
      onPointer(null);
    });
  }

  get width(): number {
    return this.elsewhere?.width ?? this.measured().width;
  }

  get height(): number {
    return this.elsewhere?.height ?? this.measured().height;
  }

  /** Of the container. Asked anew it would lay out the whole page for each plot and each step. */
  private measured(): DrawingSize {
    // One without a size is hidden, and may be shown in this task.
    if (this.size === null || this.size.width === 0 || this.size.height === 0) {
      this.size = { width: this.host.clientWidth, height: this.host.clientHeight };
    }
    return this.size;
  }

  /**
   * The option is a function of the size it is drawn at.
   *
   * @param heightOf how high the container is to be at a width; as its style says where it is left out.
   */
  draw(option: () => EChartsCoreOption, heightOf: ((width: number) => number) | null = null): void {
    this.option = option;
    this.heightOf = heightOf;
    this.setHeight();
    this.inSight.draw();
  }

  private setHeight(): void {
    const { heightOf, container } = this;
    const wanted =
      heightOf === null || this.width === 0 ? '' : `${Math.ceil(heightOf(this.width))}px`;
    if (container.style.height === wanted) return;
    container.style.height = wanted;
    this.size = null;
  }

  /** The same drawing for a file; null while nothing is drawn. */
  drawing({ background }: Theme): Drawing | null {
    const { option } = this;
    if (option === null || charting === null) return null;
    const { init } = charting;
    const drawn = (chart: ECharts, size: DrawingSize): ECharts => {
      this.elsewhere = size;
      try {
        chart.setOption({ animation: false, backgroundColor: background, ...option() });
      } finally {
        this.elsewhere = null;
      }
      return chart;
    };
    return {
      svg: (size) => {
        const chart = drawn(init(null, null, { renderer: 'svg', ssr: true, ...size }), size);
        const text = chart.renderToSVGString();
        chart.dispose();
        return text;
      },
      canvas: (size, scale) => {
        const chart = drawn(
          init(element('div'), null, { renderer: 'canvas', devicePixelRatio: scale, ...size }),
          size,
        );
        const canvas = chart.renderToCanvas({ pixelRatio: scale });
        chart.dispose();
        return canvas;
      },
    };
  }

  /** Pixels of data coordinates of a grid; null while nothing is drawn. */
  toPixel(gridIndex: number, x: number, y: number): { x: number; y: number } | null {
    const pixel = this.chart?.convertToPixel({ gridIndex }, [x, y]) as [number, number] | undefined;
    return pixel === undefined ? null : { x: pixel[0], y: pixel[1] };
  }

  fromPixel(gridIndex: number, x: number, y: number): { x: number; y: number } | null {
    const data = this.chart?.convertFromPixel({ gridIndex }, [x, y]) as
      [number, number] | undefined;
    return data === undefined ? null : { x: data[0], y: data[1] };
  }

  dispose(): void {
    this.store.dispose();
    this.chart?.dispose();
    this.host.remove();
  }

  private redraw(): void {
    const { width, height } = this;
    // Hidden: drawn when it is shown again.
    if (width === 0 || height === 0 || this.option === null) return;
    if (charting === null) {
      void loadCharting().then(() => {
        this.inSight.draw();
      });
      return;
    }
    if (this.chart === null) {
      this.chart = charting.init(this.host, null, { renderer: 'canvas', width, height });
    } else if (this.chart.getWidth() !== width || this.chart.getHeight() !== height) {
      // Draws all there is once more, so only where it must.
      this.chart.resize({ width, height });
    }
    this.chart.setOption({ animation: false, ...this.option() }, { notMerge: true });
  }
}

/** A grid is where it is put: ECharts would move it for its labels, and two grids apart. */
export const FIXED = { outerBoundsMode: 'none' } as const;

const FONT_SIZE = 11;

/** What every axis of every plot looks like. */
function axisStyle(theme: Theme): Record<string, unknown> {
  return {
    type: 'value',
    axisLine: { show: true, onZero: false, lineStyle: { color: theme.line, width: 1 } },
    axisTick: { show: true, length: 3, lineStyle: { color: theme.line } },
    splitLine: { show: false },
    axisLabel: {
      color: theme.muted,
      fontFamily: theme.fontFamily,
      fontSize: FONT_SIZE,
      hideOverlap: true,
    },
    nameTextStyle: { color: theme.muted, fontFamily: theme.fontFamily, fontSize: FONT_SIZE },
    nameLocation: 'middle',
    nameMoveOverlap: false,
  };
}

/** Ticks at given places with given texts. */
export function ticksAt(
  theme: Theme,
  ticks: readonly { readonly at: number; readonly text: string }[],
): Record<string, unknown> {
  const style = axisStyle(theme);
  const customValues = ticks.map((tick) => tick.at);
  const texts = new Map(ticks.map((tick) => [tick.at, tick.text]));
  return {
    ...style,
    axisTick: { ...(style.axisTick as object), customValues },
    axisLabel: {
      ...(style.axisLabel as object),
      customValues,
      formatter: (value: number) => texts.get(value) ?? nearestText(ticks, value),
    },
  };
}

/** How far from an upright axis its name stands, in pixels: beyond the longest of its labels. */
export function roomForLabels(ticks: readonly { readonly text: string }[]): number {
  return 14 + 6.4 * Math.max(2, largest(ticks.map(({ text }) => text.length)));
}

/** ECharts rounds the values it hands to a formatter. */
function nearestText(
  ticks: readonly { readonly at: number; readonly text: string }[],
  value: number,
): string {
  let best = ticks[0];
  for (const tick of ticks) {
    if (best === undefined || Math.abs(tick.at - value) < Math.abs(best.at - value)) best = tick;
  }
  return best?.text ?? '';
}
