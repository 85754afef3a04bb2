// Troubles of workers.
import http from 'node:http';
import { setTimeout } from 'node:timers/promises';
import type { LogLine } from '../helpers/service.ts';
import { stopInForce } from './exits.ts';
import { HOST } from './stage.ts';
import type { Stage } from './stage.ts';
import type { Trouble } from './trouble.ts';

type Of<T extends Trouble['type']> = Extract<Trouble, { type: T }>;

export async function killWorkers(stage: Stage, { count, victim }: Of<'kill-workers'>): Promise<void> {
  for (const pid of await chosen(stage, victim, count)) stage.signal(pid, 'SIGKILL');
}

export async function signalWorker(
  stage: Stage,
  victim: number,
  signal: 'SIGSEGV' | 'SIGTERM',
): Promise<void> {
  for (const pid of await chosen(stage, victim, 1)) stage.signal(pid, signal);
}

export async function pauseWorker(stage: Stage, { victim, ms }: Of<'pause-worker'>): Promise<void> {
  for (const pid of await running(stage, victim)) {
    if (!stage.signal(pid, 'SIGSTOP')) continue;
    await setTimeout(ms);
    stage.signal(pid, 'SIGCONT');
  }
}

/** The primary has to kill it: by the watchdog, or at the deadline of its drain. */
export async function stopWorker(stage: Stage, victim: number): Promise<void> {
  for (const pid of await running(stage, victim)) {
    const isIts = ({ worker }: LogLine): boolean => worker?.pid === pid;
    const { service } = stage.life;
    if (!stage.signal(pid, 'SIGSTOP')) continue;
    await Promise.race([
      service.seen('worker crashed', { where: isIts }),
      service.seen('worker exited', { where: isIts }),
    ]);
  }
}

/** On a fresh connection, whose only request may be lost with the worker: its outcome does not matter. */
export async function askToEnd({ port }: Stage, how: string): Promise<void> {
  const signal = AbortSignal.timeout(ASKED_MS);
  const request = http.get({ host: HOST, port, path: `/end/${how}`, agent: false, signal });
  request.on('response', (response) => response.resume());
  request.on('error', () => undefined);
  await new Promise((resolve) => request.once('close', resolve));
  if (signal.aborted) throw new Error('no worker accepted the request');
}

/**
 * Longer than a stopped worker can delay the request, and longer than several troubles in a row can leave the service
 * without a ready worker, which the report tells separately.
 */
const ASKED_MS = 120_000;

/** A worker that the soak has not stopped already: to continue that one would spoil the other trouble. */
async function running(stage: Stage, victim: number): Promise<readonly number[]> {
  const [pid] = await chosen(stage, victim, 1);
  return pid === undefined || stopInForce(stage.signals, pid, Date.now()) !== undefined ? [] : [pid];
}

/** Among the ready workers. `all`: every worker, in whatever state. */
async function chosen(
  { life }: Stage,
  victim: number,
  count: Of<'kill-workers'>['count'],
): Promise<readonly number[]> {
  if (count === 'all') {
    const { workers } = await life.status();
    return workers.flatMap(({ pid }) => (pid === null ? [] : [pid]));
  }
  const ready = await life.readyPids();
  const first = Math.floor(victim * ready.length);
  return [...ready.slice(first), ...ready.slice(0, first)].slice(0, count);
}
