// A real fleet of far more workers than there are cores: does it come, and roll, at the pace of its boots; what is lost
// meanwhile; and what does its primary cost when there is nothing to do?
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { manyBoots } from '../contenders.ts';
import { cpuTimeMicros } from '../proc.ts';
import { Running } from '../running.ts';
import { lossesOver } from './loss.ts';
import type { Measure, Target } from './measure.ts';

const WORKERS = 64;
/** As many boots are under way at once in a rollout, and of the plain processes that it is compared with. */
const AT_ONCE = 2;
const IDLE_SECONDS = 20;
/** By then the after-effects of the boots are over. */
const SETTLE_MS = 3_000;
const READY_WITHIN_MS = 300_000;
/** Light: the cores are for the boots. */
const LOAD = { clients: 4, thinkMs: 50, answers: 100 };

export const large: Measure = {
  name: 'large',
  needs: null,
  contenders: ['ours', 'other'],
  rounds: 3,
  runs: 'on its own',
  async sample(contender, { seconds = IDLE_SECONDS }) {
    const plainSeconds = await secondsOf(Promise.all(Array.from({ length: AT_ONCE }, bootOneByOne)));
    const rollout = JSON.stringify({ maxSurge: AT_ONCE, minReadyMs: 0 });
    const env = { ...contender.env, ROLLOUT: rollout };
    const starting = Running.start({ ...contender, env }, WORKERS, READY_WITHIN_MS);
    const bootSeconds = await secondsOf(starting);
    const running = await starting;
    try {
      await setTimeout(SETTLE_MS);
      const { pid } = running.primary;
      const before = cpuTimeMicros(pid);
      await setTimeout(seconds * 1_000);
      const idlePercent = (cpuTimeMicros(pid) - before) / seconds / 1e4;
      const { changedMs, fresh, keptAlive } = await lossesOver(
        running,
        () => process.kill(pid, 'SIGUSR2'),
        LOAD,
      );
      return {
        plainSeconds,
        bootSeconds,
        rolloutSeconds: changedMs / 1_000,
        bootsPace: bootSeconds / plainSeconds,
        rolloutsPace: changedMs / 1_000 / plainSeconds,
        idlePercent,
        lost: fresh.lost + keptAlive.lost,
        sent: fresh.sent + keptAlive.sent,
      };
    } finally {
      await running.stop();
    }
  },
  rows: [
    figure('plainSeconds', `${WORKERS} plain processes boot, ${AT_ONCE} at a time, s`, 1),
    figure('bootSeconds', `fleet of ${WORKERS}: until all are ready, s`, 1),
    figure('rolloutSeconds', `fleet of ${WORKERS}: a rollout, maxSurge ${AT_ONCE}, s`, 1),
    figure('bootsPace', `fleet of ${WORKERS}: its start in times of the plain boots`, 2),
    figure('rolloutsPace', `fleet of ${WORKERS}: a rollout in times of the plain boots`, 2),
    figure('idlePercent', `fleet of ${WORKERS}: CPU share of the idle primary, % of a core`, 2, {
      bound: 'at most',
      value: 1,
      aim: null,
    }),
    {
      key: 'lost',
      title: `fleet of ${WORKERS}: lost over a rollout`,
      digits: 0,
      comparison: { of: 'count', outOf: 'sent', mustBeZero: true },
    },
  ],
};

async function bootOneByOne(): Promise<void> {
  for (let boot = 0; boot < WORKERS / AT_ONCE; boot += 1) {
    const running = await Running.start(manyBoots, 1);
    await running.stop();
  }
}

async function secondsOf(what: Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await what;
  return (performance.now() - startedAt) / 1_000;
}

function figure(
  key: string,
  title: string,
  digits: number,
  target: Target | null = null,
): Measure['rows'][number] {
  return { key, title, digits, comparison: { of: 'figure', target } };
}
