// Every worker is killed at once under load. The requests that they had accepted are lost with any supervisor; no other
// connection should be refused, or wait for an answer that never comes.
import process from 'node:process';
import { lossesOver } from './loss.ts';
import type { Measure } from './measure.ts';

/** A refused client comes back after this pause; otherwise refusals would take the cores that new workers need to start. */
const THINK_MS = 10;

export const killAll: Measure = {
  name: 'killAll',
  needs: null,
  contenders: ['ours', 'reusePort', 'roundRobin', 'cluster', 'other'],
  rounds: 3,
  runs: 'alone',
  async sample(running) {
    const { fresh, keptAlive } = await lossesOver(
      running,
      (workers) => workers.forEach((pid) => process.kill(pid, 'SIGKILL')),
      { thinkMs: THINK_MS },
    );
    const reports = [fresh, keptAlive];
    const sum = (of: (report: (typeof reports)[number]) => number): number =>
      reports.reduce((total, report) => total + of(report), 0);
    return {
      refused: sum(({ refused }) => refused),
      hung: sum(({ hung }) => hung),
      inFlight: sum(({ reset, cut }) => reset + cut),
      other: sum(({ serverError, wrongAnswer }) => serverError + wrongAnswer),
      sent: sum(({ sent }) => sent),
    };
  },
  rows: [
    row('refused', 'all workers killed: refused', true),
    row('hung', 'all workers killed: hung', true),
    row('inFlight', 'all workers killed: broken off in flight', false),
    row('other', 'all workers killed: answered wrongly, or with 5xx', true),
  ],
};

function row(key: string, title: string, mustBeZero: boolean): Measure['rows'][number] {
  return { key, title, digits: 0, comparison: { of: 'count', outOf: 'sent', mustBeZero } };
}
