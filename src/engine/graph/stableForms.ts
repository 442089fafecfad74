import type { Graph } from './graph';
import { sameShape } from '../tensor';
import { knownScalar, type Node } from './operations';

/**
 * Forms of logarithms, differences and quotients that mean the same in exact arithmetic and keep
 * their digits in rounded arithmetic: what networks write by hand (log σ(x), log(1 + eˣ), 1 − σ(x),
 * log of a softmax, eˣ / Σ eˣ) overflows or cancels long before its value does.
 */

/** log x */
export function stableLog(g: Graph, x: Node): Node {
  const [a, b] = x.inputs as [Node, Node];
  switch (x.operation) {
    case 'exp':
      return a;
    case 'sigmoid':
      return g.neg(g.softplus(g.neg(a)));
    case 'add': {
      const other = besideOne(a, b);
      if (other !== null) return logOfOneAnd(g, other, x);
      break;
    }
    case 'sub':
      if (knownScalar(a) === 1) {
        if (b.operation === 'sigmoid') return inShape(g, g.neg(g.softplus(b.inputs[0]!)), x);
        return inShape(g, g.log1p(g.neg(b)), x);
      }
      if (knownScalar(b) === -1) return logOfOneAnd(g, a, x);
      break;
    case 'sum':
      if (a.operation === 'exp') return logOfSum(g, a.inputs[0]!, x as Node<'sum'>);
      break;
    case 'where': {
      // Without a form of its own, log 0 where nothing is taken would be NaN in a derivative.
      const [yes, no] = [stableLog(g, b), stableLog(g, x.inputs[2]!)];
      if (yes.operation === 'log' || no.operation === 'log') break;
      return g.where(a, yes, no);
    }
    case 'reshape':
    case 'expand':
    case 'transpose':
    case 'slice':
    case 'take':
      return alike(g, x);
    case 'div': {
      // Of two powers: both have logarithms, whatever they are.
      const sum = withoutViews(b);
      if (a.operation === 'exp' && (b.operation === 'exp' || isSumOfPowers(sum))) {
        return g.sub(a.inputs[0]!, stableLog(g, b));
      }
      break;
    }
    case 'reciprocal':
      if (isPositive(a)) return g.neg(stableLog(g, a));
      break;
    default:
  }
  return g.log(x);
}

/** log of what only moves elements: the logarithms of the elements, where those have a form. */
function alike(g: Graph, x: Node): Node {
  const [source] = x.inputs as [Node];
  const before = stableLog(g, source);
  if (before.operation === 'log') return g.log(x);
  switch (x.operation) {
    case 'reshape':
      return g.reshape(before, x.shape);
    case 'expand':
      return g.expand(before, x.shape);
    case 'transpose':
      return g.transpose(before, (x as Node<'transpose'>).attributes.permutation);
    case 'slice':
      return g.slice(before, (x as Node<'slice'>).attributes);
    default:
      return g.take(before, x.inputs[1]!);
  }
}

/** log(1 + x), with the shape of `sum`, which is 1 + x. */
function logOfOneAnd(g: Graph, x: Node, sum: Node): Node {
  if (x.operation === 'exp') return inShape(g, g.softplus(x.inputs[0]!), sum);
  // 1 + (−σ(z)) is σ(−z)
  if (x.operation === 'neg' && x.inputs[0]!.operation === 'sigmoid') {
    return inShape(g, g.neg(g.softplus(x.inputs[0]!.inputs[0]!)), sum);
  }
  return inShape(g, g.log1p(x), sum);
}

/** log Σ eᶻ, from its largest term. What is already subtracted from is as good. */
function logOfSum(g: Graph, z: Node, sum: Node<'sum'>): Node {
  if (isBelowItsLargest(z)) return g.log(sum);
  const { axes } = sum.attributes;
  const largest = g.max(z, axes);
  return g.add(g.log(g.sum(g.exp(g.sub(z, largest)), axes, true)), largest);
}

/** a − b */
export function stableDifference(g: Graph, a: Node, b: Node): Node {
  // min(x, 0) − log(1 + e^−|x|), which has no derivative at 0 term by term.
  const folded = foldedAtZero(b);
  if (folded !== null && isPart(a, folded, 'negative')) return g.neg(g.softplus(g.neg(folded)));
  if (knownScalar(a) === 1) {
    const difference = oneWithout(g, b);
    if (difference !== null) return g.expand(difference, g.sub(a, b).shape);
  }
  if (knownScalar(b) === 1 && a.operation === 'exp') {
    return g.expand(g.expm1(a.inputs[0]!), g.sub(a, b).shape);
  }
  return g.sub(a, b);
}

