/** What results are computed with, as the user chooses it. */
export interface RuntimeSetting {
  /** `auto`: the native ONNX Runtime, or the one in WebAssembly where that does not load. */
  readonly runtime: RuntimeName | 'auto';
  /** Execution provider of onnxruntime-node; `cpu` for all others. */
  readonly provider: string;
  /** Of inputs, outputs and arithmetic. */
  readonly precision: Precision;
  /** What an analysis may take of memory, as "8 GB"; a share of what is free if absent or empty. */
  readonly memoryLimit?: string | undefined;
}

export const RUNTIMES = ['onnxruntime-node', 'onnxruntime-web', 'tensorflow', 'reference'] as const;
export type RuntimeName = (typeof RUNTIMES)[number];

export const PRECISIONS = ['float32', 'float64'] as const;
export type Precision = (typeof PRECISIONS)[number];

export const DEFAULT_RUNTIME: RuntimeSetting = {
  runtime: 'auto',
  provider: 'cpu',
  precision: 'float32',
};
