// Counts the requests lost while workers change, with the clients of the zero-loss tests, which never retry.
import { setTimeout } from 'node:timers/promises';
import { startLoads } from '../../test/helpers/loads.ts';
import type { LoadReport } from '../../test/helpers/load-report.ts';
import { isAlive } from '../proc.ts';
import type { Running } from '../running.ts';

/** On fresh connections, and as many on kept-alive ones, both at once. */
const CLIENTS = 32;
const ANSWERS = 500;
const HUNG_AFTER_MS = 10_000;
const GONE_WITHIN_MS = 60_000;
const LOOK_AGAIN_MS = 20;

export interface Losses {
  readonly fresh: LoadReport;
  readonly keptAlive: LoadReport;
  /** From the change until as many new workers were ready. */
  readonly changedMs: number;
}

export interface LossOptions {
  readonly thinkMs: number;
  /** On each kind of connection. */
  readonly clients?: number;
  /** On each kind of connection, before the change and again after it. */
  readonly answers?: number;
}

/** Load before, during and after the change, until as many new workers are ready and the old ones have gone. */
export async function lossesOver(
  running: Running,
  change: (workers: readonly number[]) => void,
  { thinkMs, clients = CLIENTS, answers = ANSWERS }: LossOptions,
): Promise<Losses> {
  const common = { origin: running.origin, clients, hungAfterMs: HUNG_AFTER_MS, thinkMs };
  const loads = startLoads({ ...common, connections: 'fresh' }, { ...common, connections: 'kept-alive' });
  let changedMs = 0;
  try {
    await loads.more(answers);
    const workers = running.workerPids;
    const successors = running.moreWorkersReady(workers.length);
    const changedAt = performance.now();
    change(workers);
    await successors;
    changedMs = performance.now() - changedAt;
    await gone(workers);
    await loads.more(answers);
  } finally {
    await loads.stop();
  }
  const [fresh, keptAlive] = await loads.stop();
  if (fresh === undefined || keptAlive === undefined) throw new Error('unreachable: there are two loads');
  return { fresh, keptAlive, changedMs };
}

async function gone(pids: readonly number[]): Promise<void> {
  const deadline = performance.now() + GONE_WITHIN_MS;
  while (pids.some(isAlive)) {
    if (performance.now() > deadline) throw new Error(`old workers are still there: ${pids.join(', ')}`);
    await setTimeout(LOOK_AGAIN_MS);
  }
}
