// How evenly connections that are kept alive are spread over the workers, after what makes them uneven: the largest share, by the mean.
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { KeptClients } from '../../test/helpers/kept-clients.ts';
import type { Contender } from '../contenders.ts';
import { sharesOf } from '../proc.ts';
import { Running } from '../running.ts';
import { CONNECTIONS } from './measure.ts';
import type { Measure, Sample } from './measure.ts';

const WORKERS = 4;
/** Seconds after the event. */
const LOOKS = [0, 5, 15] as const;
/** Between one connection and the next, where they come one by one, in ms. */
const APART_MS = 30;

interface Case {
  readonly key: string;
  readonly title: string;
  readonly workers: number;
  readonly apartMs?: number;
  /** What happens once all clients are served. Resolves when the workers are there again. */
  happen?(running: Running): Promise<void>;
}

const CASES: readonly Case[] = [
  { key: 'burst', title: `${CONNECTIONS} at once`, workers: WORKERS },
  { key: 'oneByOne', title: 'one by one', workers: WORKERS, apartMs: APART_MS },
  {
    key: 'scaleUp',
    title: `1 worker, then ${WORKERS}`,
    workers: 1,
    async happen(running) {
      for (let worker = 1; worker < WORKERS; worker += 1) {
        const ready = running.moreWorkersReady(1);
        process.kill(running.primary.pid, 'SIGTTIN');
        await ready;
      }
    },
  },
  {
    key: 'rollout',
    title: 'a rollout',
    workers: WORKERS,
    async happen(running) {
      const ready = running.moreWorkersReady(WORKERS);
      process.kill(running.primary.pid, 'SIGUSR2');
      await ready;
      // The last one of before drains.
      while (running.workerPids.length > WORKERS) await setTimeout(20);
    },
  },
  {
    key: 'kill',
    title: 'a SIGKILL',
    workers: WORKERS,
    async happen(running) {
      const ready = running.moreWorkersReady(1);
      process.kill(running.workerPids[0] ?? 0, 'SIGKILL');
      await ready;
    },
  },
];

export const evenness: Measure = {
  name: 'evenness',
  needs: null,
  contenders: ['ours', 'unshed', 'reusePort', 'roundRobin', 'cluster'],
  rounds: 3,
  runs: 'on its own',
  async sample(contender) {
    const samples: Sample[] = [];
    for (const each of CASES) samples.push(await sampleOf(each, contender));
    return Object.assign({}, ...samples);
  },
  rows: CASES.flatMap(({ key, title }) => [
    ...LOOKS.map((seconds) => ({
      key: `${key}${seconds}`,
      title: `${title}: largest share after ${seconds} s, by the mean`,
      digits: 2,
      comparison: {
        of: 'figure',
        target: seconds === 15 ? ({ bound: 'at most', value: 1.3, aim: null } as const) : null,
      } as const,
    })),
    {
      key: `${key}Lost`,
      title: `${title}: lost`,
      digits: 0,
      // In a crash, what was in flight.
      comparison: { of: 'count', outOf: `${key}Sent`, mustBeZero: key !== 'kill' } as const,
    },
  ]),
};

async function sampleOf({ key, workers, apartMs = 0, happen }: Case, contender: Contender): Promise<Sample> {
  const running = await Running.start(contender, workers);
  const clients = new KeptClients({ origin: running.origin, clients: CONNECTIONS, apartMs });
  try {
    await setTimeout(CONNECTIONS * apartMs);
    await clients.more(3 * CONNECTIONS);
    await happen?.(running);
    const from = performance.now();
    const sample: Record<string, number> = {};
    for (const seconds of LOOKS) {
      await setTimeout(Math.max(0, from + seconds * 1_000 - performance.now()));
      const shares = sharesOf(running.workerPids, running.primary.port);
      sample[`${key}${seconds}`] = Math.max(...shares) / (CONNECTIONS / shares.length);
    }
    await clients.stop();
    sample[`${key}Lost`] = clients.lost.length;
    sample[`${key}Sent`] = clients.lost.length + clients.answered;
    return sample;
  } finally {
    await clients.stop();
    await running.stop();
  }
}
