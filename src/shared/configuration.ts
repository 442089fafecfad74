import * as z from 'zod';
import { data, objective, type Objective } from './objectiveConfiguration';
import { unfit } from './unfit';
import { say, type Message } from './words/message';

/**
 * `basin.json`: which checkpoints, which graph, which data, which loss, and how to look at them.
 *
 * The JSON schema the editor completes and checks with is generated from this one.
 */
const integer = (minimum: number, maximum: number) => z.number().int().min(minimum).max(maximum);

const perAxis = <T extends z.ZodType>(one: T) => z.union([one, z.array(one).min(1).max(6)]);

const curve = z
  .strictObject({
    steps: integer(0, 100_000).default(150).describe('Steps of training.'),
    samples: integer(1, 1000).default(4).describe('Places on the curve each step looks at.'),
    learningRate: z
      .number()
      .positive()
      .max(10)
      .default(0.01)
      .describe('Of Adam; it falls to zero along half a cosine.'),
  })
  .describe('How the control point of a Bézier curve is trained.');

const landscape = z
  .strictObject({
    directions: z
      .enum(['random', 'hessian', 'trajectory', 'interpolation', 'bezier', 'plane'])
      .default('random')
      .describe(
        'Random Gaussian directions; eigenvectors of the Hessian; the principal components of a run; the straight line or a trained Bézier curve to another checkpoint; the plane through two others.',
      ),
    dimensions: integer(1, 6)
      .optional()
      .describe(
        'Number of directions: 2 if absent. Lines and curves have one, the plane through checkpoints has two.',
      ),
    resolution: perAxis(integer(3, 100_001))
      .optional()
      .describe(
        'Points along each axis, or a list with one number for each. Raised so that the checkpoints the landscape is about are points of it. 41 if absent, 101 in one dimension, less in three and more.',
      ),
    range: perAxis(z.number().nonnegative().max(1e6))
      .optional()
      .describe(
        'How far the grid reaches from its centre to both sides, in lengths of the direction: a number, or a list with one for each axis. 1 if absent; of a trajectory, what holds the run. Of lines and planes through checkpoints how far it reaches beyond them, in distances between the first two: 0.5 if absent, of a curve 0.',
      ),
    normalization: z
      .enum(['filter', 'layer', 'none'])
      .default('filter')
      .describe('Whose length random directions take: each filter’s, each tensor’s, or none.'),
    biases: z
      .enum(['zero', 'keep'])
      .default('zero')
      .describe(
        'Whether biases and normalisation parameters stay where they are under filter and layer normalisation, or move like weights.',
      ),
    order: z
      .enum(['value', 'magnitude'])
      .default('value')
      .describe(
        'Which eigenvectors come first: of the largest eigenvalues, or of the largest absolute ones.',
      ),
    center: z
      .string()
      .min(1)
      .optional()
      .describe(
        'The checkpoint the landscape is sampled around: "checkpoint" for each around itself, "first", "last", or a file relative to this one. "checkpoint" if absent, "last" for a trajectory.',
      ),
    share: z
      .boolean()
      .default(false)
      .describe(
        'Take the directions and their lengths from the last checkpoint for all of them, so that their landscapes have the same axes and scale.',
      ),
    through: perAxis(z.string().min(1))
      .optional()
      .describe(
        'The other checkpoints of an interpolation, a curve (one) or a plane (two): "first", "last", or files relative to this one.',
      ),
    curve: curve.prefault({}),
    batchNorm: z
      .enum(['stored', 'recompute'])
      .default('stored')
      .describe(
        'What BatchNorm normalises by at each point of the grid: the running statistics of the checkpoint, or the mean and variance of its own input there over the evaluation data, as in training. The reported loss and the curvature always use the running statistics.',
      ),
    refine: z
      .union([
        z.boolean(),
        z.strictObject({
          threshold: z
            .number()
            .nonnegative()
            .optional()
            .describe(
              'Pairs of persistence above this are to be those of the whole grid. That of the topology if absent, or else a hundredth of the spread of the loss.',
            ),
        }),
      ])
      .default(false)
      .describe(
        'Evaluate only points that pairs of the merge tree depend on, and interpolate the others. Worth it from 41 points along each axis on.',
      ),
    seed: integer(0, 2 ** 32 - 1)
      .default(0)
      .describe('Seed of the random directions and of the training of a curve.'),
  })
  .superRefine((settings, context) => {
    const issue = (path: string, said: Message) => {
      context.addIssue(unfit([path], said));
    };
    const fixed = FIXED_DIMENSIONS[settings.directions];
    if (fixed !== undefined && (settings.dimensions ?? fixed) !== fixed) {
      issue('dimensions', say`must be ${fixed} with ${settings.directions}, or absent`);
    }
    const dimensions = dimensionsOf(settings);
    // So many are an error already, and no grid.
    if (RESOLUTIONS[dimensions - 1] === undefined) return;
    for (const name of ['resolution', 'range'] as const) {
      const value = settings[name];
      if (Array.isArray(value) && value.length !== dimensions) {
        issue(
          name,
          say`lists ${value.length} numbers; ${dimensions} dimensions take ${dimensions}`,
        );
      }
    }
    const isBeyond = fixed !== undefined;
    if (!isBeyond && [settings.range ?? 1].flat().includes(0)) {
      issue('range', say`must be greater than 0`);
    }
    const points = resolutionOf(settings).reduce((product, steps) => product * steps, 1);
    if (points > MAX_POINTS) {
      issue(
        'resolution',
        say`makes a grid of ${points} points, and at most ${MAX_POINTS} are sampled; lower it or "dimensions"`,
      );
    }
    const others = THROUGH[settings.directions] ?? 0;
    const given = [settings.through ?? []].flat().length;
    if (given !== others) {
      issue(
        'through',
        others === 0
          ? say`is for interpolation, bezier and plane; remove it with ${settings.directions}`
          : others === 1
            ? say`must name one other checkpoint for ${settings.directions}`
            : say`must name two other checkpoints for ${settings.directions}`,
      );
    }
    if (settings.refine !== false && settings.directions === 'bezier') {
      issue('refine', say`is not for curves, of which every point is evaluated; remove it`);
    }
    if (settings.share && (settings.center ?? 'checkpoint') !== 'checkpoint') {
      issue(
        'share',
        say`is for landscapes that are each around their own checkpoint; remove it, or the "center" ${settings.center!}`,
      );
    }
    if (settings.share && settings.directions === 'trajectory' && settings.center === undefined) {
      issue('share', say`says nothing for trajectory, whose landscape is one for all; remove it`);
    }
    if (settings.share && others > 0) {
      issue('share', say`says nothing for ${settings.directions}; name a "center" instead`);
    }
  })
  .describe('The grid on which the loss is sampled.');

