// What the supervisor itself takes: the resident memory of the primary, which never loads the app, and of Node alone.
import { setTimeout } from 'node:timers/promises';
import { residentBytes } from '../proc.ts';
import type { Measure } from './measure.ts';

/** All are looked at when they have been ready for this long: what start-up leaves behind is collected by and by. */
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
