// Many rollouts, many requests: npm run endurance -- [--rollouts N] [--requests N], or [--distance [--rollouts N]]
import process from 'node:process';
import { parseArgs } from 'node:util';
import { conclude, wholeNumber } from '../helpers/command.ts';
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
const verdict = values.distance
  ? await measureDistance(wholeNumber('rollouts', values.rollouts, 3))
  : await endure({
      rollouts: wholeNumber('rollouts', values.rollouts, 50),
      requests: wholeNumber('requests', values.requests, 500_000),
    });
console.error(`${Math.round((performance.now() - startedAt) / 1_000)} s, Node ${process.version}`);
conclude(verdict);
