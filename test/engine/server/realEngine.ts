import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CancellationTokenSource } from 'vscode-jsonrpc/node';
import { EngineClient } from '../../../src/extension/client/engineClient';
import { EngineError } from '../../../src/extension/client/engineError';

const ROOT = join(import.meta.dirname, '../../..');
const FIXTURES = join(ROOT, 'test/fixtures');

/** A token that is never given. */
export const never = new CancellationTokenSource().token;

/** The engine as it is built, with the host's own client in front of it. */
export function startEngine(
  options: Partial<ConstructorParameters<typeof EngineClient>[0]> = {},
): EngineClient & { readonly lines: readonly string[] } {
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  const client = new EngineClient(
    { script: join(ROOT, 'dist/engine.js'), idleMinutes: () => 0, ...options },
    { debug: say, info: say, warn: say, error: say },
  );
  return Object.assign(client, { lines });
}

export interface SmallStudy {
  readonly folder: string;
  readonly configuration: string;
  /** Two checkpoints of the study's model. */
  readonly first: string;
  readonly second: string;
  readonly remove: () => void;
}

/** A network of some hundred weights, so that it is the points that take time. */
export function smallStudy(settings: object = {}): SmallStudy {
  const folder = mkdtempSync(join(tmpdir(), 'basin-study-'));
  for (const file of ['mlp.onnx', 'data.npz']) {
    cpSync(join(FIXTURES, 'mlp', file), join(folder, file));
  }
  const [first, second] = [join(folder, 'epoch-1.pt'), join(folder, 'epoch-2.pt')];
  cpSync(join(FIXTURES, 'mlp/mlp.pt'), first);
  cpSync(join(FIXTURES, 'landscape/permuted.pt'), second);
  const configuration = join(folder, 'basin.json');
  writeFileSync(
    configuration,
    JSON.stringify({
      checkpoints: ['*.pt'],
      model: 'mlp.onnx',
      data: { inputs: 'data.npz#x', targets: 'data.npz#y' },
      objective: { kind: 'classification' },
      ...settings,
    }),
  );
  return {
    folder,
    configuration,
    first,
    second,
    remove: () => {
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** How a request ended: `answered`, or why it was rejected. */
export async function endOf(request: Promise<unknown>): Promise<string> {
  try {
    await request;
    return 'answered';
  } catch (error) {
    if (error instanceof EngineError) return error.reason;
    throw error;
  }
}
