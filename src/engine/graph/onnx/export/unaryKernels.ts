import type { UnaryOperation } from '../../operations';
import type { ModelWriter } from './modelWriter';

/** Operations for which ONNX Runtime has a kernel that is right to some units in the last place. */
const kernels: Partial<Readonly<Record<UnaryOperation, string>>> = {
  neg: 'Neg',
  exp: 'Exp',
  log: 'Log',
  sqrt: 'Sqrt',
  reciprocal: 'Reciprocal',
  tanh: 'Tanh',
  erf: 'Erf',
  sin: 'Sin',
  cos: 'Cos',
  atan: 'Atan',
  asin: 'Asin',
  acos: 'Acos',
  abs: 'Abs',
  relu: 'Relu',
  sign: 'Sign',
  floor: 'Floor',
  round: 'Round',
};

/** Those that it has in float32 alone. */
const singleKernels: Partial<Readonly<Record<UnaryOperation, string>>> = {
  asinh: 'Asinh',
  acosh: 'Acosh',
  atanh: 'Atanh',
};

type Rule = (k: Formulas, x: string, out: string) => void;

/**
 * The others, in terms of kernels that are right: ONNX Runtime's Sigmoid is that of ±18 beyond ±18
 * and has five digits at −10; Softplus, Sinh and Cosh take one element after the other, several
 * times as long; Softplus and the inverses have no float64; log1p and expm1 are no operators.
 * Measured in docs/derivatives.md.
 */
const formulas: Partial<Readonly<Record<UnaryOperation, Rule>>> = {
  // 1 / (1 + e⁻ˣ): where that overflows it is 0.
  sigmoid: (k, x, out) => {
    k.reciprocal(k.add(k.exp(k.neg(x)), k.scalar(1)), out);
  },
  // max(x, 0) + log(1 + e^−|x|)
  softplus: (k, x, out) => {
    const power = k.exp(k.neg(k.abs(x)));
    k.add(k.relu(x), k.logOfOneAnd(power, power), out);
  },
  log1p: (k, x, out) => {
    k.log1p(x, out);
  },
  // tanh(x / 2) · (eˣ + 1)
  expm1: (k, x, out) => {
    const half = k.tanh(k.mul(x, k.scalar(0.5)));
    k.mul(half, k.add(k.exp(x), k.scalar(1)), out);
  },
  cosh: (k, x, out) => {
    k.cosh(x, out);
  },
  sinh: (k, x, out) => {
    k.mul(k.tanh(x), k.cosh(x), out);
  },
  // sign(x) · log1p(u), u = |x| + |x| / (s + √(1 + s²)), s = 1 / |x|, which is |x| + x² / (1 + √(1 + x²))
  asinh: (k, x, out) => {
    const size = k.abs(x);
    const inverse = k.reciprocal(size);
    const root = k.sqrt(k.add(k.mul(inverse, inverse), k.scalar(1)));
    const u = k.add(size, k.div(size, k.add(inverse, root)));
    k.mul(k.sign(x), k.log1p(u), out);
  },
  // log1p(t + √(2t + t²)), t = x − 1
  acosh: (k, x, out) => {
    const t = k.sub(x, k.scalar(1));
    const root = k.mul(k.sqrt(t), k.sqrt(k.add(t, k.scalar(2))));
    k.log1p(k.add(t, root), out);
  },
  // (log1p(x) − log1p(−x)) / 2
  atanh: (k, x, out) => {
    k.mul(k.sub(k.log1p(x), k.log1p(k.neg(x))), k.scalar(0.5), out);
  },
};

/**
 * Shading languages promise 2⁻¹¹ for sine and cosine, within a period alone, and as little for acos
 * (WGSL, "Accuracy of Built-in Functions"): some devices keep no more than that.
 */
const webGpuFormulas: Partial<Readonly<Record<UnaryOperation, Rule>>> = {
  sin: (k, x, out) => {
    const turns = k.floor(k.add(k.mul(x, k.scalar(1 / Math.PI)), k.scalar(0.5)));
    k.sineOfRest(x, turns, turns, out);
  },
  // cos x = −sin(x − (n + ½)π) · (−1)ⁿ = sin(x − (n + ½)π) · (−1)ⁿ⁺¹
  cos: (k, x, out) => {
    const turns = k.floor(k.mul(x, k.scalar(1 / Math.PI)));
    k.sineOfRest(x, k.add(turns, k.scalar(0.5)), k.add(turns, k.scalar(1)), out);
  },
  acos: (k, x, out) => {
    k.sub(k.scalar(Math.PI / 2), k.asin(x), out);
  },
};

/**
 * Writes an elementwise operation.
 *
 * @param x the name of its argument.
 * @param out the name its result gets.
 */
