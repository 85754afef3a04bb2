// 12,000 histories of trouble, others in each run. SIMULATION_SEED repeats those of an earlier run.
import assert from 'node:assert/strict';
import test from 'node:test';
import { randomSeed, simulate } from './simulation.ts';

const seed = Number(process.env['SIMULATION_SEED'] ?? randomSeed());

test(`the invariants hold in 12,000 histories of trouble (seed ${seed})`, (t) => {
  const { coverage, failure } = simulate({ runs: 12_000, seed });
  if (failure !== null) assert.fail(failure);
  for (const line of coverage.table.split('\n')) t.diagnostic(line);
  assert.deepEqual(coverage.missing, [], 'every situation came up');
});
