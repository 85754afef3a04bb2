// Troubles that befall workers.
import http from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { stopInForce } from './deaths.ts';
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

/** By the watchdog, or at the end of its drain: the primary has to end it. */
export async function stopWorker(stage: Stage, victim: number): Promise<void> {
  for (const pid of await running(stage, victim)) {
    const isIts = ({ worker }: { worker?: { pid: number | null } }): boolean => worker?.pid === pid;
    const { service } = stage.life;
    if (!stage.signal(pid, 'SIGSTOP')) continue;
    await Promise.race([
      service.seen('worker crashed', { where: isIts }),
      service.seen('worker exited', { where: isIts }),
    ]);
  }
}

/** Over a connection of its own, whose only request may be lost with the worker: how it ends is of no interest. */
export async function askToEnd({ port }: Stage, how: string): Promise<void> {
  const signal = AbortSignal.timeout(ASKED_MS);
  const request = http.get({ host: HOST, port, path: `/end/${how}`, agent: false, signal });
  request.on('response', (response) => response.resume());
  request.on('error', () => undefined);
  await new Promise((resolve) => request.once('close', resolve));
  if (signal.aborted) throw new Error('nobody took the request');
}

/**
 * Longer than a worker that was stopped can keep it waiting, and than several troubles in a row can leave the service
 * without any ready worker: that time is reported by itself.
 */
const ASKED_MS = 120_000;

/** One that the soak has not stopped already: to continue it would spoil the other trouble. */
async function running(stage: Stage, victim: number): Promise<readonly number[]> {
  const [pid] = await chosen(stage, victim, 1);
  return pid === undefined || stopInForce(stage.acts, pid, Date.now()) !== undefined ? [] : [pid];
}

/** Of those that are ready; all: whoever there is, whatever it is doing. */
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
