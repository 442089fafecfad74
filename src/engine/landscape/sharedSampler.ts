/** What processes that sample one landscape together have in common: a folder. */
export interface PointShare {
  readonly team: { readonly index: number; readonly count: number };
  /** Points and losses that were written since the last call; all at the first. */
  news(): Promise<readonly (readonly [number, number])[]>;
  append(points: readonly number[], losses: readonly number[]): Promise<void>;
  /** Takes a block of points for oneself. @returns null while another has it. */
  claim(block: string): Promise<{ release(): Promise<void> } | null>;
  /** Whether the whole landscape is there: what is shared is gone then. */
  isFinished(): Promise<boolean>;
  /** @param looks how often there was nothing new before. */
  wait(looks: number): Promise<void>;
}

/** Thrown where another has put the landscape together: nobody needs the points any more. */
export class FinishedElsewhere extends Error {}

/** Blocks that are still to be taken for each process: so that all end at about the same time. */
const BLOCKS_AHEAD = 4;

/** From and up to where in the order of points. */
type Block = readonly [start: number, end: number];

/**
 * Cuts an order of points into blocks that become shorter: long ones cost few claims, and short ones
 * at the end leave nobody waiting (guided self-scheduling, Polychronopoulos and Kuck 1987).
 */
export function blocksOf(count: number, processes: number): readonly Block[] {
  const blocks: Block[] = [];
  for (let start = 0; start < count;) {
    const length = Math.max(1, Math.ceil((count - start) / (BLOCKS_AHEAD * processes)));
    blocks.push([start, start + length]);
    start += length;
  }
  return blocks;
}

/** What a sampler does and knows of its points. */
export interface SharedSampling {
  readonly lanes: number;
  isKnown(point: number): boolean;
  keep(point: number, loss: number): void;
  /** Computes points one request after the other. */
  evaluate(points: readonly number[]): Promise<void>;
  onProgress(): void;
}

/**
 * Evaluates points together with whoever else samples them, in whatever numbers they come and go:
 * each takes blocks that nobody has, and those of others that are not heard of any more.
 *
 * @param round of the sampling: all processes ask for the same points in the same rounds.
 * @throws FinishedElsewhere
 */
export async function evaluateTogether(
  order: readonly number[],
  round: number,
  share: PointShare,
  sampling: SharedSampling,
): Promise<void> {
  const { index, count } = share.team;
  const blocks = blocksOf(order.length, count);
  // First those that are this one's by their number, so that few ask for the same.
  let open = [
    ...blocks.filter((_, at) => at % count === index % count),
    ...blocks.filter((_, at) => at % count !== index % count),
  ];
  const atWork = new Set<Block>();
  const learn = async (): Promise<boolean> => {
    const news = await share.news();
    for (const [point, loss] of news) if (!sampling.isKnown(point)) sampling.keep(point, loss);
    if (news.length > 0) sampling.onProgress();
    return news.length > 0;
  };
  const rest = ([start, end]: Block): readonly number[] =>
    order.slice(start, end).filter((point) => !sampling.isKnown(point));
  const next = async (): Promise<{ block: Block; release(): Promise<void> } | null> => {
    open = open.filter((block) => rest(block).length > 0);
    for (const block of open) {
      if (atWork.has(block)) continue;
      atWork.add(block);
      const claim = await share.claim(`${round}-${block[0]}-${block[1]}`);
      if (claim !== null) return { block, release: () => claim.release() };
      atWork.delete(block);
    }
    return null;
  };
  const lane = async (): Promise<void> => {
    for (let looks = 0; ;) {
      const taken = await next();
      if (taken === null) {
        if (open.every((block) => rest(block).length === 0)) return;
        looks = (await learn()) ? 0 : looks + 1;
        if (await share.isFinished()) throw new FinishedElsewhere();
        if (looks > 0) await share.wait(looks);
        continue;
      }
      try {
        // Whoever had it before has written what he did.
        await learn();
        const points = rest(taken.block);
        if (points.length > 0) {
          if (await share.isFinished()) throw new FinishedElsewhere();
          await sampling.evaluate(points);
        }
      } finally {
        atWork.delete(taken.block);
        await taken.release();
      }
    }
  };
  await learn();
  await Promise.all(Array.from({ length: sampling.lanes }, lane));
}