/** a + b */
export function stableSum(g: Graph, a: Node, b: Node): Node {
  // max(x, 0) + log(1 + e^−|x|)
  for (const [part, rest] of [
    [a, b],
    [b, a],
  ] as const) {
    const folded = foldedAtZero(rest);
    if (folded !== null && isPart(part, folded, 'positive')) return g.softplus(folded);
  }
  const other = besideOne(a, b);
  if (other?.operation === 'neg') {
    const difference = oneWithout(g, other.inputs[0]!);
    if (difference !== null) return g.expand(difference, g.add(a, b).shape);
  }
  if (knownScalar(a) === -1 && b.operation === 'exp') {
    return g.expand(g.expm1(b.inputs[0]!), g.add(a, b).shape);
  }
  if (knownScalar(b) === -1 && a.operation === 'exp') {
    return g.expand(g.expm1(a.inputs[0]!), g.add(a, b).shape);
  }
  return g.add(a, b);
}

/** 1 − x, where it has a form that keeps its digits. */
function oneWithout(g: Graph, x: Node): Node | null {
  if (x.operation === 'sigmoid') return g.sigmoid(g.neg(x.inputs[0]!));
  if (x.operation === 'exp') return g.neg(g.expm1(x.inputs[0]!));
  return null;
}

/** a / b: a softmax that is written by hand is taken from its largest term. */
export function stableQuotient(g: Graph, a: Node, b: Node): Node {
  const sum = withoutViews(b);
  if (a.operation === 'exp' && sum.operation === 'sum' && sum.inputs[0]!.id === a.id) {
    const [z] = a.inputs as [Node];
    const { axes } = (sum as Node<'sum'>).attributes;
    if (!isBelowItsLargest(z) && sameShape(g.div(a, b).shape, a.shape)) {
      const powers = g.exp(g.sub(z, g.max(z, axes)));
      return g.div(powers, g.reshape(g.sum(powers, axes, true), reduced(b, sum.shape)));
    }
  }
  return g.div(a, b);
}

/** A sum seen through what repeats or reshapes it: the shape it is divided by in. */
function reduced(b: Node, sum: readonly number[]): readonly number[] {
  return b.operation === 'expand' ? sum : b.shape;
}

/** x of softplus(−|x|) */
function foldedAtZero(node: Node): Node | null {
  if (node.operation !== 'softplus') return null;
  const [negative] = node.inputs as [Node];
  if (negative.operation !== 'neg') return null;
  const [size] = negative.inputs as [Node];
  return size.operation === 'abs' ? size.inputs[0]! : null;
}

/** Whether a node is max(x, 0), or min(x, 0). */
function isPart(node: Node, x: Node, part: 'positive' | 'negative'): boolean {
  if (node.operation === 'relu') return part === 'positive' && node.inputs[0]!.id === x.id;
  if (node.operation !== 'where') return false;
  const [mask, yes, no] = node.inputs as [Node, Node, Node];
  // Where x is a number; else x.
  if (mask.operation === 'equal' && mask.inputs[0]!.id === mask.inputs[1]!.id) {
    return no.id === x.id && isPart(yes, x, part);
  }
  if (mask.operation !== 'less') return false;
  const both = yes.id === x.id ? no : no.id === x.id ? yes : null;
  if (both === null || knownScalar(both) !== 0) return false;
  const [below, above] = mask.inputs as [Node, Node];
  // The larger of the two, or the smaller, is what is taken where one is less.
  const [taken, left] = part === 'positive' ? [above, below] : [below, above];
  return same(taken, yes) && same(left, no);
}

function same(a: Node, b: Node): boolean {
  const known = knownScalar(a);
  return a.id === b.id || (known !== null && known === knownScalar(b));
}

function besideOne(a: Node, b: Node): Node | null {
  if (knownScalar(a) === 1) return b;
  return knownScalar(b) === 1 ? a : null;
}

function inShape(g: Graph, x: Node, like: Node): Node {
  return g.expand(x, like.shape);
}

/** z − max z */
function isBelowItsLargest(z: Node): boolean {
  return z.operation === 'sub' && withoutViews(z.inputs[1]!).operation === 'max';
}

function isSumOfPowers(sum: Node): boolean {
  return sum.operation === 'sum' && sum.inputs[0]!.operation === 'exp';
}

/** Whether it is positive everywhere, so that −log x is log 1/x. */
function isPositive(x: Node): boolean {
  if (x.operation === 'exp' || x.operation === 'sigmoid' || x.operation === 'softplus') return true;
  if (x.operation !== 'add') return isSumOfPowers(x);
  const other = besideOne(x.inputs[0]!, x.inputs[1]!);
  return other !== null && (other.operation === 'exp' || other.operation === 'softplus');
}

function withoutViews(node: Node): Node {
  return node.operation === 'reshape' || node.operation === 'expand'
    ? withoutViews(node.inputs[0]!)
    : node;
}
