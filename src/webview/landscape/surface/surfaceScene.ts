import type { DataTexture, LineBasicMaterial, ShaderMaterial } from 'three';
import {
  BufferAttribute,
  BufferGeometry,
  ColorManagement,
  Color,
  LinearSRGBColorSpace,
  LineSegments,
  type Material,
  Mesh,
  PerspectiveCamera,
  Points,
  Scene,
  Vector3,
  WebGLRenderer,
} from 'three';
import type { LineSegments2 } from 'three/examples/jsm/lines/LineSegments2.js';
import { LineSegmentsGeometry } from 'three/examples/jsm/lines/LineSegmentsGeometry.js';
import type { Disposable } from '../../disposable';
import { canvasOfImage, svgOfImage, type Drawing, type DrawingSize } from '../../export/drawing';
import type { HeightScale } from '../heightScale';
import type { PathPoint } from '../landscapePath';
import { lossAtPlace, type LossField } from '../lossField';
import type { Anchor } from '../../pairs/nearestMark';
import type { PairId, PairMark, Place } from '../../pairs/pairMark';
import { BOX_HEIGHT, surfaceGeometry } from './surfaceGeometry';
import { surfaceObjects } from './surfaceObjects';
import { isHidden, placeOnRay, type SurfaceHeights } from './surfaceRay';
import { LEVELS, SurfaceTriangles } from './surfaceTriangles';
import { TurningPace } from './turningPace';
import { frameLabels, frameLines } from './surfaceFrame';
import { SurfaceLabels } from './surfaceLabels';
import { rgba, type Theme } from '../../plots/theme';
import { HOME, type Camera } from '../../state/viewState';

export interface SurfaceContent {
  readonly field: LossField;
  readonly scale: HeightScale;
  readonly marks: readonly PairMark[];
  /** Coordinates of the document's checkpoint. */
  readonly own: Place | null;
  /** The run, in its order. */
  readonly path: readonly PathPoint[];
  /** Where minima were at the checkpoint before, and where they are. */
  readonly trails: readonly (readonly [Place, Place])[];
  /** Evaluated points where only some were, as shares of both axes. */
  readonly evaluated: readonly (readonly [number, number])[] | null;
  readonly theme: Theme;
}

/** Pixels of the image in a vector drawing for each of its own. */
const EXPORT_SCALE = 3;

/** Where the camera looks, on the axis of the box: a little below its middle, for the labels. */
const TARGET_HEIGHT = 0.22;

/** Checkpoints that follow each other faster are gone through, and not looked at, in milliseconds: playing is slower. */
const HURRY = 400;

const SHAPE = {
  minimum: 0,
  saddle: 1,
  checkpoint: 2,
  borderMinimum: 3,
  borderSaddle: 4,
  halo: 5,
} as const;

/**
 * The landscape in space. Owns the panel's only WebGL context; draws when something changed and
 * not otherwise.
 */
export class SurfaceScene implements Disposable {
  readonly canvas: HTMLCanvasElement;
  readonly labels = new SurfaceLabels();
  private readonly renderer: WebGLRenderer;
  private readonly scene = new Scene();
  private readonly camera = new PerspectiveCamera(30, 1, 0.1, 50);
  private readonly colors: DataTexture;
  private readonly surface: Mesh<BufferGeometry, ShaderMaterial>;
  private readonly holes: Mesh<BufferGeometry, ShaderMaterial>;
  private readonly frame: LineSegments<BufferGeometry, LineBasicMaterial>;
  private readonly stems: LineSegments<BufferGeometry, LineBasicMaterial>;
  private readonly marks: Points<BufferGeometry, ShaderMaterial>;
  private readonly pointed: LineSegments2;
  private readonly pointedBehind: LineSegments2;
  private content: SurfaceContent | null = null;
  private view: Camera = HOME;
  private highlighted: PairId | null = null;
  private width = 1;
  private height = 1;
  private requested = 0;
  private heights: SurfaceHeights = { rows: 2, columns: 2, units: new Float32Array(4) };
  /** Where each mark stands, how large it is, and whose it is. */
  private standing: readonly {
    readonly at: Vector3;
    readonly size: number;
    readonly id: PairId | null;
  }[] = [];
  private triangles: SurfaceTriangles | null = null;
  private shownAt = -Infinity;
  /** What the lines of the frame follow from. */
  private framed: readonly unknown[] = [];
  private readonly pace = new TurningPace(LEVELS.length - 1, () => {
    this.requestDraw();
  });
  /** Of its shaders: a frame that came before they are compiled would hold up the page. */
  private state: 'new' | 'compiling' | 'ready' | 'disposed' = 'new';
  /** Of every shader that draws in pixels. */
  private readonly pixelRatio = { value: 1 };

