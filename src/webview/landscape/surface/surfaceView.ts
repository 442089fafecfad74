import { DisposableStore, type Disposable } from '../../disposable';
import { element } from '../../element';
import type { Highlight } from '../../pairs/highlight';
import { nearestMark } from '../../pairs/nearestMark';
import { Orbit } from './orbit';
import { SurfaceScene, type SurfaceContent } from './surfaceScene';
import type { Drawing } from '../../export/drawing';
import type { Camera } from '../../state/viewState';

export interface SurfaceHooks {
  readonly onCamera: (camera: Camera) => void;
  /** Place under the pointer, as shares of both axes. */
  readonly onPlace: (place: readonly [number, number] | null) => void;
  /** The graphics context is gone, or is back. */
  readonly onContext: (available: boolean) => void;
}

/** The surface with its pointer and keys. */
export class SurfaceView implements Disposable {
  readonly root = element('div', { class: 'surface' });
  private readonly store = new DisposableStore();
  private readonly scene: SurfaceScene;
  private readonly orbit: Orbit;

  /** Throws where there is no WebGL. */
  constructor(keys: HTMLElement, camera: Camera, highlight: Highlight, hooks: SurfaceHooks) {
    this.scene = this.store.add(new SurfaceScene());
    const { canvas } = this.scene;
    canvas.setAttribute('aria-hidden', 'true');
    this.root.append(canvas, this.scene.labels.root);
    this.scene.look(camera);
    this.orbit = this.store.add(
      new Orbit(canvas, keys, camera, (next) => {
        this.scene.look(next);
        hooks.onCamera(next);
      }),
    );
    this.store.listen(keys, 'keydown', (event) => {
      if (!this.root.hidden && event.target === keys) this.orbit.key(event);
    });
    this.store.listen(canvas, 'pointermove', (event) => {
      if (this.orbit.dragging) return;
      const id = nearestMark(this.scene.anchors(), event.offsetX, event.offsetY);
      canvas.classList.toggle('is-pointing', id !== null);
      highlight.set(id);
      if (id === null) hooks.onPlace(this.scene.placeAt(event.offsetX, event.offsetY));
    });
    this.store.listen(canvas, 'pointerleave', () => {
      highlight.set(null);
      hooks.onPlace(null);
    });
    this.store.add(
      highlight.onChange((id) => {
        this.scene.highlight(id);
      }),
    );
    const lost = (event: Event) => {
      // Without this the browser never gives the context back.
      event.preventDefault();
      hooks.onContext(false);
    };
    const restored = () => {
      hooks.onContext(true);
    };
    canvas.addEventListener('webglcontextlost', lost);
    canvas.addEventListener('webglcontextrestored', restored);
    const observer = new ResizeObserver(() => {
      this.scene.resize(this.root.clientWidth, this.root.clientHeight);
    });
    observer.observe(this.root);
    this.store.add({
      dispose: () => {
        observer.disconnect();
        canvas.removeEventListener('webglcontextlost', lost);
        canvas.removeEventListener('webglcontextrestored', restored);
      },
    });
  }

  show(content: SurfaceContent): void {
    this.scene.show(content);
  }

  drawing(): Drawing | null {
    return this.scene.drawing();
  }

  home(): void {
    this.orbit.home();
  }

  dispose(): void {
    this.store.dispose();
    this.root.remove();
  }
}
