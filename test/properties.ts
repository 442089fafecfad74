import fc from 'fast-check';

// Laws are tested on the same cases every time, so that a change is to blame when one fails.
// BASIN_SEED=random tries others; a failure prints the seed that repeats it.
const wanted = process.env.BASIN_SEED;
if (wanted !== 'random') fc.configureGlobal({ seed: wanted === undefined ? 1 : Number(wanted) });