  /** Throws where there is no WebGL. */
  constructor() {
    // Colours here are what they are on the screen: nothing is lit by physical light.
    ColorManagement.enabled = false;
    this.renderer = new WebGLRenderer({ antialias: true, alpha: true });
    // To ask a shader whether it is well waits until it is compiled.
    this.renderer.debug.checkShaderErrors = false;
    this.renderer.outputColorSpace = LinearSRGBColorSpace;
    this.renderer.setPixelRatio(Math.min(2, window.devicePixelRatio));
    this.canvas = this.renderer.domElement;
    this.pixelRatio.value = this.renderer.getPixelRatio();
    const made = surfaceObjects(this.pixelRatio);
    this.colors = made.colors;
    this.surface = made.surface;
    this.holes = made.holes;
    this.frame = made.frame;
    this.stems = made.stems;
    this.marks = made.marks;
    this.pointed = made.pointed;
    this.pointedBehind = made.pointedBehind;
    const objects = [
      this.frame,
      this.holes,
      this.surface,
      this.stems,
      this.pointedBehind,
      this.pointed,
      this.marks,
    ];
    objects.forEach((object, order) => {
      object.renderOrder = order;
      // Geometry is replaced in place: bounds kept from before would hide it.
      object.frustumCulled = false;
      this.scene.add(object);
    });
  }

  show(content: SurfaceContent): void {
    const now = performance.now();
    const old = this.content;
    this.content = content;
    if (old?.field !== content.field || old.scale !== content.scale) this.buildSurface(content);
    this.paint(content);
    this.buildMarks();
    if (this.state === 'new') this.compile();
    // Of one surface many follow each other, as the threshold is dragged; of others where one hurries through them.
    else if (old?.field === content.field || now - this.shownAt < HURRY) this.pace.turn(now);
    this.shownAt = now;
    this.requestDraw();
  }

  private compile(): void {
    this.state = 'compiling';
    void this.renderer.compileAsync(this.scene, this.camera).then(() => {
      if (this.state !== 'compiling') return;
      this.state = 'ready';
      this.requestDraw();
    });
  }

  highlight(id: PairId | null): void {
    this.highlighted = id;
    if (this.content === null) return;
    this.buildMarks();
    this.requestDraw();
  }

  look(camera: Camera): void {
    this.view = camera;
    this.pace.turn(performance.now());
    this.requestDraw();
  }

  resize(width: number, height: number): void {
    if (width < 1 || height < 1) return;
    this.setSize(width, height);
    this.requestDraw();
  }

  private setSize(width: number, height: number): void {
    this.width = width;
    this.height = height;
    this.renderer.setSize(width, height);
  }

  /** The surface is an image in it; its labels are text. */
  drawing(): Drawing | null {
    const { content } = this;
    if (content === null) return null;
    const { theme } = content;
    const at = (size: DrawingSize, scale: number): HTMLCanvasElement => {
      const { width, height } = this;
      const ratio = this.renderer.getPixelRatio();
      this.renderer.setPixelRatio(scale);
      this.pixelRatio.value = scale;
      this.setSize(size.width, size.height);
      this.draw();
      // The buffer lasts until this task ends.
      const copy = document.createElement('canvas');
      copy.width = this.canvas.width;
      copy.height = this.canvas.height;
      copy.getContext('2d')?.drawImage(this.canvas, 0, 0);
      this.renderer.setPixelRatio(ratio);
      this.pixelRatio.value = ratio;
      this.setSize(width, height);
      return copy;
    };
    const texts = () => this.labels.texts(theme);
    return {
      svg: (size) => {
        const image = at(size, EXPORT_SCALE);
        const text = svgOfImage(image, size, texts(), theme);
        this.draw();
        return text;
      },
      canvas: (size, scale) => {
        const image = at(size, scale);
        const canvas = canvasOfImage(image, size, scale, texts(), theme);
        this.draw();
        return canvas;
      },
    };
  }

