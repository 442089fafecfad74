import type { Program } from '../graph/operations';
import type { FloatArray } from '../tensor';

export type { FloatArray } from '../tensor';

/** Who executes graphs. All runtimes give the same results within their precision. */
export interface Runtime {
  readonly name: string;
  readonly version: string;
  /** Of inputs, outputs and arithmetic. */
  readonly precision: 'float32' | 'float64';

  /**
   * Prepares a program for repeated runs.
   *
   * @param known inputs that are the same in every run, by name. Runs do not ask for them, and
   * they may be laid out for speed: weights at one point, data of one batch.
   */
  compile(program: Program, known?: ReadonlyMap<string, FloatArray>): Promise<Executable>;
}

export interface Executable {
  /**
   * @param inputs by the names of the program's input nodes, in C order; converted where they are
   * not of the runtime's precision. Inputs the program does not depend on may be left out.
   * @returns by the names of the program's outputs.
   */
  run(inputs: ReadonlyMap<string, FloatArray>): Promise<ReadonlyMap<string, FloatArray>>;

  release(): Promise<void>;
}
