// How much CPU time the workers spend on a kept-alive request. Steadier than requests a second: load generator and
// contender share the cores, and only the contender's time counts.
import { h2load } from '../load/h2load.ts';
import { cpuTimeMicros } from '../proc.ts';
import { CONNECTIONS } from './measure.ts';
import type { Measure } from './measure.ts';

export const cpu: Measure = {
  name: 'cpu',
  needs: 'h2load',
  contenders: ['ours', 'cluster', 'several', 'raw', 'other'],
  rounds: 7,
  async sample(running, { requests }) {
    await h2load(running.ports, Math.ceil(requests / 5), CONNECTIONS);
    // Asked for once: a worker that is not there any more afterwards fails the measure, as it should.
    const { workerPids } = running;
    const before = cpuTimeMicros(...workerPids);
    const answered = await h2load(running.ports, requests, CONNECTIONS);
    return { perRequest: (cpuTimeMicros(...workerPids) - before) / answered };
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
