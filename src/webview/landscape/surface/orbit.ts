import { DisposableStore, type Disposable } from '../../disposable';
import { clampCamera, HOME, type Camera } from '../../state/viewState';

const TURN_PER_PIXEL = 0.008;
const TURN_PER_KEY = Math.PI / 24;
const ZOOM_PER_KEY = 1.12;

/** Turns and zooms by pointer, wheel and keys. */
export class Orbit implements Disposable {
  private readonly store = new DisposableStore();
  private readonly pointers = new Map<number, { x: number; y: number }>();

  constructor(
    surface: HTMLElement,
    frame: HTMLElement,
    private camera: Camera,
    private readonly onChange: (camera: Camera) => void,
  ) {
    this.store.listen(surface, 'pointerdown', (event) => {
      if (event.button !== 0) return;
      surface.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    });
    this.store.listen(surface, 'pointermove', (event) => {
      this.drag(event);
    });
    const release = (event: PointerEvent) => {
      this.pointers.delete(event.pointerId);
    };
    this.store.listen(surface, 'pointerup', release);
    this.store.listen(surface, 'pointercancel', release);
    this.store.listen(surface, 'dblclick', () => {
      this.home();
    });
    this.store.listen(
      surface,
      'wheel',
      (event) => {
        // The wheel scrolls the panel, unless the plot has the focus or the gesture is a pinch.
        if (!event.ctrlKey && !frame.contains(document.activeElement)) return;
        event.preventDefault();
        this.zoom(Math.exp(event.deltaY * (event.ctrlKey ? 0.01 : 0.001)));
      },
      { passive: false },
    );
  }

  /** Takes the keys it knows. */
  key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const turn = (azimuth: number, elevation: number) => {
      this.move({
        ...this.camera,
        azimuth: this.camera.azimuth + azimuth,
        elevation: this.camera.elevation + elevation,
      });
    };
    if (event.key === 'ArrowLeft') turn(-TURN_PER_KEY, 0);
    else if (event.key === 'ArrowRight') turn(TURN_PER_KEY, 0);
    else if (event.key === 'ArrowUp') turn(0, TURN_PER_KEY);
    else if (event.key === 'ArrowDown') turn(0, -TURN_PER_KEY);
    else if (event.key === '+' || event.key === '=') this.zoom(1 / ZOOM_PER_KEY);
    else if (event.key === '-') this.zoom(ZOOM_PER_KEY);
    else if (event.key === '0') this.home();
    else return;
    event.preventDefault();
  }

  home(): void {
    this.move(HOME);
  }

  get dragging(): boolean {
    return this.pointers.size > 0;
  }

  move(camera: Camera): void {
    this.camera = clampCamera(camera);
    this.onChange(this.camera);
  }

  dispose(): void {
    this.store.dispose();
  }

  private zoom(factor: number): void {
    this.move({ ...this.camera, distance: this.camera.distance * factor });
  }

  private drag(event: PointerEvent): void {
    const before = this.pointers.get(event.pointerId);
    if (before === undefined) return;
    const after = { x: event.clientX, y: event.clientY };
    if (this.pointers.size === 1) {
      this.move({
        ...this.camera,
        azimuth: this.camera.azimuth - (after.x - before.x) * TURN_PER_PIXEL,
        elevation: this.camera.elevation + (after.y - before.y) * TURN_PER_PIXEL,
      });
    } else {
      const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
      if (other !== undefined) {
        const apart = (point: { x: number; y: number }) =>
          Math.max(1, Math.hypot(point.x - other.x, point.y - other.y));
        this.zoom(apart(before) / apart(after));
      }
    }
    this.pointers.set(event.pointerId, after);
  }
}