  /** Both ends of every pair that are to be seen, in pixels of the canvas. */
  anchors(): Anchor[] {
    const { content } = this;
    if (content === null) return [];
    const eye = this.camera.position;
    return this.standing.flatMap(({ at, id }) =>
      id === null || isHidden(this.heights, at, eye) ? [] : [{ id, ...this.project(at) }],
    );
  }

  /** Place on the surface under a pixel, as shares of both axes; null where there is none. */
  placeAt(x: number, y: number): readonly [number, number] | null {
    const { content } = this;
    if (content === null) return null;
    const ndc = new Vector3((2 * x) / this.width - 1, 1 - (2 * y) / this.height, 0.5);
    const direction = ndc.unproject(this.camera).sub(this.camera.position).normalize();
    return placeOnRay(content.field, content.scale, this.camera.position, direction);
  }

  dispose(): void {
    this.state = 'disposed';
    cancelAnimationFrame(this.requested);
    this.pace.dispose();
    this.scene.traverse((object) => {
      if (object instanceof Mesh || object instanceof LineSegments || object instanceof Points) {
        (object.geometry as BufferGeometry).dispose();
        (object.material as Material).dispose();
      }
    });
    this.colors.dispose();
    this.renderer.dispose();
    this.renderer.forceContextLoss();
    this.canvas.remove();
    this.labels.root.remove();
  }

  private requestDraw(): void {
    if (this.requested !== 0 || this.state !== 'ready') return;
    this.requested = requestAnimationFrame(() => {
      this.requested = 0;
      this.pace.frame(performance.now());
      this.setPixels();
      this.draw();
    });
  }

  /** Fewer pixels while it turns coarsely. */
  private setPixels(): void {
    const whole = Math.min(2, window.devicePixelRatio);
    const ratio = whole * LEVELS[this.pace.level]!.pixels;
    if (ratio === this.pixelRatio.value) return;
    this.renderer.setPixelRatio(ratio);
    this.pixelRatio.value = ratio;
  }

  /** Marks behind the surface have no size. */
  private hideMarks(): void {
    const sizes = this.marks.geometry.getAttribute('size');
    this.standing.forEach(({ at, size }, k) => {
      sizes.setX(k, isHidden(this.heights, at, this.camera.position) ? 0 : size);
    });
    sizes.needsUpdate = true;
  }

  private draw(): void {
    const { content } = this;
    if (content === null) return;
    const aspect = this.width / this.height;
    this.camera.aspect = aspect;
    // A narrow panel must still hold the whole box.
    const distance = this.view.distance * Math.max(1, 1.5 / aspect);
    const { azimuth, elevation } = this.view;
    this.camera.position.set(
      distance * Math.cos(elevation) * Math.sin(azimuth),
      distance * Math.sin(elevation) + TARGET_HEIGHT,
      distance * Math.cos(elevation) * Math.cos(azimuth),
    );
    this.camera.lookAt(0, TARGET_HEIGHT, 0);
    this.camera.updateProjectionMatrix();
    this.camera.updateMatrixWorld();
    for (const line of [this.pointed, this.pointedBehind]) {
      line.material.resolution.set(this.width, this.height);
    }
    this.buildFrame(content);
    const index = this.triangles?.at(this.pace.level) ?? null;
    if (this.surface.geometry.index !== index) this.surface.geometry.setIndex(index);
    this.hideMarks();
    this.renderer.render(this.scene, this.camera);
  }

