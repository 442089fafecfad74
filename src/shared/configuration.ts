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
      .describe('Evaluation data.'),
    objective: z
      .discriminatedUnion('kind', [
        z
          .strictObject({ kind: z.literal('classification') })
          .describe('Softmax cross-entropy of the graph’s logits with class indices.'),
        z
          .strictObject({ kind: z.literal('regression') })
          .describe('Mean squared error of the graph’s output.'),
      ])
      .describe('What is minimised.'),
    landscape: landscape.prefault({}),
    topology: topology.prefault({}),
    hessian: hessian.prefault({}),
  })
  .describe('Basin: how to analyse the checkpoints of a folder.');

export type Configuration = z.infer<typeof configurationSchema>;
export type Objective = Configuration['objective'];

export const CONFIGURATION_FILE = 'basin.json';
