import type { Graph } from './graph';
import type { Node } from './operations';
import type {
  BuildOptions,
  LastOperation,
  ModelInput,
  WeightSpecification,
} from './onnx/importOnnx';
import type { Message } from '../../shared/words/message';

/** A network without its weights, whatever it was read from: an ONNX export, a configuration of Keras. */
export interface Model {
  readonly path: string;
  readonly inputs: readonly ModelInput[];
  /** What is computed. */
  readonly outputs: readonly string[];
  /** Shapes of all outputs there are; an axis that is open is null. */
  readonly outputShapes: ReadonlyMap<string, readonly (number | null)[]>;
  /** All outputs there are with their shapes, for messages. */
  readonly outputList: string;
  readonly weights: readonly WeightSpecification[];
  readonly hasBatchNorm: boolean;
  /** Parameters that may be buffers, where nothing says which are. */
  readonly likelyBuffers: ReadonlySet<string>;
  /** What a reader of results must know about the graph: full sentences. */
  readonly notes: readonly Message[];

  /** What makes the first output, but for what only gives it another shape or type; null if nothing. */
  lastOperation(): LastOperation | null;

  /** The graph's own values of a weight that is optional, in C order. @throws InputError */
  ownValue(name: string): Float64Array;

  /**
   * Builds the network in a graph, for one batch size.
   *
   * @param given by the names of the inputs; those that are not used may be left out.
   * @param weight the node of a weight, or null where an alias is to be taken for its original.
   * @returns the outputs, in their order.
   * @throws InputError naming the part that cannot be built.
   */
  buildAll(
    g: Graph,
    given: ReadonlyMap<string, Node>,
    weight: (name: string) => Node | null,
    options?: BuildOptions,
  ): readonly Node[];
}
