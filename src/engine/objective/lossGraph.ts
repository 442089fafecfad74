import type { Objective } from '../../shared/configuration';
import { InputError } from '../../shared/inputError';
import { directionalDerivative } from '../graph/forward';
import { Graph, type Node, type Program } from '../graph/graph';
import type { OnnxModel } from '../graph/onnx/importOnnx';
import { partition, type Partition } from '../graph/partition';
import { gradient } from '../graph/reverse';
import { logSoftmax } from '../graph/softmax';
import type { WeightLayout } from './weights';

/** Names of the inputs of loss programs that are not weights. */
export const INPUTS = 'basin:inputs';
export const TARGETS = 'basin:targets';
/** Prefix of the inputs that hold a direction, before the name of the parameter. */
export const DIRECTION = 'basin:direction:';
/** Prefix of the outputs that hold a derivative, before the name of the parameter. */
export const DERIVATIVE = 'basin:derivative:';

/**
 * The loss of a model on one batch as programs.
 *
 * Each sample's own loss is an output, so that the sum over samples is taken in float64 by whoever
 * runs the program. Derivatives are those of the sum of the losses over the batch.
 */
export class LossGraph {
  readonly #g = new Graph();
  readonly #parameters: readonly Node<'input'>[];
  readonly #losses: Node;
  /** The model's output, [batch, …]. */
  readonly #prediction: Node;
  #gradient: readonly Node[] | undefined;
  #product: Partition | undefined;

  constructor(
    model: OnnxModel,
    parameters: WeightLayout,
    buffers: WeightLayout,
    objective: Objective,
    /** Shape of one sample's input. */
    sampleShape: readonly number[],
    batch: number,
  ) {
    const g = this.#g;
    const weights = new Map<string, Node<'input'>>();
    for (const { name, shape } of [...parameters.entries, ...buffers.entries]) {
      weights.set(name, g.input(name, shape));
    }
    this.#parameters = parameters.entries.map(({ name }) => weights.get(name)!);
    const input = g.input(INPUTS, [batch, ...sampleShape]);
    this.#prediction = model.build(g, input, (name) => weights.get(name) ?? null);
    if (this.#prediction.shape[0] !== batch) {
      throw new InputError(
        `${model.path}: the output [${this.#prediction.shape.join(', ')}] does not keep the batch as its first axis; export the model with a dynamic batch axis.`,
        'unsupported',
      );
    }
    this.#losses = perSampleLoss(g, this.#prediction, objective, model.path);
  }

  get predictionShape(): readonly number[] {
    return this.#prediction.shape;
  }

  /** losses [batch]. */
  value(): Program {
    return { outputs: new Map([['losses', this.#losses]]) };
  }

  /** losses [batch] and the model's output. */
  evaluation(): Program {
    return {
      outputs: new Map([
        ['losses', this.#losses],
        ['prediction', this.#prediction],
      ]),
    };
  }

  /** The derivative of Σ losses with respect to every parameter. */
  gradient(): Program {
    return { outputs: this.#derivatives(this.#gradients()) };
  }

  /** H·v of Σ losses, cut into what does not depend on v and what does. */
  hessianProduct(): Partition {
    this.#product ??= this.#makeHessianProduct();
    return this.#product;
  }

  #makeHessianProduct(): Partition {
    const g = this.#g;
    const directions = new Map<Node, Node>(
      this.#parameters.map((node) => [node, g.input(DIRECTION + node.attributes.name, node.shape)]),
    );
    const products = directionalDerivative(g, this.#gradients(), directions);
    const names = new Set(this.#parameters.map((node) => DIRECTION + node.attributes.name));
    return partition(g, { outputs: this.#derivatives(products) }, names);
  }

  #gradients(): readonly Node[] {
    this.#gradient ??= gradient(this.#g, this.#g.sum(this.#losses, [0]), this.#parameters);
    return this.#gradient;
  }

  #derivatives(nodes: readonly Node[]): ReadonlyMap<string, Node> {
    return new Map(
      nodes.map((node, i) => [DERIVATIVE + this.#parameters[i]!.attributes.name, node]),
    );
  }
}

function perSampleLoss(g: Graph, prediction: Node, objective: Objective, path: string): Node {
  const target = g.input(TARGETS, prediction.shape);
  const rest = prediction.shape.map((_, axis) => axis).slice(1);
  switch (objective.kind) {
    case 'classification':
      // Targets are one-hot.
      if (prediction.shape.length !== 2) {
        throw new InputError(
          `${path}: classification needs an output [batch, classes], not [${prediction.shape.join(', ')}]; choose another objective or export the logits.`,
          'mismatch',
        );
      }
      return g.neg(g.sum(g.mul(target, logSoftmax(g, prediction, 1)), [1]));
    case 'regression': {
      const difference = g.sub(prediction, target);
      const squares = g.mul(difference, difference);
      return rest.length === 0 ? squares : g.mean(squares, rest);
    }
  }
}
