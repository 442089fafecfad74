import { largest } from '../../shared/extremes';
import { directionalDerivative } from '../graph/forward';
import { fisherProduct, gaussNewtonProduct, type CurvatureMatrix } from '../graph/gaussNewton';
import { inParts } from '../graph/inParts';
import { Graph } from '../graph/graph';
import { topologicalOrder, type Node, type Program } from '../graph/operations';
import type { Model } from '../graph/model';
import type { PlaceUse } from '../graph/onnx/importOnnx';
import { channelMoments } from '../graph/onnx/operators/normalization';
import type { ChannelMoments } from '../graph/onnx/operators/operatorCall';
import { partition, type Partition } from '../graph/partition';
import { gradient } from '../graph/reverse';
import { shareFactors } from '../graph/sharedFactors';
import { stackDirections } from '../graph/stackDirections';
import { sizeOf } from '../tensor';
import { LOSSES, TERM, type LossTerm, type TermNodes } from './lossTerm';
import type { WeightLayout } from './weights';

/** The loss, its gradient, or a Hessian-vector product. */
export type Differentiated = 'loss' | 'gradient' | 'product';

/** Prefix of the inputs that hold a direction, before the name of the parameter. */
export const DIRECTION = 'basin:direction:';
/** Prefix of the outputs that are an input, as it stays with the runtime. */
export const CARRIED = 'basin:carried:';
/** The output that holds each point's second derivative. */
export const CURVATURES = 'basin:curvatures';
/** Prefix of the outputs that hold a derivative, before the name of the parameter. */
export const DERIVATIVE = 'basin:derivative:';

/**
 * What a network's BatchNormalization normalises by: the checkpoint's running statistics; those of
 * its input over the batch; or values that are given to the programs, as those of all batches are.
 */
export type Normalisation = 'running' | 'batch' | 'given';

/** The inputs that hold given statistics, and the outputs of `moments`: one pair for each. */
export function momentNames(place: number): { readonly mean: string; readonly variance: string } {
  return { mean: `${TERM}mean:${place}`, variance: `${TERM}variance:${place}` };
}

/** Statistics that can be computed together, as they depend on the same ones before them. */
export interface MomentProgram {
  /** Means and biased variances over the batch, [channels] each. */
  readonly program: Program;
  /** The BatchNormalizations they are of, and the number of values of each of their channels. */
  readonly places: ReadonlyMap<number, number>;
}

/**
 * Elements of the largest array of a program for several directions. Several at once save what each
 * kernel costs beside its work, and reading what they share, as long as a core's caches hold it.
 */
const MAX_ELEMENTS = 2 ** 18;

/** Directions beyond which another saves nothing more. */
const MAX_DIRECTIONS = 8;

/**
 * The loss of a model on one batch of one term as programs.
 *
 * Each point's own loss is an output, so that the sum over points is taken in float64 by whoever
 * runs the program. Derivatives are those of the sum of the losses over the batch.
 */
export class LossGraph {
  private readonly g = new Graph();
  private readonly parameters: readonly Node<'input'>[];
  private readonly nodes: TermNodes;
  private readonly losses: Node;
  /** What each BatchNormalization normalises, where its statistics are given. */
  private readonly normalised: Node[] = [];
  /** What is made of whole numbers alone, by the names of the inputs it is given by. */
  private readonly whole = new Map<string, Node>();
  private readonly uses: (PlaceUse & { readonly node: Node })[] = [];
  private stages: readonly MomentProgram[] | undefined;
  private gradientNodes: readonly Node[] | undefined;
  private readonly products = new Map<CurvatureMatrix, Partition>();
  private readonly together = new Map<CurvatureMatrix, number>();

  constructor(
    model: Model,
    parameters: WeightLayout,
    buffers: WeightLayout,
    term: LossTerm,
    batch: number,
    normalisation: Normalisation = 'running',
  ) {
    const g = this.g;
    const weights = new Map<string, Node<'input'>>();
    for (const { name, shape } of [...parameters.entries, ...buffers.entries]) {
      weights.set(name, g.input(name, shape));
    }
    this.parameters = parameters.entries.map(({ name }) => weights.get(name)!);
    const network = (inputs: ReadonlyMap<string, Node>): readonly Node[] =>
      model.buildAll(g, inputs, (name) => weights.get(name) ?? null, {
        statistics:
          normalisation === 'running' ? null : (x) => this.channelMoments(x, normalisation),
        wholeNumbers: {
          outside: (node) => this.outside(node),
          places: (node, use) => this.uses.push({ node, ...use }),
        },
      });
    this.nodes = term.build(g, network, batch);
    this.losses = shareFactors(g, [this.nodes.losses])[0]!;
  }

