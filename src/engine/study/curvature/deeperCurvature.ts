import { spectrumSettings, type Configuration } from '../../../shared/configuration';
import type { EdgeOfStability, Hessian } from '../../../shared/result/hessian';
import { edgeNote, edgeOfStability } from '../../hessian/edgeOfStability';
import { adamEdge } from './adamEdge';
import type { Message } from '../../../shared/words/message';
import { blockCurvature } from './blockCurvature';
import { fitted } from './hessianPart';
import type { OpenedCheckpoint } from '../openProblem';
import {
  empiricalFisher,
  gaussNewtonSpectrum,
  whyNoFisher,
  whyNoGaussNewton,
  withGaussNewton,
  type MatrixOptions,
} from './otherMatrices';
import type { PartWork } from '../partWork';

/**
 * The Hessian's figures with those that were asked for beside them. Each is kept by itself, so that
 * asking for one more computes it alone.
 *
 * @param asked as basin.json says.
 * @param path of the checkpoint.
 * @returns with how long the parts took whoever computed them.
 * @throws NonFiniteProduct
 */
export async function deepened(
  hessian: Hessian,
  work: PartWork,
  asked: Configuration['hessian'],
  opened: OpenedCheckpoint,
  path: string,
  note: (said: Message) => void,
): Promise<{ readonly hessian: Hessian; readonly milliseconds: number }> {
  let spent = 0;
  const { pool, signal } = work;
  const { data } = opened.problem;
  const wanted = spectrumSettings(asked);
  const stored = async <T>(
    part: string,
    compute: (options: MatrixOptions) => Promise<T>,
  ): Promise<T> => {
    const key = work.key(opened, 'hessian', { part, asked: wanted });
    const { value, milliseconds } = await work.cached('hessian', key, async () => {
      const settings = await fitted(work, opened, wanted, note);
      const onProgress = (fraction: number): void =>
        work.onProgress?.({ part: 'hessian', fraction });
      return compute({ settings, signal, onProgress });
    });
    spent += milliseconds;
    return value;
  };
  const noGaussNewton = asked.gaussNewton ? whyNoGaussNewton(data) : null;
  const noFisher = asked.fisher ? whyNoFisher(data) : null;
  for (const why of [noGaussNewton, noFisher]) if (why !== null) note(why);
  let found = hessian;
  if (asked.gaussNewton && noGaussNewton === null) {
    const own = await stored('gaussNewton', (options) =>
      gaussNewtonSpectrum(pool, opened, options),
    );
    found = withGaussNewton(found, own);
  }
  if (asked.fisher && noFisher === null) {
    const fisher = await stored('fisher', (options) => empiricalFisher(pool, opened, options));
    found = { ...found, fisher };
  }
  if (asked.blocks) {
    const blocks = await stored('blocks', (options) => blockCurvature(pool, opened, options));
    const { layers = [] } = found;
    found = {
      ...found,
      offDiagonal: blocks.offDiagonal,
      layers: layers.map((layer, i) => ({ ...layer, largest: blocks.largest[i]! })),
    };
  }
  const edge = await edgeOf(hessian);
  const whole = edge === null ? found : { ...found, edgeOfStability: edge };
  return { hessian: whole, milliseconds: spent };

  async function edgeOf({ eigenvalues }: Hessian): Promise<EdgeOfStability | null> {
    const { optimizer } = opened;
    if (optimizer === null) return null;
    let edge: EdgeOfStability | null;
    if (optimizer.kind === 'adam' && optimizer.isUniform) {
      const own = await stored('adam', (options) =>
        adamEdge(work, opened, optimizer, path, options),
      );
      if ('why' in own) {
        note(own.why);
        return null;
      }
      if (own.assumed !== null) note(own.assumed);
      ({ edge } = own);
    } else edge = edgeOfStability(optimizer, eigenvalues[0]!);
    note(edgeNote(optimizer, edge));
    return edge;
  }
}
