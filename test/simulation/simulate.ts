// Runs any number of histories: npm run simulate -- [--runs N] [--seed N] [--path P]
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
  console.log(`Every invariant held, ${Math.round(performance.now() - startedAt)} ms.`);
} else {
  console.error(failure);
  process.exitCode = 1;
}
