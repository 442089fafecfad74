import * as vscode from 'vscode';
import { DEFAULT_RUNTIME, type RuntimeSetting } from '../shared/runtimeSetting';
import type { ResultsLocation } from './checkpoints/resultPlaces';

/** The settings, as they are now. Names and defaults are in package.json. */
export const settings = {
  /** Whether new checkpoints are analyzed without being asked. */
  autoAnalyze: (): boolean => read('autoAnalyze', false),
  /** Whether lines that save or load checkpoints say what was saved last. */
  codeLens: (): boolean => read('codeLens.enabled', true),
  /** Whether checkpoint files have a badge in the explorer. */
  decorations: (): boolean => read('decorations.enabled', true),
  /** Seconds without a sign of life after which a working engine is ended; 0 waits forever. */
  engineSilentSeconds: (): number => read('engine.silentSeconds', 60),
  /** Minutes without a request after which the engine is stopped; 0 keeps it. */
  engineIdleMinutes: (): number => read('engine.idleMinutes', 5),
  /** Whether the engine leaves the processor to what runs beside it. */
  enginePriority: (): 'low' | 'normal' =>
    read<string>('engine.priority', 'low') === 'normal' ? 'normal' : 'low',
  /** Where results are kept. */
  resultsLocation: (): ResultsLocation =>
    read<string>('resultsLocation', 'workspace') === 'extension' ? 'extension' : 'workspace',
  /** What the engine computes with. */
  runtime: (): RuntimeSetting => ({
    runtime: read('runtime', DEFAULT_RUNTIME.runtime),
    provider: read('executionProvider', DEFAULT_RUNTIME.provider),
    precision: read('precision', DEFAULT_RUNTIME.precision),
    memoryLimit: read('memoryLimit', ''),
  }),
} as const;

function read<T>(name: string, fallback: T): T {
  return vscode.workspace.getConfiguration('basin').get<T>(name) ?? fallback;
}