  private buildSurface({ field, scale }: SurfaceContent): void {
    const { positions, normals, units, triangles, holes } = surfaceGeometry(field, scale);
    this.surface.geometry.dispose();
    this.holes.geometry.dispose();
    const geometry = new BufferGeometry();
    const position = new BufferAttribute(positions, 3);
    geometry.setAttribute('position', position);
    geometry.setAttribute('normal', new BufferAttribute(normals, 3));
    geometry.setAttribute('unit', new BufferAttribute(units, 1));
    this.heights = { rows: field.rows, columns: field.columns, units };
    this.triangles = new SurfaceTriangles(field, triangles);
    this.surface.geometry = geometry;
    const holeGeometry = new BufferGeometry();
    holeGeometry.setAttribute('position', position);
    holeGeometry.setIndex(new BufferAttribute(holes, 1));
    this.holes.geometry = holeGeometry;
    this.holes.visible = holes.length > 0;
  }

  private paint({ scale, theme }: SurfaceContent): void {
    const { uniforms } = this.surface.material;
    uniforms.levelOffset!.value = scale.levelOffset;
    uniforms.levelStep!.value = scale.levelStep;
    uniforms.contourStrength!.value =
      scale.levels.length === 0 ? 0 : theme.highContrast ? 0.55 : 0.3;
    uniforms.plateau!.value = scale.clipped > 0;
    (uniforms.markColor!.value as Color).copy(colorOf(theme.highlight));
    (this.holes.material.uniforms.color!.value as Color).copy(colorOf(theme.muted));
    this.frame.material.color.copy(colorOf(theme.foreground));
    this.frame.material.opacity = theme.highContrast ? 0.7 : theme.kind === 'dark' ? 0.2 : 0.24;
    this.stems.material.color.set(0xffffff);
    for (const line of [this.pointed, this.pointedBehind]) {
      line.material.color.copy(colorOf(theme.highlight));
    }
  }

  private buildMarks(): void {
    const { content } = this;
    if (content === null) return;
    const positions: number[] = [];
    const shapes: number[] = [];
    const standing: (typeof this.standing)[number][] = [];
    const tints: number[] = [];
    const highlight = colorOf(content.theme.highlight);
    const put = (at: Vector3, shape: number, size: number, on: boolean, id: PairId | null) => {
      positions.push(at.x, at.y, at.z);
      shapes.push(shape);
      standing.push({ at, size, id });
      if (on) tints.push(highlight.r, highlight.g, highlight.b);
      else tints.push(1, 1, 1);
    };
    const stems: number[] = [];
    let pointed: number[] = [];
    let level = -1;
    // Many marks must leave something to be seen of what they mark.
    const shrink = Math.min(1, Math.max(0.55, Math.sqrt(40 / content.marks.length)));
    // The one that is pointed at is drawn last, over the others.
    const isOn = ({ id }: PairMark) => Number(id === this.highlighted);
    const ordered = [...content.marks].reverse().sort((a, b) => isOn(a) - isOn(b));
    for (const mark of ordered) {
      if (mark.places === null) continue;
      const on = mark.id === this.highlighted;
      const stand = (at: Vector3, shape: number, size: number) => {
        if (on) put(at, SHAPE.halo, size + 14, false, null);
        put(at, shape, on ? size + 6 : size, on, mark.id);
      };
      const low = this.stand(mark.places.birth, mark.birth);
      const end = this.stand(mark.places.death, mark.death);
      const [minimum, saddle] = mark.border
        ? [SHAPE.borderMinimum, SHAPE.borderSaddle]
        : [SHAPE.minimum, SHAPE.saddle];
      stand(low, minimum, mark.essential ? 15 : 12 * shrink);
      if (!mark.essential) stand(end, saddle, 14 * shrink);
      // Up from the minimum by the pair's persistence, then level to the saddle.
      const corner = new Vector3(low.x, end.y, low.z);
      const path = [low, corner, corner, end].flatMap((point) => [point.x, point.y, point.z]);
      if (on) {
        pointed = path;
        level = mark.essential ? -1 : content.scale.toUnit(mark.death);
      } else if (!mark.essential) {
        for (const each of path) stems.push(each);
      }
    }
    const { field, own, path, trails } = content;
    const ownLoss = own === null ? NaN : lossAtPlace(field, own);
    if (own !== null && Number.isFinite(ownLoss)) {
      put(this.stand(own, ownLoss), SHAPE.checkpoint, 26, true, null);
    }
    for (let k = 1; k < path.length; k++) {
      for (const each of this.onSurface(path[k - 1]!.coordinates, path[k]!.coordinates))
        stems.push(each);
    }
    for (const [from, to] of trails) for (const each of this.onSurface(from, to)) stems.push(each);
    this.standing = standing;
    const geometry = this.marks.geometry;
    geometry.dispose();
    geometry.setAttribute('position', new BufferAttribute(Float32Array.from(positions), 3));
    geometry.setAttribute('shape', new BufferAttribute(Float32Array.from(shapes), 1));
    geometry.setAttribute('size', new BufferAttribute(new Float32Array(standing.length), 1));
    geometry.setAttribute('tint', new BufferAttribute(Float32Array.from(tints), 3));
    this.stems.geometry.dispose();
    this.stems.geometry = new BufferGeometry().setAttribute(
      'position',
      new BufferAttribute(Float32Array.from(stems), 3),
    );
    this.pointed.visible = pointed.length > 0;
    this.pointedBehind.visible = pointed.length > 0;
    if (pointed.length > 0) {
      this.pointed.geometry.dispose();
      const lines = new LineSegmentsGeometry();
      lines.setPositions(pointed);
      this.pointed.geometry = lines;
      this.pointedBehind.geometry = lines;
    }
    this.surface.material.uniforms.marked!.value = level;
  }