  /** A value made of whole numbers, as an input of the programs. */
  private outside(node: Node): Node {
    if (node.operation === 'input') return node;
    const name = `${TERM}whole:${node.id}`;
    this.whole.set(name, node);
    return this.g.input(name, node.shape);
  }

  /**
   * What of the batch's whole numbers is computed apart, in float64: hashes, shifted indices. Its
   * outputs are inputs of the other programs; null where they need none.
   */
  wholeNumbers(): Program | null {
    const outputs = new Map(this.whole);
    for (const { node } of this.uses) {
      if (node.operation !== 'input') outputs.set(`${TERM}whole:${node.id}`, node);
    }
    return outputs.size === 0 ? null : { outputs };
  }

  /** Inputs, and outputs of `wholeNumbers`, that pick places along an axis. */
  placeUses(): readonly (PlaceUse & { readonly name: string })[] {
    return this.uses.map(({ node, ...use }) => ({
      ...use,
      name:
        node.operation === 'input'
          ? (node as Node<'input'>).attributes.name
          : `${TERM}whole:${node.id}`,
    }));
  }

  /** losses [batch]. */
  value(): Program {
    return { outputs: new Map([[LOSSES, this.losses]]) };
  }

  /** losses [batch] and what the term measures. */
  evaluation(): Program {
    return { outputs: new Map([[LOSSES, this.nodes.losses], ...this.nodes.measured]) };
  }

  /** The graph itself, and in it what is computed before it is cut and rewritten for speed. */
  traced(of: Differentiated): { readonly graph: Graph; readonly results: readonly Node[] } {
    const g = this.g;
    const { losses } = this.nodes;
    if (of === 'loss') return { graph: g, results: [losses] };
    const gradients = gradient(g, g.sum(losses, [0]), this.parameters);
    if (of === 'gradient') return { graph: g, results: gradients };
    return { graph: g, results: directionalDerivative(g, gradients, this.directionNodes()) };
  }

  /**
   * The statistics that are to be given, of one batch: in programs that each want those of all
   * before it, for the whole set.
   */
  moments(): readonly MomentProgram[] {
    this.stages ??= this.makeMoments();
    return this.stages;
  }

  private makeMoments(): readonly MomentProgram[] {
    const g = this.g;
    const stages: { readonly outputs: Map<string, Node>; readonly places: Map<number, number> }[] =
      [];
    const stageOf = new Map<string, number>();
    for (const [place, x] of this.normalised.entries()) {
      const { mean, variance } = momentNames(place);
      let stage = 0;
      for (const node of topologicalOrder([x])) {
        if (node.operation !== 'input') continue;
        stage = Math.max(stage, (stageOf.get(node.attributes.name) ?? -1) + 1);
      }
      stageOf.set(mean, stage).set(variance, stage);
      const { outputs, places } = (stages[stage] ??= { outputs: new Map(), places: new Map() });
      const moments = channelMoments(g, x);
      outputs.set(mean, moments.mean).set(variance, moments.variance);
      places.set(place, sizeOf(x.shape) / x.shape[1]!);
    }
    return stages.map(({ outputs, places }) => ({ program: { outputs }, places }));
  }

  private channelMoments(x: Node, normalisation: 'batch' | 'given'): ChannelMoments {
    if (normalisation === 'batch') return channelMoments(this.g, x);
    const { mean, variance } = momentNames(this.normalised.length);
    this.normalised.push(x);
    const channels = [x.shape[1]!];
    return { mean: this.g.input(mean, channels), variance: this.g.input(variance, channels) };
  }

  /** The derivative of Σ losses with respect to every parameter. */
  gradient(): Program {
    return { outputs: this.derivatives(this.gradients()), isDerivative: true };
  }

