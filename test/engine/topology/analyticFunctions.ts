/** Functions whose minima and saddles are known in closed form or to many digits. */
export type PlaneFunction = (x: number, y: number) => number;

/** Values in C order: the first axis is x, the last and fastest is y. */
export function sampled(
  f: PlaneFunction,
  [xMin, xMax, xSteps]: readonly [number, number, number],
  [yMin, yMax, ySteps]: readonly [number, number, number],
): Float64Array {
  const values = new Float64Array(xSteps * ySteps);
  for (let i = 0; i < xSteps; i++) {
    const x = xMin + ((xMax - xMin) * i) / (xSteps - 1);
    for (let j = 0; j < ySteps; j++) {
      values[i * ySteps + j] = f(x, yMin + ((yMax - yMin) * j) / (ySteps - 1));
    }
  }
  return values;
}

export const himmelblau: PlaneFunction = (x, y) => (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2;

export const sixHumpCamel: PlaneFunction = (x, y) =>
  (4 - 2.1 * x * x + x ** 4 / 3) * x * x + x * y + (-4 + 4 * y * y) * y * y;

export const rastrigin: PlaneFunction = (x, y) =>
  20 + x * x - 10 * Math.cos(2 * Math.PI * x) + y * y - 10 * Math.cos(2 * Math.PI * y);

export const rosenbrock: PlaneFunction = (x, y) => (1 - x) ** 2 + 100 * (y - x * x) ** 2;

export const hyperbola: PlaneFunction = (x, y) => (x * y - 1) ** 2 / 2;

/** Müller and Brown, Theoretica Chimica Acta 53 (1979). */
export const mullerBrown: PlaneFunction = (x, y) => {
  const A = [-200, -100, -170, 15];
  const a = [-1, -1, -6.5, 0.7];
  const b = [0, 0, 11, 0.6];
  const c = [-10, -10, -6.5, 0.7];
  const x0 = [1, 0, -0.5, -1];
  const y0 = [0, 0.5, 1.5, 1];
  return A.reduce((sum, weight, k) => {
    const dx = x - x0[k]!;
    const dy = y - y0[k]!;
    return sum + weight * Math.exp(a[k]! * dx * dx + b[k]! * dx * dy + c[k]! * dy * dy);
  }, 0);
};
