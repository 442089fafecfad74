import type { Builder } from '../builder';
import type { Node, Operation } from '../operations';
import { sizeOf } from '../../tensor';
import { ShapeError } from '../shapes';
import { binaryRules, powerRule, whereRule } from './binary';
import { concatRule, expandRule, placeRule, reshapeRule, sliceRule, transposeRule } from './layout';
import { maxPoolIndexRule, putRule, takeRule } from './places';
import { convInputRule, convRule, convWeightRule, matmulRule } from './products';
import { argmaxRule, maxRule, sumRule } from './reductions';
import { constantRules, type Rule } from './rule';
import { unaryRules } from './unary';
import { say } from '../../../shared/words/message';

/** What is known of every operation: one that lacks a rule does not compile. */
const rules: { readonly [O in Operation]: Rule<O> } = {
  input: {
    shape: (_, { shape }) => shape,
    evaluate: ({ attributes }) => {
      throw new Error(`The value of ${attributes.name} is not known.`);
    },
    rebuild: (_, node) => node,
    ...constantRules,
  },
  constant: {
    shape: (_, { data, shape }) => {
      if (data.length !== sizeOf(shape)) {
        throw new ShapeError(
          say`A constant of shape [${shape.join(', ')}] has ${data.length} values.`,
        );
      }
      return shape;
    },
    evaluate: ({ attributes }) => attributes.data,
    rebuild: (_, node) => node,
    ...constantRules,
  },
  ...unaryRules,
  ...binaryRules,
  power: powerRule,
  where: whereRule,
  sum: sumRule,
  max: maxRule,
  argmax: argmaxRule,
  maxPoolIndex: maxPoolIndexRule,
  reshape: reshapeRule,
  expand: expandRule,
  transpose: transposeRule,
  slice: sliceRule,
  place: placeRule,
  concat: concatRule,
  take: takeRule,
  put: putRule,
  matmul: matmulRule,
  conv: convRule,
  convInput: convInputRule,
  convWeight: convWeightRule,
};

export function ruleOf<O extends Operation>(operation: O): Rule<O> {
  return rules[operation];
}

/** Whether each element of the result depends on one element of each argument, and smoothly. */
export function isElementwise(operation: Operation): boolean {
  return ruleOf(operation).reverse?.kind === 'elementwise';
}

/** The value of a node from those of its arguments, in float64. */
export function evaluate(node: Node, args: readonly Float64Array[]): Float64Array {
  return ruleOf(node.operation).evaluate(node, args);
}

/** The same operation on other arguments of the same shapes. */
export function rebuild(g: Builder, node: Node, args: readonly Node[]): Node {
  return ruleOf(node.operation).rebuild(g, node, args);
}