export function writeUnary(
  model: ModelWriter,
  operation: UnaryOperation,
  x: string,
  out: string,
): void {
  const onDevice = model.device === 'webgpu' ? webGpuFormulas[operation] : undefined;
  if (onDevice !== undefined) {
    onDevice(new Formulas(model), x, out);
    return;
  }
  const kernel =
    kernels[operation] ?? (model.precision === 'float32' ? singleKernels[operation] : undefined);
  if (kernel !== undefined) {
    model.add(kernel, [x], {}, out);
    return;
  }
  const formula = formulas[operation];
  if (formula === undefined) throw new Error(`${operation} is not written by a kernel.`);
  formula(new Formulas(model), x, out);
}

/** π, each part with so few digits that float32 holds its product with a whole number below 2¹³. */
const PARTS_OF_PI = [201 / 64, 507 / 2 ** 19, Math.PI - 201 / 64 - 507 / 2 ** 19];

/** Of (sin r − r) / r³ in r², from the highest power: −1/3!, 1/5!, −1/7!, 1/9!, −1/11!. */
const SINE = [-1 / 39_916_800, 1 / 362_880, -1 / 5040, 1 / 120, -1 / 6];

/** Kernels by their names in mathematics. */
class Formulas {
  private readonly model: ModelWriter;
  /** The largest finite number. */
  readonly largest: number;

  constructor(model: ModelWriter) {
    this.model = model;
    this.largest = model.precision === 'float32' ? 2 ** 127 : 2 ** 1023;
  }

  scalar(value: number): string {
    return this.model.scalar(value);
  }
  neg(x: string): string {
    return this.model.add('Neg', [x]);
  }
  abs(x: string): string {
    return this.model.add('Abs', [x]);
  }
  sign(x: string): string {
    return this.model.add('Sign', [x]);
  }
  relu(x: string): string {
    return this.model.add('Relu', [x]);
  }
  exp(x: string): string {
    return this.model.add('Exp', [x]);
  }
  sqrt(x: string): string {
    return this.model.add('Sqrt', [x]);
  }
  tanh(x: string): string {
    return this.model.add('Tanh', [x]);
  }
  reciprocal(x: string, out?: string): string {
    return this.model.add('Reciprocal', [x], {}, out);
  }
  add(a: string, b: string, out?: string): string {
    return this.model.add('Add', [a, b], {}, out);
  }
  sub(a: string, b: string, out?: string): string {
    return this.model.add('Sub', [a, b], {}, out);
  }
  floor(x: string): string {
    return this.model.add('Floor', [x]);
  }
  asin(x: string): string {
    return this.model.add('Asin', [x]);
  }
  mul(a: string, b: string, out?: string): string {
    return this.model.add('Mul', [a, b], {}, out);
  }
  div(a: string, b: string): string {
    return this.model.add('Div', [a, b]);
  }
  min(a: string, b: string): string {
    return this.model.add('Min', [a, b]);
  }
  max(a: string, b: string): string {
    return this.model.add('Max', [a, b]);
  }

  /**
   * sin(x − nπ) · (−1)ᵐ by the series, for |x − nπ| ≤ π/2. What is taken from x is in three parts of
   * few digits, so that products with n are exact (Cody and Waite 1980).
   *
   * @param n whole or half numbers.
   * @param m whole numbers.
   */
  sineOfRest(x: string, n: string, m: string, out: string): void {
    let rest = x;
    for (const part of PARTS_OF_PI) rest = this.sub(rest, this.mul(n, this.scalar(part)));
    const square = this.mul(rest, rest);
    let series = this.scalar(SINE[0]!);
    for (const coefficient of SINE.slice(1)) {
      series = this.add(this.mul(series, square), this.scalar(coefficient));
    }
    const sine = this.add(rest, this.mul(this.mul(rest, square), series));
    const halves = this.mul(m, this.scalar(0.5));
    // 0 where m is even, ½ where it is odd.
    const odd = this.sub(halves, this.floor(halves));
    this.mul(sine, this.sub(this.scalar(1), this.mul(odd, this.scalar(4))), out);
  }

  /** A + 1 / (4A), A = eˣ/2 of |x|, whose square root is squared: it overflows where cosh does. */
  cosh(x: string, out?: string): string {
    const root = this.exp(this.mul(this.abs(x), this.scalar(0.5)));
    const half = this.mul(this.mul(root, this.scalar(0.5)), root);
    return this.add(half, this.div(this.scalar(0.25), half), out);
  }

  /** The correction takes a finite argument above −1, so that it is 0 and no NaN at −1 and at ∞. */
  log1p(x: string, out?: string): string {
    return this.logOfOneAnd(x, this.min(x, this.scalar(this.largest)), out);
  }

  /**
   * log w + (x − (w − 1)) / w with w = 1 + x as it is rounded: what rounding took is put back.
   *
   * @param finite x where that is finite: the correction is taken of it.
   */
  logOfOneAnd(x: string, finite: string, out?: string): string {
    const one = this.scalar(1);
    const w = this.add(x, one);
    const log = this.model.add('Log', [w]);
    const rounded = finite === x ? w : this.add(finite, one);
    const lost = this.sub(finite, this.sub(rounded, one));
    const above = finite === x ? rounded : this.max(rounded, this.scalar(2 ** -60));
    return this.add(log, this.div(lost, above), out);
  }
}
