// Runs any number of histories: npm run simulate -- [--runs N] [--seed N] [--path P]
//
// It fails if an invariant does not hold, or if a situation never came up: 16,000 histories are enough for each.
import process from 'node:process';
import { parseArgs } from 'node:util';
import { randomSeed, simulate } from './simulation.ts';

const { values } = parseArgs({
  options: { runs: { type: 'string' }, seed: { type: 'string' }, path: { type: 'string' } },
});

const seed = values.seed === undefined ? randomSeed() : Number(values.seed);
const runs = Number(values.runs ?? 100_000);
const startedAt = performance.now();
console.log(`Seed ${seed}`);
const { coverage, failure } = simulate({ runs, seed, path: values.path });
if (failure === null) {
  console.log(coverage.table);
  if (values.path === undefined && coverage.missing.length > 0) {
    console.error(`Never came up: ${coverage.missing.join('; ')}`);
    process.exitCode = 1;
  }
  console.log(`Every invariant held, ${Math.round(performance.now() - startedAt)} ms.`);
} else {
  console.error(failure);
  process.exitCode = 1;
}
