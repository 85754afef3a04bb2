// The tutorial's CPU-bound route under its own load. With as many processes as cores nothing can be faster than plain
// processes, each with a port and a load generator of its own; how near does one address come?
//
// To be fair, every contender is loaded by as many ab's as there are workers, with the same number of connections each, so
// that the generators take the same share of the cores. Plain processes get one ab each, the even spread that a perfect
// load balancer would give them for free; for the other contenders all ab's have the same address.
import { ab } from '../load/ab.ts';
import { cpuTimeMicros } from '../proc.ts';
import type { Measure } from './measure.ts';

const CONNECTIONS = 500;
const SECONDS = 10;
const WARM_UP_SECONDS = 1;
const PATH = '/cpu?turns=10000000';

export const tutorial: Measure = {
  name: 'tutorial',
  needs: 'ab',
  contenders: ['ours', 'cluster', 'one', 'several', 'other'],
  rounds: 3,
  runs: 'alone',
  async sample(running, { seconds = SECONDS }) {
    const { ports, workerPids } = running;
    await ab(ports, PATH, { seconds: WARM_UP_SECONDS, connections: 4 * ports.length });
    const before = cpuTimeMicros(...workerPids);
    const { perSecond, sent, failed } = await ab(ports, PATH, { seconds, connections: CONNECTIONS });
    const perCore = perSecond / workerPids.length;
    // If a request costs the same CPU time everywhere, and yet fewer are answered, a worker was idle or the machine busy.
    const cpuMsPerRequest = (cpuTimeMicros(...workerPids) - before) / 1000 / sent;
    return { perSecond, perCore, sent, failed, cpuMsPerRequest };
  },
  rows: [
    {
      key: 'perSecond',
      title: 'tutorial, CPU-bound: requests a second',
      digits: 1,
      comparison: {
        of: 'ratio',
        baseline: 'several',
        target: { bound: 'at least', value: 0.97, aim: null },
      },
    },
    {
      key: 'perCore',
      title: 'tutorial, CPU-bound: requests a second for each core in use',
      digits: 1,
      comparison: { of: 'ratio', baseline: 'one', target: null },
    },
    {
      key: 'failed',
      title: 'tutorial, CPU-bound: failed',
      digits: 0,
      comparison: { of: 'count', outOf: 'sent', mustBeZero: false },
    },
  ],
};
