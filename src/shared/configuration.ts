import * as z from 'zod';

/**
 * `basin.json`: which checkpoints, which graph, which data, which loss, and how to look at them.
 *
 * The JSON schema the editor completes and checks with is generated from this one.
 */
const integer = (minimum: number, maximum: number) => z.number().int().min(minimum).max(maximum);

const landscape = z
  .strictObject({
    directions: z
      .enum(['random', 'hessian'])
      .default('random')
      .describe('Random Gaussian directions, or the eigenvectors of the largest eigenvalues.'),
    dimensions: z.literal(2).default(2).describe('Number of directions.'),
    resolution: integer(3, 2001)
      .default(41)
      .describe(
        'Points along each axis. Raised to the next odd number, so that the checkpoint itself is a point.',
      ),
    range: z
      .number()
      .positive()
      .max(1e6)
      .default(1)
      .describe('The grid reaches from −range to +range along each direction.'),
    normalization: z
      .enum(['filter', 'layer', 'none'])
      .default('filter')
      .describe('Whose length random directions take: each filter’s, each tensor’s, or none.'),
    seed: integer(0, 2 ** 32 - 1)
      .default(0)
      .describe('Seed of the random directions.'),
  })
  .describe('The grid on which the loss is sampled.');

const hessian = z
  .strictObject({
    eigenvalues: integer(1, 100).default(5).describe('How many of the largest eigenvalues.'),
    lanczosSteps: integer(2, 1000).default(40).describe('Steps of each Lanczos run.'),
    probes: integer(2, 1000).default(4).describe('Lanczos runs with random starting vectors.'),
    seed: integer(0, 2 ** 32 - 1)
      .default(0)
      .describe('Seed of the starting vectors.'),
  })
  .describe('Curvature: eigenvalues, trace and eigenvalue density.');

const topology = z
  .strictObject({
    neighborhood: z
      .enum(['freudenthal', '4', '8'])
      .default('freudenthal')
      .describe('Which grid points are neighbours.'),
    threshold: z
      .number()
      .nonnegative()
      .optional()
      .describe(
        'Pairs of persistence up to this are left out. Estimated from the noise of the loss if absent.',
      ),
  })
  .describe('Merge tree and persistence of the landscape.');

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

export const configurationSchema = z
  .strictObject({
    $schema: z.string().optional(),
    checkpoints: z
      .array(z.string().min(1))
      .min(1)
      .describe('Globs of the checkpoint files, relative to this file.'),
    model: z
      .string()
      .min(1)
      .describe('The computation graph, an ONNX export; relative to this file.'),
    weights: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Where in a checkpoint the weights are, as in "ema_state_dict"; found by itself if absent.',
      ),
    data: z
      .strictObject({
        inputs: z
          .string()
          .min(1)
          .describe('Array of evaluation inputs: FILE.npy or FILE.npz#NAME.'),
        targets: z
          .string()
          .min(1)
          .optional()
          .describe('Array of targets: FILE.npy or FILE.npz#NAME.'),
        limit: integer(1, 1e9).optional().describe('Use the first samples only.'),
      })
      .optional()
      .describe('Evaluation data; measurements of the unknowns where the objective is "pde".'),
    objective: z
      .discriminatedUnion('kind', [
        z
          .strictObject({ kind: z.literal('classification') })
          .describe('Softmax cross-entropy of the graph’s logits with class indices.'),
        z
          .strictObject({ kind: z.literal('regression') })
          .describe('Mean squared error of the graph’s output.'),
        pde,
        z
          .strictObject({ kind: z.literal('output') })
          .describe('The graph’s own output: the loss, or one loss for each sample.'),
      ])
      .describe('What is minimised.'),
    landscape: landscape.prefault({}),
    topology: topology.prefault({}),
    hessian: hessian.prefault({}),
  })
  .superRefine(({ data, objective: { kind } }, context) => {
    if (data === undefined && (kind === 'classification' || kind === 'regression')) {
      context.addIssue({
        code: 'custom',
        path: ['data'],
        message: `is missing, which ${kind} needs; name the arrays of inputs and targets`,
      });
    }
  })
  .describe('Basin: how to analyse the checkpoints of a folder.');

export type Configuration = z.infer<typeof configurationSchema>;
export type Objective = Configuration['objective'];
export type PdeObjective = Extract<Objective, { kind: 'pde' }>;

export const CONFIGURATION_FILE = 'basin.json';