  /**
   * H·v of Σ losses, or the product with another matrix, cut into what does not depend on v and what
   * does.
   */
  hessianProduct(of: CurvatureMatrix = 'hessian'): Partition {
    let product = this.products.get(of);
    if (product === undefined) {
      const outputs = this.derivatives(this.productNodes(of));
      product = partition(this.g, { outputs, isDerivative: true }, this.directions());
      this.products.set(of, product);
    }
    return product;
  }

  /**
   * vᵀH(point)v of each point's own loss [batch]: the second derivative along v, forward mode twice,
   * which takes half the work of H·v.
   */
  curvatures(): Program {
    const along = (node: Node): Node =>
      directionalDerivative(this.g, [node], this.directionNodes())[0]!;
    return {
      outputs: new Map([[CURVATURES, along(along(this.losses))]]),
      isDerivative: true,
      seldom: true,
    };
  }

  /** What of H·v does not depend on v, in programs that each take the results of those before. */
  preparation(of: CurvatureMatrix = 'hessian'): readonly Program[] {
    return inParts(this.g, this.hessianProduct(of).fixed);
  }

  /**
   * Inputs of H·v as results, so that they can stay where the runtime computes.
   *
   * @param names of those that are wanted.
   */
  carriedInputs(names: ReadonlySet<string>, of: CurvatureMatrix = 'hessian'): Program {
    const outputs = new Map<string, Node>();
    for (const node of topologicalOrder(this.hessianProduct(of).moving.outputs.values())) {
      if (node.operation !== 'input' || !names.has(node.attributes.name)) continue;
      outputs.set(CARRIED + node.attributes.name, node);
    }
    return { outputs, stays: true, seldom: true };
  }

  /** For how many directions at once `hessianProducts` is made, at most. */
  directionsTogether(of: CurvatureMatrix = 'hessian'): number {
    let together = this.together.get(of);
    if (together === undefined) {
      const { moving } = this.hessianProduct(of);
      const nodes = topologicalOrder(moving.outputs.values());
      const elements = largest(nodes.map(({ shape }) => sizeOf(shape)));
      const most = Math.min(MAX_DIRECTIONS, Math.floor(MAX_ELEMENTS / elements));
      const stacks = most > 1 && stackDirections(this.g, moving, this.directions(), 2) !== null;
      together = stacks ? most : 1;
      this.together.set(of, together);
    }
    return together;
  }

  /**
   * What of H·v depends on v, for several v: directions and derivatives have a first axis more.
   *
   * @param count from 2 to `directionsTogether()`.
   */
  hessianProducts(count: number, of: CurvatureMatrix = 'hessian'): Program {
    const { moving } = this.hessianProduct(of);
    return stackDirections(this.g, moving, this.directions(), count)!;
  }

  private directions(): ReadonlySet<string> {
    return new Set(this.parameters.map((node) => DIRECTION + node.attributes.name));
  }

  private productNodes(of: CurvatureMatrix): readonly Node[] {
    const g = this.g;
    const tangents = this.directionNodes();
    switch (of) {
      case 'hessian':
        return directionalDerivative(g, this.gradients(), tangents);
      case 'fisher':
        return fisherProduct(g, this.losses, tangents);
      case 'gaussNewton': {
        const { losses, outputs } = this.nodes;
        if (outputs === null) throw new Error('The network gives its losses itself.');
        const [shared, ...own] = shareFactors(g, [losses, ...outputs]);
        return gaussNewtonProduct(g, shared!, own, tangents);
      }
    }
  }

  private directionNodes(): ReadonlyMap<Node, Node> {
    return new Map<Node, Node>(
      this.parameters.map((node) => [
        node,
        this.g.input(DIRECTION + node.attributes.name, node.shape),
      ]),
    );
  }

  private gradients(): readonly Node[] {
    this.gradientNodes ??= gradient(this.g, this.g.sum(this.losses, [0]), this.parameters);
    return this.gradientNodes;
  }

  private derivatives(nodes: readonly Node[]): ReadonlyMap<string, Node> {
    return new Map(
      nodes.map((node, i) => [DERIVATIVE + this.parameters[i]!.attributes.name, node]),
    );
  }
}
