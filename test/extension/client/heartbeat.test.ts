import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Heartbeat, type Verdict } from '../../../src/extension/client/heartbeat';
import type { Pong } from '../../../src/shared/engineProtocol';

let verdicts: Verdict[];
let waiting: Set<object>;
let answer: () => Promise<Pong>;
let pings: number;
let heartbeat: Heartbeat;

function start(limit: number): void {
  heartbeat = new Heartbeat(
    {
      waiting,
      ping: () => {
        pings++;
        return answer();
      },
    },
    { limit: () => limit, onVerdict: (verdict) => verdicts.push(verdict) },
  );
}

beforeEach(() => {
  vi.useFakeTimers();
  verdicts = [];
  waiting = new Set([{}]);
  pings = 0;
  answer = () => Promise.resolve({ working: 1 });
});

afterEach(() => {
  heartbeat.dispose();
  vi.useRealTimers();
});

const seconds = (count: number): Promise<unknown> => vi.advanceTimersByTimeAsync(count * 1000);

describe('the heartbeat', () => {
  it('leaves an engine alone that answers, however long it works', async () => {
    start(3);
    await seconds(600);
    expect(verdicts).toEqual([]);
    expect(pings).toBeGreaterThan(500);
  });

  it('gives its verdict after so many seconds without an answer, once', async () => {
    answer = () => new Promise(() => undefined);
    start(3);
    await seconds(3);
    expect(verdicts).toEqual([]);
    await seconds(20);
    expect(verdicts).toEqual([{ kind: 'silent', seconds: 3 }]);
    expect(pings).toBe(1);
  });

  it('counts from anew after an answer that came late', async () => {
    answer = () => new Promise((resolve) => setTimeout(resolve, 2500, { working: 1 }));
    start(3);
    await seconds(60);
    expect(verdicts).toEqual([]);
  });

  it('does not ask an engine that has nothing to do, nor where it is turned off', async () => {
    waiting.clear();
    start(3);
    await seconds(10);
    heartbeat.dispose();
    waiting.add({});
    start(0);
    await seconds(10);
    expect(pings).toBe(0);
  });

  it('notices an answer that was lost, and not one that comes before the ping’s', async () => {
    const [request] = [...waiting];
    answer = () => {
      waiting.delete(request!);
      // Another is asked for meanwhile: the engine has not seen it yet.
      waiting.add({ later: true });
      return Promise.resolve({ working: 0 });
    };
    start(9);
    await seconds(1);
    expect(verdicts).toEqual([]);
    answer = () => Promise.resolve({ working: 0 });
    await seconds(1);
    expect(verdicts).toEqual([{ kind: 'lost' }]);
  });
});
