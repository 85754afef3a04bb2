// How many requests a rolling restart under full load costs. Both are asked for it by SIGUSR2, both start successors first.
import process from 'node:process';
import { lossesOver } from './loss.ts';
import type { Measure } from './measure.ts';

export const rollout: Measure = {
  name: 'rollout',
  needs: null,
  contenders: ['ours', 'reusePort', 'roundRobin', 'cluster', 'other'],
  rounds: 3,
  runs: 'alone',
  async sample(running) {
    const { fresh, keptAlive } = await lossesOver(
      running,
      () => process.kill(running.primary.pid, 'SIGUSR2'),
      { thinkMs: 0 },
    );
    return {
      freshLost: fresh.lost,
      freshSent: fresh.sent,
      keptAliveLost: keptAlive.lost,
      keptAliveSent: keptAlive.sent,
    };
  },
  rows: [
    {
      key: 'freshLost',
      title: 'rollout: lost on fresh connections',
      digits: 0,
      comparison: { of: 'count', outOf: 'freshSent', mustBeZero: true },
    },
    {
      key: 'keptAliveLost',
      title: 'rollout: lost on kept-alive connections',
      digits: 0,
      comparison: { of: 'count', outOf: 'keptAliveSent', mustBeZero: true },
    },
  ],
};
