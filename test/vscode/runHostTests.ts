import { runSuites } from './suite';

/** What VS Code calls in its extension host. */
export function run(): Promise<void> {
  return runSuites('host');
}
