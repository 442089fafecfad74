/**
 * The surface is coloured in the fragment shader: the colour map and the contour lines follow the
 * interpolated loss, so that lines stay sharp at any distance and any resolution of the grid.
 */
export const SURFACE_VERTEX = /* glsl */ `
attribute float unit;
varying float vUnit;
varying vec3 vNormal;
void main() {
  vUnit = unit;
  vNormal = normalMatrix * normal;
  gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
}`;

export const SURFACE_FRAGMENT = /* glsl */ `
uniform sampler2D colors;
uniform float levelOffset;
uniform float levelStep;
uniform float contourStrength;
uniform float pixelRatio;
uniform bool plateau;
uniform float marked;
uniform vec3 markColor;
varying float vUnit;
varying vec3 vNormal;

// Share of this pixel that a line of the given width covers; x is the distance in pixels.
float coverage(float x, float width) {
  return 1.0 - smoothstep(width * 0.5 - 0.5, width * 0.5 + 0.5, x);
}

void main() {
  vec3 color = texture2D(colors, vec2((clamp(vUnit, 0.0, 1.0) * 255.0 + 0.5) / 256.0, 0.5)).rgb;

  // Light from the upper left behind the viewer. Weak: brightness already says the loss.
  vec3 normal = normalize(gl_FrontFacing ? vNormal : -vNormal);
  float light = max(0.0, dot(normal, normalize(vec3(-0.45, 0.75, 0.6))));
  color *= 0.72 + 0.36 * light;

  float position = (vUnit - levelOffset) / levelStep;
  float width = max(fwidth(position), 1e-6);
  float line = coverage(abs(fract(position - 0.5) - 0.5) / width, 1.1 * pixelRatio);
  // Where lines would touch each other they fade, instead of making a pattern of their own.
  line *= 1.0 - smoothstep(0.12, 0.4, width);
  // Flat ground at exactly a level is no line.
  line *= step(1e-5, width);
  vec3 ink = vUnit > 0.55 ? vec3(0.0) : vec3(1.0);
  color = mix(color, ink, line * contourStrength);

  if (plateau && vUnit > 0.9995) {
    float stripe = fract((gl_FragCoord.x + gl_FragCoord.y) / (9.0 * pixelRatio));
    color *= stripe < 0.16 ? 0.7 : 1.0;
  }
  if (marked >= 0.0) {
    float distance = abs(vUnit - marked) / max(fwidth(vUnit), 1e-6);
    color = mix(color, markColor, coverage(distance, 2.2 * pixelRatio));
  }
  gl_FragColor = vec4(color, 1.0);
}`;

/** Holes: stripes on the floor under points without a finite loss. */
export const HOLE_VERTEX = /* glsl */ `
void main() {
  gl_Position = projectionMatrix * modelViewMatrix * vec4(position.x, 0.0, position.z, 1.0);
}`;

export const HOLE_FRAGMENT = /* glsl */ `
uniform vec3 color;
uniform float pixelRatio;
void main() {
  float stripe = fract((gl_FragCoord.x + gl_FragCoord.y) / (7.0 * pixelRatio));
  if (stripe > 0.3) discard;
  gl_FragColor = vec4(color, 0.75);
}`;

/**
 * Marks of constant size: disc for a minimum, cross for a saddle, ring in white for the checkpoint; at
 * the border of the grid the first two are hollow. Under the one that is pointed at is a white disc.
 */
export const MARK_VERTEX = /* glsl */ `
attribute float shape;
attribute float size;
attribute vec3 tint;
uniform float pixelRatio;
varying float vShape;
varying float vSize;
varying vec3 vTint;
void main() {
  vShape = shape;
  vSize = size * pixelRatio;
  vTint = tint;
  gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
  // Behind the surface.
  if (size <= 0.0) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
  gl_PointSize = vSize;
}`;

export const MARK_FRAGMENT = /* glsl */ `
uniform float pixelRatio;
varying float vShape;
varying float vSize;
varying vec3 vTint;
void main() {
  vec2 p = (gl_PointCoord - 0.5) * vSize;
  float radius = vSize * 0.5 - 1.5 * pixelRatio;
  float d;
  bool halo = vShape > 4.5;
  bool hollow = vShape > 2.5 && !halo;
  if (vShape < 0.5 || halo || (hollow && vShape < 3.5)) {
    d = length(p) - radius * 0.78;
  } else if (vShape < 1.5 || hollow) {
    vec2 q = abs(vec2(p.x + p.y, p.x - p.y)) * 0.70710678;
    float arm = (hollow ? 1.9 : 1.15) * pixelRatio;
    d = min(max(q.x - radius, q.y - arm), max(q.y - radius, q.x - arm));
  } else {
    // Three rings: in the colour of what is pointed at, in white, in black.
    d = abs(length(p) - radius * 0.72) - 2.4 * pixelRatio;
    vec3 core = mix(vec3(1.0), vTint, 1.0 - smoothstep(-0.5, 0.5, d + 1.2 * pixelRatio));
    float ring = 1.0 - smoothstep(-0.5, 0.5, d);
    float edge = 1.0 - smoothstep(-0.5, 0.5, d - 1.3 * pixelRatio);
    if (edge < 0.01) discard;
    gl_FragColor = vec4(mix(vec3(0.05), core, ring), edge);
    return;
  }
  if (hollow) d = max(d, -d - 1.6 * pixelRatio);
  float inside = 1.0 - smoothstep(-0.5, 0.5, d);
  float around = 1.0 - smoothstep(-0.5, 0.5, d - 1.2 * pixelRatio);
  if (around < 0.01) discard;
  gl_FragColor = vec4(mix(vec3(0.05), vTint, inside), around);
}`;
