// Requests a second, with a connection for each, and over kept-alive connections.
//
// The machine may be twice as fast, or half as fast, for seconds on end. So all contenders run at once and take
// turns, a second each; between its turns a contender is idle. Each turn opens new connections, so that no contender
// keeps an even or uneven spread of them over its workers for longer.
import { wrk } from '../load/wrk.ts';
import type { WrkResult } from '../load/wrk.ts';
import { rotated } from '../rotation.ts';
import { median } from '../statistics.ts';
import { CONNECTIONS } from './measure.ts';
import type { Measure, Target } from './measure.ts';

const TURN_SECONDS = 1;
/** Of each contender, in a round. */
const SECONDS = 5;

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
    contenders: ['ours', 'unshed', 'reusePort', 'roundRobin', 'cluster', 'one', 'several', 'raw', 'other'],
    rounds: 7,
    runs: 'together',
    async sample(all, { seconds = SECONDS }) {
      const load = { connections: CONNECTIONS, fresh: name === 'fresh', seconds: TURN_SECONDS };
      const tallies = all.map(({ ports }) => ({ ports, turns: [] as WrkResult[] }));
      for (const { ports } of tallies) await wrk({ ...load, ports });
      for (let turn = 0; turn < seconds / TURN_SECONDS; turn += 1) {
        for (const { ports, turns } of rotated(tallies, turn)) turns.push(await wrk({ ...load, ports }));
      }
      return tallies.map(({ turns }) => ({
        perSecond: sum(turns, 'sent') / sum(turns, 'seconds'),
        // Of a turn: the generator reports no other latency.
        p99Ms: median(turns.map(({ p99Ms }) => p99Ms)),
        sent: sum(turns, 'sent'),
        errors: sum(turns, 'errors'),
      }));
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

function sum(turns: readonly WrkResult[], what: keyof WrkResult): number {
  return turns.reduce((total, turn) => total + turn[what], 0);
}
