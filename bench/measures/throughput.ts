// Requests a second, with a connection for each, and over kept-alive connections.
import { wrk } from '../load/wrk.ts';
import { CONNECTIONS } from './measure.ts';
import type { Measure, Target } from './measure.ts';

const WARM_UP_SECONDS = 1;
const SECONDS = 2;

export const fresh: Measure = throughput('fresh', 'fresh connections', {
  perSecond: { bound: 'at least', value: 1.5, aim: 2.5 },
  p99: { bound: 'at most', value: null, aim: 0.5 },
});

export const keptAlive: Measure = throughput('keptAlive', 'kept-alive requests', {
  perSecond: { bound: 'at least', value: 0.97, aim: null },
  p99: null,
});

function throughput(
  name: 'fresh' | 'keptAlive',
  title: string,
  targets: { readonly perSecond: Target; readonly p99: Target | null },
): Measure {
  return {
    name,
    needs: 'wrk',
    contenders: ['ours', 'cluster', 'one', 'several', 'raw', 'other'],
    rounds: 7,
    runs: 'alone',
    async sample({ ports }, { seconds = SECONDS }) {
      const load = { ports, connections: CONNECTIONS, fresh: name === 'fresh' };
      await wrk({ ...load, seconds: WARM_UP_SECONDS });
      return { ...(await wrk({ ...load, seconds })) };
    },
    rows: [
      {
        key: 'perSecond',
        title: `${title} a second`,
        digits: 0,
        comparison: { of: 'ratio', baseline: 'cluster', target: targets.perSecond },
      },
      {
        key: 'p99Ms',
        title: `${title}: latency, 99th percentile, ms`,
        digits: 1,
        comparison: { of: 'ratio', baseline: 'cluster', target: targets.p99 },
      },
      {
        key: 'errors',
        title: `${title}: broken, timed out, or not answered with 2xx`,
        digits: 0,
        comparison: { of: 'count', outOf: 'sent', mustBeZero: false },
      },
    ],
  };
}
