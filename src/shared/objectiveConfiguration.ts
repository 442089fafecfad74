import * as z from 'zod';
import { unfit } from './unfit';
import { say } from './words/message';

/** What of `basin.json` says what is minimised: the objective, and the data it is taken on. */
const integer = (minimum: number, maximum: number) => z.number().int().min(minimum).max(maximum);

const oneOrMore = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);

const bound = z.union([z.number(), z.string().min(1)]);

const weight = z.union([z.number().nonnegative(), z.array(z.number().nonnegative()).min(1)]);

const pointCount = z.union([integer(1, 1e7), z.array(integer(1, 1e6)).min(1)]);

const collocation = z
  .strictObject({
    sampling: z
      .enum(['grid', 'uniform', 'latin-hypercube', 'sobol'])
      .default('latin-hypercube')
      .describe('How points are laid out in the domain.'),
    interior: pointCount
      .default(1000)
      .describe('Points the residual is taken at; of a grid also the number along each variable.'),
    initial: pointCount.default(100).describe('Points of each initial condition.'),
    boundary: pointCount.default(100).describe('Points of each boundary condition.'),
    seed: integer(0, 2 ** 32 - 1)
      .default(0)
      .describe('Seed of the points.'),
    points: z
      .string()
      .min(1)
      .optional()
      .describe(
        'FILE.npz with the points themselves, instead of sampling: arrays "interior", "initial" and "boundary" of shape [points, variables].',
      ),
  })
  .describe('Where the conditions are to hold.');

const pde = z
  .strictObject({
    kind: z.literal('pde'),
    unknown: oneOrMore.describe('Name of the unknown function, or of each output of the network.'),
    variables: z
      .array(z.string().min(1))
      .min(1)
      .describe('Names of the variables, in the order the network takes them.'),
    domain: z
      .record(z.string(), z.tuple([bound, bound]))
      .describe('For each variable its smallest and largest value; numbers, or as in "2*pi".'),
    constants: z
      .record(z.string(), z.number())
      .default({})
      .describe('Numbers the expressions call by name.'),
    residual: oneOrMore.describe('What must be 0 inside of the domain, as in "u_t + 30*u_x".'),
    initial: oneOrMore.optional().describe('Conditions as in "u(x, 0) = sin(x)".'),
    boundary: oneOrMore
      .optional()
      .describe('Conditions as in "periodic(x)", "u(min, t) = 0" or "u_x(max, t) = 0".'),
    weights: z
      .strictObject({
        residual: weight.default(1),
        initial: weight.default(1),
        boundary: weight.default(1),
        data: z.number().nonnegative().default(1),
      })
      .prefault({})
      .describe('Factor of each mean of squares in the loss; a list has one for each expression.'),
    collocation: collocation.prefault({}),
    exact: z
      .union([z.string().min(1), z.record(z.string(), z.string().min(1))])
      .optional()
      .describe('The solution, as in "sin(x - 30*t)", or that of each unknown by its name.'),
    test: z
      .union([integer(2, 1e4), z.array(integer(2, 1e4)).min(1)])
      .optional()
      .describe('Points along each variable of the grid on which the error is taken.'),
  })
  .describe('Squared residuals of a differential equation and its conditions.');

const classification = z
  .strictObject({
    kind: z.literal('classification'),
    ignore: z
      .number()
      .int()
      .optional()
      .describe('Class index of targets that do not count, as in -100: PyTorch’s ignore_index.'),
    classWeights: z
      .array(z.number().nonnegative())
      .min(1)
      .optional()
      .describe('Factor of the loss of each class; the mean is over the factors.'),
    labelSmoothing: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe('Share of each target that is spread over all classes.'),
    classAxis: integer(-8, 7)
      .optional()
      .describe(
        'Axis of the output along which the classes are, counted from 0 for the batch or from the end as -1; needed only where shapes leave a doubt.',
      ),
  })
  .describe('Softmax cross-entropy of the graph’s logits with class indices, or probabilities.');

const binary = z
  .strictObject({
    kind: z.literal('binary'),
    positiveWeight: z
      .union([z.number().nonnegative(), z.array(z.number().nonnegative()).min(1)])
      .optional()
      .describe('Factor of the loss of targets that are 1; a list has one for each label.'),
    labelSmoothing: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe('Share ε by which targets y are moved to one half: (1 − ε)y + ε/2.'),
  })
  .describe('Sigmoid cross-entropy of the graph’s logits with targets from 0 to 1.');

const regression = z
  .strictObject({
    kind: z.literal('regression'),
    loss: z
      .enum(['squared', 'absolute', 'huber'])
      .default('squared')
      .describe(
        'Of the difference d between output and target: d², |d|, or ½d² up to "delta" and linear beyond.',
      ),
    delta: z
      .number()
      .positive()
      .optional()
      .describe('Difference at which the Huber loss becomes linear; 1 if absent.'),
  })
  .superRefine(({ loss, delta }, context) => {
    if (delta === undefined || loss === 'huber') return;
    context.addIssue(unfit(['delta'], say`is for the loss huber; remove it with ${loss}`));
  })
  .describe('Mean difference between the graph’s output and targets.');

export const objective = z
  .discriminatedUnion('kind', [
    classification,
    binary,
    regression,
    pde,
    z
      .strictObject({ kind: z.literal('output') })
      .describe('The graph’s own output: the loss, or one loss for each sample.'),
  ])
  .describe('What is minimised.');

const array = z.string().min(1);

export const data = z
  .strictObject({
    inputs: z
      .union([
        array,
        z.record(z.string().min(1), array).refine((named) => Object.keys(named).length > 0, {
          params: { said: say`names no array; name one for each input of the graph` },
        }),
      ])
      .describe(
        'Array of evaluation inputs, FILE.npy or FILE.npz#NAME; or an object with one for each input of the graph, by the input’s name.',
      ),
    targets: array.optional().describe('Array of targets: FILE.npy or FILE.npz#NAME.'),
    limit: integer(1, 1e9).optional().describe('Use the first samples only.'),
  })
  .describe('Evaluation data; measurements of the unknowns where the objective is "pde".');

export type Objective = z.infer<typeof objective>;
export type ClassificationObjective = z.infer<typeof classification>;
export type BinaryObjective = z.infer<typeof binary>;
export type RegressionObjective = z.infer<typeof regression>;
export type PdeObjective = z.infer<typeof pde>;
