// How much CPU time the workers spend on a kept-alive request. Steadier than requests a second: load generator and
// contender share the cores, and only the contender's time counts.
//
// What else the machine does changes it nevertheless, by cold caches and shared cores, and from second to second. So all
// contenders run at once and take turns, a slice of the requests each; between its turns a contender is idle.
import { h2load } from '../load/h2load.ts';
import { cpuTimeMicros } from '../proc.ts';
import { rotated } from '../rotation.ts';
import { CONNECTIONS } from './measure.ts';
import type { Measure } from './measure.ts';

const SLICES = 20;
/** Of as many requests as are measured. */
const WARM_UP_SHARE = 0.2;

export const cpu: Measure = {
  name: 'cpu',
  needs: 'h2load',
  contenders: ['ours', 'cluster', 'several', 'raw', 'other'],
  rounds: 7,
  runs: 'together',
  async sample(all, { requests }) {
    const tallies = all.map((running) => ({ running, micros: 0, answered: 0 }));
    for (const { ports } of all) await h2load(ports, Math.ceil(requests * WARM_UP_SHARE), CONNECTIONS);
    for (let slice = 0; slice < SLICES; slice += 1) {
      for (const tally of rotated(tallies, slice)) {
        // Asked for beforehand: a worker that has gone in the meantime fails the measure, as it should.
        const { ports, workerPids } = tally.running;
        const before = cpuTimeMicros(...workerPids);
        tally.answered += await h2load(ports, Math.ceil(requests / SLICES), CONNECTIONS);
        tally.micros += cpuTimeMicros(...workerPids) - before;
      }
    }
    return tallies.map(({ micros, answered }) => ({ perRequest: micros / answered, answered }));
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
