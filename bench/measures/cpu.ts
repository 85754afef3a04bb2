// How much CPU time the workers spend on a kept-alive request. Steadier than requests a second: load generator and
// contender share the cores, and only the contender's time counts.
import { h2load } from '../load/h2load.ts';
import { cpuTimeMicros } from '../proc.ts';
import type { Running } from '../running.ts';
import { CONNECTIONS } from './measure.ts';
import type { Measure } from './measure.ts';

export const cpu: Measure = {
  name: 'cpu',
  needs: 'h2load',
  contenders: ['ours', 'cluster', 'one', 'several', 'raw', 'other'],
  rounds: 7,
  async sample(running, { requests }) {
    await h2load(running.ports, Math.ceil(requests / 5), CONNECTIONS);
    const before = spentBy(running);
    const answered = await h2load(running.ports, requests, CONNECTIONS);
    return { perRequest: (spentBy(running) - before) / answered };
  },
  rows: [
    {
      key: 'perRequest',
      title: 'CPU time of the workers for a kept-alive request, µs',
      digits: 2,
      comparison: {
        of: 'ratio',
        baseline: 'cluster',
        target: { bound: 'at most', value: 1.05, aim: 1.02 },
      },
    },
  ],
};

function spentBy({ workerPids }: Running): number {
  return workerPids.reduce((sum, pid) => sum + cpuTimeMicros(pid), 0);
}
