// Many rollouts, many requests: npm run endurance -- [--rollouts N] [--requests N], or [--distance [--rollouts N]]
import process from 'node:process';
import { parseArgs } from 'node:util';
import { measureDistance } from './distance.ts';
import { endure } from './endure.ts';

const { values } = parseArgs({
  options: {
    rollouts: { type: 'string' },
    requests: { type: 'string' },
    distance: { type: 'boolean', default: false },
  },
});

const startedAt = performance.now();
const passed = values.distance
  ? await measureDistance(whole('rollouts', values.rollouts, 3))
  : await endure({
      rollouts: whole('rollouts', values.rollouts, 50),
      requests: whole('requests', values.requests, 500_000),
    });
console.error(`${Math.round((performance.now() - startedAt) / 1_000)} s, Node ${process.version}`);
process.exitCode = passed ? 0 : 1;

function whole(name: string, given: string | undefined, fallback: number): number {
  const number = given === undefined ? fallback : Number(given);
  if (!Number.isInteger(number) || number < 1)
    throw new Error(`--${name} is ${given}; allowed: a whole number above 0`);
  return number;
}
