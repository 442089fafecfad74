import type { Program } from '../graph/graph';

/** Who executes graphs. All runtimes give the same results within their precision. */
export interface Runtime {
  readonly name: string;
  readonly version: string;
  /** Of inputs, outputs and arithmetic. */
  readonly precision: 'float32' | 'float64';

  /** Prepares a program for repeated runs. */
  compile(program: Program): Promise<Executable>;
}

export type FloatArray = Float32Array | Float64Array;

export interface Executable {
  /**
   * @param inputs by the names of the program's input nodes, in C order; converted where they are
   * not of the runtime's precision. Inputs the program does not depend on may be left out.
   * @returns by the names of the program's outputs.
   */
  run(inputs: ReadonlyMap<string, FloatArray>): Promise<ReadonlyMap<string, FloatArray>>;

  release(): Promise<void>;
}
