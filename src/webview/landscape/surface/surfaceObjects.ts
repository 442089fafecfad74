import {
  BufferGeometry,
  Color,
  DataTexture,
  DoubleSide,
  GreaterDepth,
  LinearFilter,
  LineBasicMaterial,
  LineSegments,
  Mesh,
  Points,
  RGBAFormat,
  ShaderMaterial,
} from 'three';
import { LineMaterial } from 'three/examples/jsm/lines/LineMaterial.js';
import { LineSegments2 } from 'three/examples/jsm/lines/LineSegments2.js';
import { LineSegmentsGeometry } from 'three/examples/jsm/lines/LineSegmentsGeometry.js';
import { COLOR_COUNT, colorTable } from '../../plots/colorMap';
import {
  HOLE_FRAGMENT,
  HOLE_VERTEX,
  MARK_FRAGMENT,
  MARK_VERTEX,
  SURFACE_FRAGMENT,
  SURFACE_VERTEX,
} from './surfaceShader';

/** What the scene is made of, empty. */
export interface SurfaceObjects {
  readonly colors: DataTexture;
  readonly surface: Mesh<BufferGeometry, ShaderMaterial>;
  readonly holes: Mesh<BufferGeometry, ShaderMaterial>;
  readonly frame: LineSegments<BufferGeometry, LineBasicMaterial>;
  readonly stems: LineSegments<BufferGeometry, LineBasicMaterial>;
  readonly marks: Points<BufferGeometry, ShaderMaterial>;
  readonly pointed: LineSegments2;
  readonly pointedBehind: LineSegments2;
}

/** @param pixelRatio pixels of the screen in one of the page; may change later. */
export function surfaceObjects(pixelRatio: { value: number }): SurfaceObjects {
  const colors = new DataTexture(colorTable(), COLOR_COUNT, 1, RGBAFormat);
  colors.minFilter = LinearFilter;
  colors.magFilter = LinearFilter;
  colors.needsUpdate = true;

  const surface = new Mesh(
    new BufferGeometry(),
    new ShaderMaterial({
      vertexShader: SURFACE_VERTEX,
      fragmentShader: SURFACE_FRAGMENT,
      side: DoubleSide,
      uniforms: {
        colors: { value: colors },
        levelOffset: { value: 0 },
        levelStep: { value: 1 },
        contourStrength: { value: 0.3 },
        pixelRatio,
        plateau: { value: false },
        marked: { value: -1 },
        markColor: { value: new Color() },
      },
    }),
  );
  const holes = new Mesh(
    new BufferGeometry(),
    new ShaderMaterial({
      vertexShader: HOLE_VERTEX,
      fragmentShader: HOLE_FRAGMENT,
      side: DoubleSide,
      transparent: true,
      uniforms: { color: { value: new Color() }, pixelRatio },
    }),
  );
  const frame = new LineSegments(
    new BufferGeometry(),
    new LineBasicMaterial({ transparent: true }),
  );
  const stems = new LineSegments(
    new BufferGeometry(),
    new LineBasicMaterial({ transparent: true, opacity: 0.75 }),
  );
  // What hides a mark is known: half of one is never drawn.
  const marks = new Points(
    new BufferGeometry(),
    new ShaderMaterial({
      vertexShader: MARK_VERTEX,
      fragmentShader: MARK_FRAGMENT,
      transparent: true,
      depthWrite: false,
      depthTest: false,
      uniforms: { pixelRatio },
    }),
  );
  const pointed = new LineSegments2(
    new LineSegmentsGeometry(),
    new LineMaterial({ linewidth: 2.5 }),
  );
  // The part behind the surface is fainter, not gone.
  const pointedBehind = new LineSegments2(
    pointed.geometry,
    new LineMaterial({
      linewidth: 1.5,
      depthFunc: GreaterDepth,
      depthWrite: false,
      transparent: true,
      opacity: 0.5,
    }),
  );
  return { colors, surface, holes, frame, stems, marks, pointed, pointedBehind };
}
