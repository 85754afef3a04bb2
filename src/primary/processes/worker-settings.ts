// What a worker gets to know at its fork, before the first message.
import process from 'node:process';
import type { Settings } from '../../options/index.ts';
import { PROTOCOL } from '../../protocol/envelope.ts';
import type { WorkerSettings } from '../../protocol/worker-settings.ts';
import type { HeldSocket } from '../sockets/held-sockets.ts';
import { FIRST_INHERITED } from './worker-process.ts';

export function workerSettings(
  worker: Pick<WorkerSettings, 'slot' | 'generation' | 'ticketSecret'>,
  { policy, exitHandlers }: Settings,
  sockets: readonly HeldSocket[],
): WorkerSettings {
  const { shutdown, closeMs, watchdog, shed } = policy;
  const inherited = descriptorsOf(sockets);
  return {
    ...worker,
    protocol: PROTOCOL,
    primary: process.pid,
    sockets: sockets.map(({ fd, endpoint, backlog, isOfSlot }) => ({
      endpoint,
      backlog,
      fd: fd === null ? null : FIRST_INHERITED + inherited.indexOf(fd),
      isOfSlot,
    })),
    backlog: DEFAULT_BACKLOG,
    heartbeatMs: heartbeatMs(watchdog),
    shed,
    shutdown: { idleMs: shutdown.idleMs, graceMs: shutdown.graceMs },
    closeMs,
    exitHandlers,
  };
}

/** What the worker inherits, in that order. */
export function descriptorsOf(sockets: readonly HeldSocket[]): readonly number[] {
  return sockets.flatMap(({ fd }) => fd ?? []);
}

export function heartbeatMs(watchdog: Settings['policy']['watchdog']): number {
  return watchdog === false ? HEARTBEAT_MS : Math.min(HEARTBEAT_MS, watchdog.timeoutMs / 10);
}

/** For releases that know one backlog for all sockets. */
const DEFAULT_BACKLOG = 511;

/**
 * How often a worker gives a sign of life, in ms. That is often enough for a worker which is silent for a little less than
 * `watchdog.timeoutMs` not to be taken for dead; and no more often, since each sign wakes the primary.
 */
const HEARTBEAT_MS = 3_000;
