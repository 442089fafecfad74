/** @typedef {import('estree').Node} Node */
/** @typedef {import('typescript').Type} Type */

/** @param {{ range?: [number, number] | undefined }} node @returns {readonly [number, number]} */
const rangeOf = ({ range }) => range ?? [0, 0];

/** @param {Type} type */
const isPromise = (type) =>
  (type.isUnion() ? type.types : [type]).some((part) => part.getProperty('then') !== undefined);

/** `work.catch(…)` and `work.then(…, …)`: somebody hears. @param {Node} node */
const isHeard = (node) =>
  node.type === 'CallExpression' &&
  node.callee.type === 'MemberExpression' &&
  node.callee.property.type === 'Identifier' &&
  (node.callee.property.name === 'catch' ||
    (node.callee.property.name === 'then' && node.arguments.length === 2));

/**
 * A promise that is kept while something else is awaited is heard by nobody meanwhile: if it is
 * rejected then, as a cancellation does to all work at once, Node ends the process, though the code
 * would have awaited it a line later. `Promise.all` of both hears both.
 *
 * @type {import('eslint').Rule.RuleModule}
 */
export const heldPromise = {
  meta: {
    type: 'problem',
    messages: {
      held: '"{{name}}" is a promise that nobody hears while line {{line}} is awaited: await both with Promise.all.',
    },
    schema: [],
  },
  create(context) {
    const { sourceCode } = context;
    /** @type {{ getTypeAtLocation(node: Node): Type }} */
    const services = sourceCode.parserServices;
    /** Awaits of each function. @type {Map<Node | undefined, Node[]>} */
    const awaits = new Map();
    /**
     * What may be held: variables that are promises, and the function they are declared in.
     *
     * @type {{ node: Node, variable: import('eslint').Scope.Variable, own: Node | undefined }[]}
     */
    const held = [];

    /** @param {Node} node */
    const functionOf = (node) =>
      sourceCode
        .getAncestors(node)
        .findLast(({ type }) => /Function|^Program$|^StaticBlock$/.test(type));

    /** A promise, or an array of some. @param {Node} node */
    const holds = (node) => {
      const type = services.getTypeAtLocation(node);
      const element = type.getNumberIndexType();
      return isPromise(type) || (element !== undefined && isPromise(element));
    };

    return {
      /** @param {Node} node */
      'AwaitExpression, ForOfStatement[await=true]'(node) {
        const own = functionOf(node);
        awaits.set(own, [...(awaits.get(own) ?? []), node]);
      },
      VariableDeclarator(node) {
        if (!node.init || isHeard(node.init)) return;
        for (const variable of sourceCode.getDeclaredVariables(node)) {
          const [identifier] = variable.identifiers;
          if (identifier && holds(identifier)) {
            held.push({ node, variable, own: functionOf(node) });
          }
        }
      },
      'Program:exit'() {
        for (const { node, variable, own } of held) {
          const end = rangeOf(node)[1];
          const uses = variable.references
            .map(({ identifier }) => rangeOf(identifier)[0])
            .filter((start) => start >= end);
          const first = Math.min(Infinity, ...uses);
          const between = (awaits.get(own) ?? []).find(
            (each) => rangeOf(each)[0] >= end && rangeOf(each)[1] <= first,
          );
          if (between === undefined) continue;
          const line = String(between.loc?.start.line);
          context.report({ node, messageId: 'held', data: { name: variable.name, line } });
        }
      },
    };
  },
};
