import { InputError } from '../../../shared/inputError';
import { topologicalOrder, type AnyNode, type Node, type Program } from '../../graph/operations';
import { sizeOf } from '../../tensor';
import type { Executable, FloatArray, Runtime } from '../runtime';
import { applyKernels } from './kernels';
import type { Tensor, TensorFlow } from './api';
import { say } from '../../../shared/words/message';

/**
 * TensorFlow, operation by operation, on whatever backend the module has: the native library of
 * tfjs-node, or the plain JavaScript one. It computes in float32.
 *
 * @param tf the module, loaded by the caller.
 */
export function tensorFlowRuntime(tf: TensorFlow, version = tensorFlowVersion(tf)): Runtime {
  return {
    name: 'tensorflow',
    version,
    precision: 'float32',
    compile: (program, known = new Map()) =>
      Promise.resolve(new Interpretation(tf, program, known)),
  };
}

/** Of TensorFlow.js, and of the native library or else the backend. */
export function tensorFlowVersion(tf: TensorFlow): string {
  const versions = tf.version as Readonly<Record<string, string>>;
  const backend = tf.backend() as unknown as { binding?: { TF_Version?: string } };
  const native = backend.binding?.TF_Version;
  const on = native === undefined ? `backend ${tf.getBackend()}` : `TensorFlow ${native}`;
  return `${versions['tfjs-node'] ?? versions['tfjs-core'] ?? '?'} (${on})`;
}

class Interpretation implements Executable {
  private readonly tf: TensorFlow;
  private readonly program: Program;
  /** What is computed in each run, in order. */
  private readonly steps: readonly AnyNode[];
  private readonly inputs: readonly Node<'input'>[];
  /** Constants and known inputs, by node. */
  private readonly fixed = new Map<number, Tensor>();
  private readonly lastUse = new Map<number, number>();

  constructor(tf: TensorFlow, program: Program, known: ReadonlyMap<string, FloatArray>) {
    this.tf = tf;
    this.program = program;
    const order = topologicalOrder(program.outputs.values());
    const inputs: Node<'input'>[] = [];
    const steps: AnyNode[] = [];
    for (const node of order) {
      for (const input of node.inputs) this.lastUse.set(input.id, node.id);
      if (node.operation === 'constant') {
        this.fixed.set(node.id, applyKernels(tf, node, []));
      } else if (node.operation === 'input') {
        const data = known.get(node.attributes.name);
        if (data === undefined) inputs.push(node);
        else this.fixed.set(node.id, this.tensor(node, data));
      } else {
        steps.push(node);
      }
    }
    for (const node of program.outputs.values()) this.lastUse.set(node.id, Infinity);
    this.inputs = inputs;
    this.steps = steps;
  }

  async run(inputs: ReadonlyMap<string, FloatArray>): Promise<ReadonlyMap<string, FloatArray>> {
    const values = new Map<number, Tensor>(this.fixed);
    try {
      for (const node of this.inputs) {
        values.set(node.id, this.tensor(node, inputs.get(node.attributes.name)));
      }
      for (const node of this.steps) {
        const args = node.inputs.map((input) => values.get(input.id)!);
        // Whatever else the kernels made is given back at once.
        values.set(
          node.id,
          this.tf.tidy(() => applyKernels(this.tf, node, args)),
        );
        for (const input of node.inputs) {
          if (this.lastUse.get(input.id) === node.id) this.drop(values, input.id);
        }
      }
      const results = new Map<string, FloatArray>();
      for (const [name, node] of this.program.outputs) {
        results.set(name, (await values.get(node.id)!.data()) as Float32Array);
      }
      return results;
    } catch (error) {
      throw memoryError(error) ?? error;
    } finally {
      for (const id of [...values.keys()]) this.drop(values, id);
    }
  }

  release(): Promise<void> {
    for (const tensor of this.fixed.values()) tensor.dispose();
    this.fixed.clear();
    return Promise.resolve();
  }

  private drop(values: Map<number, Tensor>, id: number): void {
    if (!this.fixed.has(id)) values.get(id)?.dispose();
    values.delete(id);
  }

  private tensor({ attributes, shape }: Node<'input'>, data: FloatArray | undefined): Tensor {
    if (data?.length !== sizeOf(shape)) {
      throw new Error(`Input ${attributes.name} is missing or of the wrong size.`);
    }
    // A copy: TensorFlow.js keeps the array it is given.
    return this.tf.tensor(Float32Array.from(data), [...shape], 'float32');
  }
}

function memoryError(error: unknown): InputError | null {
  if (!(error instanceof Error) || !/OOM|out of memory/i.test(error.message)) return null;
  return new InputError(
    say`TensorFlow ran out of memory; set "limit" in "data" of basin.json to fewer samples, or use the runtime "onnxruntime-node".`,
    'unsupported',
  );
}