  /** Floor grid, the two far walls and the labels: which are far depends on where one stands. */
  private buildFrame({ field, scale }: SurfaceContent): void {
    const { x, z } = this.camera.position;
    const sides = { x: x >= 0 ? 1 : -1, z: z >= 0 ? 1 : -1 } as const;
    const framed = [field, scale, sides.x, sides.z];
    if (framed.some((part, k) => part !== this.framed[k])) {
      this.framed = framed;
      this.frame.geometry.dispose();
      this.frame.geometry = new BufferGeometry().setAttribute(
        'position',
        new BufferAttribute(frameLines(field, scale, sides), 3),
      );
    }
    this.labels.draw(frameLabels(field, scale, sides, (point) => this.project(point)));
  }

  /** Segments of a line that lies on the surface from one checkpoint to the next. */
  private onSurface(from: readonly number[], to: readonly number[]): readonly number[] {
    const { field } = this.content!;
    const points = Array.from({ length: 25 }, (_, k) => {
      const [x = NaN, y = NaN] = from.map(
        (start, i) => start + (k / 24) * ((to[i] ?? NaN) - start),
      );
      const point = this.stand([x, y], lossAtPlace(field, [x, y]));
      return [point.x, point.y + 0.006, point.z];
    });
    return points.slice(1).flatMap((point, k) => [...points[k]!, ...point]);
  }

  /** Where a place of the plane with this loss is in space. */
  private stand(place: Place, loss: number): Vector3 {
    const { field, scale } = this.content!;
    const [first, second] = field.axes;
    const u = (place[0] - first.min) / (first.max - first.min);
    const v = (place[1] - second.min) / (second.max - second.min);
    const unit = Number.isFinite(loss) ? scale.toUnit(loss) : loss > 0 ? 1 : 0;
    return new Vector3(2 * u - 1, unit * BOX_HEIGHT, 1 - 2 * v);
  }

  private project(point: Vector3): { x: number; y: number } {
    const ndc = point.clone().project(this.camera);
    return { x: ((ndc.x + 1) / 2) * this.width, y: ((1 - ndc.y) / 2) * this.height };
  }
}

function colorOf(css: string): Color {
  const [red, green, blue] = rgba(css);
  return new Color(red / 255, green / 255, blue / 255);
}