/** Kinds that say their own dimension. */
const FIXED_DIMENSIONS: Readonly<Partial<Record<string, number>>> = {
  interpolation: 1,
  bezier: 1,
  plane: 2,
};

/** Kinds that go through other checkpoints, and how many. */
const THROUGH: Readonly<Partial<Record<string, number>>> = {
  interpolation: 1,
  bezier: 1,
  plane: 2,
};

/** Points a landscape may have. */
const MAX_POINTS = 2001 ** 2;

/** Points along each axis where none are given, by dimension. */
const RESOLUTIONS = [101, 41, 15, 9, 5, 5];

/** Number of axes of a landscape. */
export function dimensionsOf(settings: {
  readonly directions: string;
  readonly dimensions?: number | undefined;
}): number {
  return FIXED_DIMENSIONS[settings.directions] ?? settings.dimensions ?? 2;
}

/** Points along each axis as they are asked for. */
export function resolutionOf(settings: {
  readonly directions: string;
  readonly dimensions?: number | undefined;
  readonly resolution?: number | readonly number[] | undefined;
}): readonly number[] {
  const dimensions = dimensionsOf(settings);
  const { resolution = RESOLUTIONS[dimensions - 1]! } = settings;
  return typeof resolution === 'number'
    ? new Array<number>(dimensions).fill(resolution)
    : resolution;
}

const hessian = z
  .strictObject({
    eigenvalues: integer(1, 100).default(5).describe('How many of the largest eigenvalues.'),
    lanczosSteps: integer(2, 1000).default(40).describe('Steps of each Lanczos run.'),
    probes: integer(2, 1000).default(4).describe('Lanczos runs with random starting vectors.'),
    seed: integer(0, 2 ** 32 - 1)
      .default(0)
      .describe('Seed of the starting vectors.'),
    traceSamples: integer(2, 1000)
      .default(8)
      .describe('Random vectors for what the Lanczos runs leave of the trace, a product each.'),
    traceError: z
      .number()
      .positive()
      .max(1)
      .optional()
      .describe(
        'More vectors are drawn, up to 1000, until the 95 % interval of the trace reaches no farther than this share of it.',
      ),
    gaussNewton: z
      .boolean()
      .default(false)
      .describe(
        'The spectrum and trace of the Gauss–Newton matrix too, and what the Hessian has beyond it; about two thirds more time.',
      ),
    fisher: z
      .boolean()
      .default(false)
      .describe(
        'The spectrum and trace of the empirical Fisher matrix too: of the gradients of single samples; about two thirds more time.',
      ),
    blocks: z
      .boolean()
      .default(false)
      .describe(
        'The largest eigenvalue of the block of each tensor and module, some ten products for each, and the share of the Hessian between tensors.',
      ),
    radius: z
      .number()
      .positive()
      .max(1e6)
      .default(0.05)
      .describe(
        'How far the step of steepest ascent goes whose rise of the loss is the sharpness.',
      ),
  })
  .describe('Curvature: eigenvalues, trace and eigenvalue density.');

