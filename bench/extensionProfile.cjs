/* eslint-disable @typescript-eslint/no-require-imports -- VS Code loads it with require. */
// Blocks of the event loop while something goes on, and how much of each was one extension's code.
const { Session } = require('node:inspector');

/** Between two samples of the profiler, microseconds. */
const SAMPLING = 500;

/** Of the clock of the profiler, microseconds. */
const now = () => Number(process.hrtime.bigint() / 1000n);

/** What this thread has had of the processor, microseconds. */
const processor = () => {
  const { user, system } = process.threadCpuUsage();
  return user + system;
};

/**
 * A timer of a millisecond tells how long the event loop came to nothing else; a profile of the
 * same time tells whose work it was. Collections of garbage are counted to whom they interrupted.
 *
 * @param {(url: string) => boolean} isOwn Whether a script is the extension's.
 * @param {() => PromiseLike<unknown>} during
 * @returns Milliseconds, each with the most first: `longest` blocks, of the `processor` time in one
 *   block all, and the extension's `own`; and the profile itself.
 */
exports.blocks = async (isOwn, during) => {
  const session = new Session();
  session.connect();
  const post = (method, parameters) =>
    new Promise((resolve, reject) => {
      session.post(method, parameters, (error, result) =>
        error ? reject(error) : resolve(result),
      );
    });
  await post('Profiler.enable');
  await post('Profiler.setSamplingInterval', { interval: SAMPLING });
  await post('Profiler.start');
  const found = [];
  let running = true;
  const tick = () => {
    if (!running) return;
    const begun = now();
    const before = processor();
    setTimeout(() => {
      found.push({ begun, ended: now(), used: processor() - before });
      tick();
    }, 1);
  };
  tick();
  const used = process.cpuUsage();
  const started = now();
  await during();
  const { user, system } = process.cpuUsage(used);
  const seconds = (now() - started) / 1e6;
  running = false;
  const { profile } = await post('Profiler.stop');
  session.disconnect();

  const own = ownTime(profile, isOwn);
  const blocked = found
    .map(({ begun, ended, used }) => ({
      begun,
      ended,
      processor: used / 1000,
      // The timer itself takes a millisecond.
      milliseconds: (ended - begun) / 1000 - 1,
      // While the processor was somebody else's it was not the extension's.
      own: Math.min(own(ended) - own(begun), used) / 1000,
    }))
    .sort((a, b) => b.own - a.own);
  const worst = (values) => values.sort((a, b) => b - a).slice(0, 5);
  return {
    profile,
    blocked: blocked.slice(0, 20),
    report: {
      seconds,
      cpuSeconds: (user + system) / 1e6,
      ownSeconds: own(Infinity) / 1e6,
      longest: worst(blocked.map(({ milliseconds }) => milliseconds)),
      processor: worst(blocked.map((each) => each.processor)),
      own: worst(blocked.map((each) => each.own)),
      over16: blocked.filter(({ milliseconds }) => milliseconds > 16).length,
    },
  };
};

/** @returns The extension's own microseconds until a time, by that time. */
function ownTime(profile, isOwn) {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(
    profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])),
  );
  const known = new Map();
  const isOwnNode = (id) => {
    if (id === undefined) return false;
    if (!known.has(id)) {
      known.set(id, isOwn(nodes.get(id).callFrame.url) || isOwnNode(parents.get(id)));
    }
    return known.get(id);
  };
  const times = [];
  const sums = [];
  let time = profile.startTime;
  let sum = 0;
  let before = false;
  profile.samples.forEach((id, index) => {
    const delta = profile.timeDeltas[index];
    // A sample speaks for the time until the next.
    if (before) sum += delta;
    time += delta;
    times.push(time);
    sums.push(sum);
    const collecting = nodes.get(id).callFrame.functionName === '(garbage collector)';
    before = collecting ? before : isOwnNode(id);
  });
  return (until) => {
    let low = 0;
    let high = times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle] <= until) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : sums[low - 1];
  };
}
