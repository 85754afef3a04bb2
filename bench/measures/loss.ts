// Counts what is lost while workers change, by the clients of the zero-loss tests: they never repeat a request.
import { setTimeout } from 'node:timers/promises';
import { startLoad } from '../../test/helpers/load-client.ts';
import type { Load } from '../../test/helpers/load-client.ts';
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
  const request = () => ({ method: 'GET', path: '/' });
  const fresh = startLoad({ ...common, connections: 'fresh', request });
  const keptAlive = startLoad({ ...common, connections: 'kept-alive', request });
  const loads = [fresh, keptAlive];
  let changedMs = 0;
  try {
    await answered(loads, answers);
    const workers = running.workerPids;
    const successors = running.moreWorkersReady(workers.length);
    const changedAt = performance.now();
    change(workers);
    await successors;
    changedMs = performance.now() - changedAt;
    await gone(workers);
    await answered(loads, answers);
  } finally {
    await Promise.all(loads.map((load) => load.stop()));
  }
  return { fresh: await fresh.stop(), keptAlive: await keptAlive.stop(), changedMs };
}

async function answered(loads: readonly Load[], answers: number): Promise<void> {
  await Promise.all(loads.map((load) => load.more(answers)));
}

async function gone(pids: readonly number[]): Promise<void> {
  const deadline = performance.now() + GONE_WITHIN_MS;
  while (pids.some(isAlive)) {
    if (performance.now() > deadline) throw new Error(`old workers are still there: ${pids.join(', ')}`);
    await setTimeout(LOOK_AGAIN_MS);
  }
}
