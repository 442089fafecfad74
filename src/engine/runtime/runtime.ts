import type { Program } from '../graph/operations';
import type { FloatArray } from '../tensor';

export type { FloatArray } from '../tensor';

/** An array in the memory of a device. Only programs of the runtime that gave it can read it. */
export interface DeviceArray {
  readonly byteLength: number;
  /** Gives its memory back: a device knows nothing of who still needs it. */
  release(): void;
}

/** What goes from one program to another. */
export type Carried = FloatArray | DeviceArray;

/** Who executes graphs. All runtimes give the same results within their precision. */
export interface Runtime {
  readonly name: string;
  readonly version: string;
  /** Of inputs, outputs and arithmetic. */
  readonly precision: 'float32' | 'float64';
  /** Whether arrays can stay in a device's memory between programs. */
  readonly carries?: boolean;

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
  run(inputs: ReadonlyMap<string, Carried>): Promise<ReadonlyMap<string, FloatArray>>;

  /** The same where the program's results stay (`Program.stays`): there is one where a runtime carries. */
  carry?(inputs: ReadonlyMap<string, Carried>): Promise<ReadonlyMap<string, Carried>>;

  release(): Promise<void>;
}