/** The settings that the Hessian's own spectrum follows from, without what is computed beside it. */
export type SpectrumSettings = Omit<
  z.infer<typeof hessian>,
  'gaussNewton' | 'fisher' | 'blocks' | 'radius'
>;

export function spectrumSettings({
  eigenvalues,
  lanczosSteps,
  probes,
  seed,
  traceSamples,
  traceError,
}: z.infer<typeof hessian>): SpectrumSettings {
  return {
    eigenvalues,
    lanczosSteps,
    probes,
    seed,
    traceSamples,
    ...(traceError === undefined ? {} : { traceError }),
  };
}

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
    sensitivity: z
      .strictObject({
        seeds: integer(0, 100)
          .default(0)
          .describe(
            'How many more landscapes in other random directions to count in, each with half the resolution: a quarter of the evaluations in two dimensions.',
          ),
      })
      .prefault({})
      .describe('What the counts are compared with beyond other neighbourhoods and resolutions.'),
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
      .optional()
      .describe(
        'The computation graph: an ONNX export, the config.json of a Hugging Face model (BERT, GPT-2, Llama, ResNet, ViT), or a model that Keras or TensorFlow.js saved; relative to this file. If absent, that of the checkpoints, where they are models of the last kind.',
      ),
    weights: z
      .string()
      .optional()
      .describe(
        'Where in a checkpoint the weights are, as in "ema_state_dict", or what stands before their names, as in "student"; "" for those at the root. Found by itself if absent.',
      ),
    base: z
      .string()
      .min(1)
      .optional()
      .describe(
        'The weights that adapters (LoRA) among the checkpoints belong to: a file, relative to this one. Each checkpoint is then the base with its adapter in it.',
      ),
    names: z
      .record(z.string().min(1), z.string().min(1))
      .optional()
      .describe(
        'What tensors of the graph are called in the checkpoint, where that differs; `*` in both stands for the same, as in "vit.layers.*": "vit.encoder.layer.*".',
      ),
    frozen: z
      .array(z.string().min(1))
      .optional()
      .describe(
        'Tensors that are constants, as in "backbone.*": neither moved, differentiated nor counted. `*` stands for any characters.',
      ),
    data: data.optional(),
    output: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Name of the output of the graph that is meant; it may be absent where the graph has one.',
      ),
    objective: objective
      .optional()
      .describe('What is minimised. If absent, what the model was compiled with in Keras.'),
    probe: z
      .string()
      .min(1)
      .optional()
      .describe(
        'What the framework says of the graph’s own weights: inputs, outputs, loss and gradients, in a FILE.npz that basin_export.py writes. Compared before numbers are believed.',
      ),
    landscape: landscape.prefault({}),
    topology: topology.prefault({}),
    hessian: hessian.prefault({}),
  })
  .superRefine(({ landscape: { refine, directions }, topology }, context) => {
    const { threshold, sensitivity } = topology;
    if (sensitivity.seeds > 0 && directions !== 'random') {
      context.addIssue(
        unfit(
          ['topology', 'sensitivity', 'seeds'],
          say`is for random directions; remove it with ${directions}`,
        ),
      );
    }
    const refined = typeof refine === 'boolean' ? undefined : refine.threshold;
    if (refined !== undefined && threshold !== undefined && refined > threshold) {
      context.addIssue(
        unfit(
          ['landscape', 'refine', 'threshold'],
          say`is ${refined}, above the threshold of the topology, ${threshold}; pairs between them would not be certain`,
        ),
      );
    }
  })
  .superRefine(({ model, data, objective, landscape: { batchNorm } }, context) => {
    const kind = objective?.kind;
    if (batchNorm === 'recompute' && kind === 'pde') {
      context.addIssue(
        unfit(
          ['landscape', 'batchNorm'],
          say`is for evaluation data, and a differential equation is evaluated at points of several kinds; remove it with pde`,
        ),
      );
    }
    const isOnnx = model?.endsWith('.onnx') === true;
    if (isOnnx && kind === undefined) {
      context.addIssue(
        unfit(
          ['objective'],
          say`is missing, and an ONNX graph does not say what is minimised; choose a "kind"`,
        ),
      );
    }
    if (isOnnx && data === undefined && kind !== undefined && kind !== 'pde' && kind !== 'output') {
      context.addIssue(
        unfit(
          ['data'],
          say`is missing, which ${kind} needs; name the arrays of inputs and targets`,
        ),
      );
    }
  })
  .describe('Basin: how to analyse the checkpoints of a folder.');

/** What a basin.json says. */
export type WrittenConfiguration = z.infer<typeof configurationSchema>;

/** The same with what it leaves to the model's own file: all that an analysis needs. */
export type Configuration = Omit<WrittenConfiguration, 'model' | 'objective'> & {
  readonly model: string;
  readonly objective: Objective;
};

export type { Objective, PdeObjective } from './objectiveConfiguration';

export const CONFIGURATION_FILE = 'basin.json';
