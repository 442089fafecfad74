import type { Builder } from '../builder';
import { masked, times, type LinearForm } from '../linearForm';
import type { BinaryOperation, Node } from '../operations';
import { broadcastShape } from '../shapes';
import { broadcastStrides, collect, dot } from './indices';
import { constantRules, elementwise, type Along, type Rule } from './rule';

export interface BinaryRule<O extends BinaryOperation> extends Rule<O> {
  /** On two numbers. */
  readonly numbers: (x: number, y: number) => number;
}

function binary<O extends BinaryOperation>(
  numbers: (x: number, y: number) => number,
  along: readonly [Along<O>, Along<O>] | null,
): BinaryRule<O> {
  return {
    numbers,
    shape: ([a, b]) => broadcastShape(a!, b!),
    evaluate: ({ inputs, shape }, [a, b]) => {
      const [at, bt] = inputs.map((input) => broadcastStrides(input.shape, shape));
      return collect(shape, (index) => numbers(a![dot(index, at!)]!, b![dot(index, bt!)]!));
    },
    rebuild: (g, { operation }, [a, b]) => (g as Pick<Builder, BinaryOperation>)[operation](a!, b!),
    ...(along === null ? constantRules : elementwise(along)),
  };
}

const itself = (_g: Builder, _node: Node, form: LinearForm): LinearForm => form;

/** The arguments of a node of two, or of the first two of three. */
function two(node: Node): readonly [Node, Node] {
  return node.inputs as unknown as readonly [Node, Node];
}

export const binaryRules: { readonly [O in BinaryOperation]: BinaryRule<O> } = {
  add: binary((x, y) => x + y, [itself, itself]),
  sub: binary((x, y) => x - y, [itself, (g, _, form) => times(g, form, g.scalar(-1))]),
  mul: binary(
    (x, y) => x * y,
    [
      (g, node, form) => times(g, form, two(node)[1]),
      (g, node, form) => times(g, form, two(node)[0]),
    ],
  ),
  div: binary(
    (x, y) => x / y,
    [
      (g, node, form) => times(g, form, g.reciprocal(two(node)[1])),
      (g, node, form) => times(g, times(g, form, g.reciprocal(two(node)[1])), node, true),
    ],
  ),
  pow: binary(
    // Unlike Math.pow, 1 to any power is 1, as C and NumPy have it.
    (x, y) => (x === 1 ? 1 : Math.pow(x, y)),
    [
      // b·aᵇ⁻¹, and 0 where b is: the exponent stops at 0, so that no derivative of a constant or of
      // a polynomial at a = 0 is 0 · ∞.
      (g, node, form) => {
        const [a, b] = two(node);
        const lower = g.where(g.equal(b, g.scalar(0)), g.scalar(0), g.sub(b, g.scalar(1)));
        return times(g, form, g.mul(b, g.pow(a, lower)));
      },
      // aᵇ log a, and 0 where a is, as aᵇ then does not depend on b.
      (g, node, form) => {
        const [a] = two(node);
        const base = g.where(g.equal(a, g.scalar(0)), g.scalar(1), a);
        return times(g, form, g.mul(node, g.log(base)));
      },
    ],
  ),
  fmod: binary(
    (x, y) => x % y,
    [
      itself,
      // The quotient, negative.
      (g, node, form) => {
        const [a, b] = two(node);
        return times(g, form, g.neg(g.round(g.div(g.sub(a, node), b))));
      },
    ],
  ),
  less: binary((x, y) => (x < y ? 1 : 0), null),
  equal: binary((x, y) => (x === y ? 1 : 0), null),
};

export const powerRule: Rule<'power'> = {
  shape: ([x]) => x!,
  evaluate: ({ attributes: { exponent } }, [x]) => x!.map((value) => Math.pow(value, exponent)),
  rebuild: (g, { attributes }, [x]) => g.power(x!, attributes.exponent),
  ...elementwise<'power'>([
    (g, { inputs, attributes: { exponent } }, form) =>
      times(g, times(g, form, g.scalar(exponent)), g.power(inputs[0]!, exponent - 1)),
  ]),
};

export const whereRule: Rule<'where'> = {
  shape: ([mask, a, b]) => broadcastShape(mask!, broadcastShape(a!, b!)),
  evaluate: ({ inputs, shape }, [mask, a, b]) => {
    const [mt, at, bt] = inputs.map((input) => broadcastStrides(input.shape, shape));
    return collect(shape, (index) =>
      mask![dot(index, mt!)] === 0 ? b![dot(index, bt!)]! : a![dot(index, at!)]!,
    );
  },
  rebuild: (g, _, [mask, a, b]) => g.where(mask!, a!, b!),
  ...elementwise<'where'>([
    () => null,
    (g, { inputs }, form) => masked(g, form, inputs[0]!, true),
    (g, { inputs }, form) => masked(g, form, inputs[0]!, false),
  ]),
};
