/**
 * Runs jobs a few at a time. What they give is told in the order of the jobs, each as soon as it and
 * all before it are done.
 *
 * @template T
 * @param {readonly (() => Promise<T>)[]} jobs
 * @param {number} width How many run at the same time.
 * @param {(given: T) => void} tell
 * @returns {Promise<T[]>} In the order of the jobs.
 * @throws What the first job that fails throws; the others run to their ends.
 */
export async function sideBySide(jobs, width, tell) {
  /** @type {T[]} */
  const given = [];
  let next = 0;
  let told = 0;
  const worker = async () => {
    while (next < jobs.length) {
      const index = next++;
      const job = jobs[index];
      if (job === undefined) return;
      given[index] = await job();
      while (told in given) tell(/** @type {T} */ (given[told++]));
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: width }, worker));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return given;
}
