// The cost of the supervisor itself: the resident memory of the primary, which never loads the app, and of Node alone.
import { setTimeout } from 'node:timers/promises';
import { residentBytes } from '../proc.ts';
import type { Measure } from './measure.ts';

/** Each contender is measured after it has been ready for this long, when the garbage of its start is collected. */
const SECONDS = 3;

export const memory: Measure = {
  name: 'memory',
  needs: null,
  contenders: ['ours', 'cluster', 'bare', 'other'],
  rounds: 3,
  runs: 'alone',
  async sample({ primary }, { seconds = SECONDS }) {
    await setTimeout(seconds * 1000);
    return { megabytes: residentBytes(primary.pid) / 1e6 };
  },
  rows: [
    {
      key: 'megabytes',
      title: 'resident memory of the primary, MB',
      digits: 1,
      comparison: { of: 'difference', baseline: 'bare', target: { bound: 'at most', value: 20, aim: null } },
    },
  ],
};
