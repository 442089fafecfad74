import { runSuites } from './suite';

/** What VS Code calls in its extension host, with an engine that can be told to fail. */
export function run(): Promise<void> {
  return runSuites('faults');
}
