// Many rollouts, many requests: npm run endurance -- [--rollouts N] [--requests N] [--protocol https|http2|http2-tls], or [--distance [--rollouts N]]
import process from 'node:process';
import { parseArgs } from 'node:util';
import { conclude, wholeNumber } from '../helpers/command.ts';
import { measureDistance } from './distance.ts';
import { endure } from './endure.ts';
import { PROTOCOLS } from './protocols.ts';
import type { Protocol } from './protocols.ts';

const { values } = parseArgs({
  options: {
    rollouts: { type: 'string' },
    requests: { type: 'string' },
    protocol: { type: 'string', default: 'http' },
    distance: { type: 'boolean', default: false },
  },
});

const startedAt = performance.now();
const verdict = values.distance
  ? await measureDistance(wholeNumber('rollouts', values.rollouts, 3))
  : await endure(protocolOf(values.protocol), {
      rollouts: wholeNumber('rollouts', values.rollouts, 50),
      requests: wholeNumber('requests', values.requests, 500_000),
    });
console.error(`${Math.round((performance.now() - startedAt) / 1_000)} s, Node ${process.version}`);
conclude(verdict);

function protocolOf(name: string): Protocol {
  const protocol = PROTOCOLS[name];
  if (protocol !== undefined) return protocol;
  throw new Error(`--protocol is ${name}; allowed: ${Object.keys(PROTOCOLS).join(', ')}`);
}
