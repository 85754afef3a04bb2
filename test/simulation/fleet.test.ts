// 2,000 histories of trouble, others in each run. SIMULATION_SEED repeats those of an earlier run. That every situation comes up
// takes more of them: see simulate.ts.
import assert from 'node:assert/strict';
import test from 'node:test';
import { randomSeed, simulate } from './simulation.ts';

const seed = Number(process.env['SIMULATION_SEED'] ?? randomSeed());

test(`the invariants hold in 2,000 histories of trouble (seed ${seed})`, (t) => {
  const { coverage, failure } = simulate({ runs: 2_000, seed });
  if (failure !== null) assert.fail(failure);
  for (const line of coverage.table.split('\n')) t.diagnostic(line);
});
