import type { Builder } from './builder';
import { broadcastShape } from './shapes';
import { sameShape } from '../tensor';
import { knownScalar, type Node } from './operations';

/**
 * Σ scale · factor ⊙ base, element by element and broadcasting; without a factor it is 1.
 *
 * Tangents and cotangents are written in this form while they go through elementwise operations,
 * so that what the paths between two other operations multiply a base with is worked out first,
 * and the base is read once. In a Hessian-vector product the factors do not depend on the
 * direction.
 */
export type LinearForm = readonly Term[];

interface Term {
  readonly scale: number;
  readonly factor: Node | null;
  readonly base: Node;
}

/** Bases from which a sum is written out. */
const MAX_TERMS = 4;

export function formOf(base: Node): LinearForm {
  return [{ scale: 1, factor: null, base }];
}

/** A form times an array that is no base; written out first where only the factors would grow. */
export function times(g: Builder, form: LinearForm, by: Node, negative = false): LinearForm {
  const sign = negative ? -1 : 1;
  const known = knownScalar(by);
  if (known !== null && Number.isFinite(known)) {
    return form.map((term) => ({ ...term, scale: sign * known * term.scale }));
  }
  const grows = form.some(({ factor, base }) => {
    if (factor === null) return false;
    const shape = broadcastShape(factor.shape, by.shape);
    const small = !sameShape(shape, factor.shape) && !sameShape(shape, by.shape);
    // One value for each row times an array: the base is read anyway, the array need not be kept.
    return small || (sameShape(base.shape, by.shape) && !sameShape(factor.shape, by.shape));
  });
  const terms = grows ? formOf(written(g, form)) : form;
  return terms.map(({ scale, factor, base }) => ({
    scale: sign * scale,
    factor: factor === null ? by : g.mul(factor, by),
    base,
  }));
}

/** Where a mask is not zero a form, elsewhere zero. */
export function masked(g: Builder, form: LinearForm, mask: Node, inside: boolean): LinearForm {
  const no = g.scalar(0);
  const keep = (x: Node): Node => (inside ? g.where(mask, x, no) : g.where(mask, no, x));
  return form.map(({ scale, factor, base }) =>
    factor === null ? { scale, factor, base: keep(base) } : { scale, factor: keep(factor), base },
  );
}

/** The sum of two forms; terms of one base become one. */
export function plus(g: Builder, a: LinearForm, b: LinearForm): LinearForm {
  const terms = [...a];
  for (const term of b) {
    const at = terms.findIndex(({ base }) => base.id === term.base.id);
    if (at < 0) terms.push(term);
    else terms[at] = joined(g, terms[at]!, term);
  }
  return terms;
}

/** Summed over the axes along which `shape` was broadcast: what is summed is scaled afterwards. */
export function summedTo(g: Builder, form: LinearForm, shape: readonly number[]): LinearForm {
  return form.every(({ factor }) => factor === null)
    ? form.map((term) => ({ ...term, base: g.sumTo(term.base, shape) }))
    : formOf(g.sumTo(written(g, form), shape));
}

/** Whether a form is better written out where several operations use it. */
export function isWide(form: LinearForm): boolean {
  return form.length > 1;
}

/** Whether there is nothing to gain from not writing a form out. */
export function isPlainSum(form: LinearForm): boolean {
  return form.length > MAX_TERMS || (isWide(form) && form.every(({ factor }) => factor === null));
}

/** The form as an array, of the shape its terms broadcast to. */
export function written(g: Builder, form: LinearForm): Node {
  // What is subtracted comes after something to subtract it from.
  const ordered = [...form].sort((a, b) => Number(isNegative(a)) - Number(isNegative(b)));
  let sum: Node | null = null;
  for (const { scale, factor, base } of ordered) {
    const size = Math.abs(scale);
    const scaled = g.mul(g.scalar(size), factor ?? base);
    const value = factor === null ? scaled : g.mul(scaled, base);
    if (sum === null) sum = scale < 0 ? g.neg(value) : value;
    else sum = scale < 0 ? g.sub(sum, value) : g.add(sum, value);
  }
  return sum!;
}

function isNegative({ scale }: Term): boolean {
  return scale < 0;
}

function joined(g: Builder, a: Term, b: Term): Term {
  if (a.factor?.id === b.factor?.id) return { ...a, scale: a.scale + b.scale };
  const one = g.scalar(1);
  if (a.scale === 0) return b;
  // Over the scale of the first: often the scales are the same.
  const ratio = b.scale / a.scale;
  const more = g.mul(g.scalar(Math.abs(ratio)), b.factor ?? one);
  const first = a.factor ?? one;
  return {
    scale: a.scale,
    factor: ratio < 0 ? g.sub(first, more) : g.add(first, more),
    base: a.base,
  };
}
