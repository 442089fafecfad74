/** @typedef {import('estree').Node} Node */
/** @typedef {import('typescript').Type} Type */
/** @typedef {import('typescript').TypeChecker} TypeChecker */

/** What is called with as many arguments as there are values. */
const EATS_LISTS = new Set(['push', 'unshift', 'max', 'min', 'fromCharCode']);

/**
 * A list as arguments, `push(...items)` or `Math.max(...values)`: each is a place on the stack, and
 * some 10⁵ of them end the process. A loop, or `largest` and `smallest` of shared/extremes.ts, take
 * any number. Literals of a known length, and tuples, are left alone.
 *
 * @type {import('eslint').Rule.RuleModule}
 */
export const spreadList = {
  meta: {
    type: 'problem',
    messages: {
      spread:
        'A list of any length as arguments overflows the stack: loop over it, or take largest or smallest.',
    },
    schema: [],
  },
  create(context) {
    /** @type {{ program: { getTypeChecker(): TypeChecker }, getTypeAtLocation(node: Node): Type }} */
    const services = context.sourceCode.parserServices;

    /** @param {Node} node */
    const isShort = (node) => {
      if (node.type === 'ArrayExpression') return true;
      return services.program.getTypeChecker().isTupleType(services.getTypeAtLocation(node));
    };

    return {
      CallExpression(node) {
        const { callee } = node;
        if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return;
        if (!EATS_LISTS.has(callee.property.name)) return;
        for (const argument of node.arguments) {
          if (argument.type === 'SpreadElement' && !isShort(argument.argument)) {
            context.report({ node: argument, messageId: 'spread' });
          }
        }
      },
    };
  },
};
