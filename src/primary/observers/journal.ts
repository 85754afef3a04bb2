// Tells people what happened: one structured log line and one typed event for each announcement.
import { EventEmitter } from 'node:events';
import type { Announcement } from '../../fleet/command.ts';
import type { Ending } from '../../fleet/fleet.ts';
import { fromErrorInfo, toPlainError } from '../../protocol/error-info.ts';
import { explainExit } from '../processes/exit-cause.ts';
import type { PrimaryLogger } from '../log/guard.ts';

/** What an event carries: the facts of the announcement, with the worker as others see it. */
export type Details<A extends Announcement> = Omit<A, 'type' | 'worker' | 'error' | 'ending'> &
  (A extends { worker: unknown } ? { readonly worker: WorkerName } : unknown) &
  (A extends { type: 'worker-exited' } ? { readonly explanation: string | null } : unknown) &
  (A extends { type: 'worker-disconnected' } ? { readonly explanation: string } : unknown) &
  (A extends { error: unknown } ? { readonly error: Told<A['error']> } : unknown) &
  (A extends { ending: unknown }
    ? { readonly reason: Ending['reason']; readonly exitCode: 0 | 1; readonly error: Error | null }
    : unknown);

/** One life of one worker. */
export interface WorkerName {
  readonly slot: number;
  readonly generation: number;
  /** Null: the process could not be made. */
  readonly pid: number | null;
}

type Told<E> = E extends null ? null : Error; // distributes: ErrorInfo | null becomes Error | null

/** The events of the primary, by name, with what their listeners are given. */
export type ClusteredEvents = { [A in Announcement as A['type']]: [details: Details<A>] };

type Level = 'debug' | 'info' | 'warn' | 'error';

/** The messages are constant, so that they can be searched for and alerted on; they are public. */
const LINES: { readonly [A in Announcement as A['type']]: readonly [Level, string] } = {
  'worker-forked': ['debug', 'worker forked'],
  'worker-ready': ['info', 'worker ready'],
  'worker-draining': ['info', 'worker draining'],
  'worker-killed': ['error', 'worker killed'],
  'worker-failing': ['error', 'worker failing'],
  'worker-disconnected': ['error', 'worker disconnected'],
  'worker-exited': ['info', 'worker exited'],
  'fork-failed': ['error', 'fork failed'],
  'respawn-delayed': ['warn', 'respawn delayed'],
  'fleet-ready': ['info', 'all workers ready'],
  'size-changed': ['info', 'size changed'],
  'rollout-started': ['info', 'rollout started'],
  'rollout-completed': ['info', 'rollout completed'],
  'rollout-aborted': ['error', 'rollout aborted'],
  'rollout-superseded': ['warn', 'rollout superseded'],
  'fleet-leaving': ['info', 'about to stop'],
  'fleet-stopping': ['info', 'stopping'],
};

const DISCONNECTED =
  'something in the app called process.disconnect() or cluster.worker.disconnect(), or closed the descriptor of the IPC ' +
  'channel: remove the call, worker.restart() and SIGTERM replace workers; this one finishes what it has accepted, and exits';

export interface Journal {
  readonly events: EventEmitter<ClusteredEvents>;
  log(announcement: Announcement): void;
  emit(announcement: Announcement): void;
}

export function createJournal(log: PrimaryLogger, pidOf: (worker: number) => number | null): Journal {
  const emitter: EventEmitter = new EventEmitter({ captureRejections: true });
  // A listener is the embedder's code: what it throws is told, and harms nobody.
  const survive = (error: unknown): void =>
    log.error({ err: toPlainError(error) }, 'an event listener failed');
  emitter.on('error', survive);
  return {
    events: emitter,
    log(announcement) {
      if (isMoot(announcement, pidOf)) return;
      const [level, message] = line(announcement);
      const { error, explanation, ...facts } = details(announcement, pidOf);
      log[level](
        { ...facts, ...(explanation ? { explanation } : {}), ...(error ? { err: error } : {}) },
        message,
      );
    },
    emit(announcement) {
      if (isMoot(announcement, pidOf)) return;
      try {
        emitter.emit(announcement.type, details(announcement, pidOf));
      } catch (error) {
        survive(error);
      }
    },
  };
}

/** A fork that has failed already is told as `fork failed`, and as nothing else. */
function isMoot(announcement: Announcement, pidOf: (worker: number) => number | null): boolean {
  return announcement.type === 'worker-forked' && pidOf(announcement.worker.id) === null;
}

/** An exit that nobody asked for is a crash; what needs explaining, help, or a restart of the service is an error. */
function line(announcement: Announcement): readonly [Level, string] {
  const [level, message] = LINES[announcement.type];
  switch (announcement.type) {
    case 'worker-exited':
      if (!announcement.expected) return ['error', 'worker crashed'];
      return explainExit(announcement) === null ? [level, message] : ['error', message];
    case 'respawn-delayed':
      return announcement.slowest ? ['error', 'respawn at the slowest pace'] : [level, message];
    case 'fleet-stopping':
      return announcement.ending.exitCode === 0 ? [level, message] : ['error', message];
    case 'worker-forked':
    case 'worker-ready':
    case 'worker-draining':
    case 'worker-killed':
    case 'worker-failing':
    case 'worker-disconnected':
    case 'fork-failed':
    case 'fleet-ready':
    case 'size-changed':
    case 'rollout-started':
    case 'rollout-completed':
    case 'rollout-aborted':
    case 'rollout-superseded':
    case 'fleet-leaving':
      return [level, message];
  }
}

/** {@link Details}, worked out. */
function details(
  announcement: Announcement,
  pidOf: (worker: number) => number | null,
): Record<string, unknown> {
  const { type: _, ...exact } = announcement;
  const facts = { ...exact, ...wholeNumbers(exact) };
  const worker = 'worker' in facts ? facts.worker : null;
  const ending = 'ending' in facts ? facts.ending : null;
  const error = ending?.error ?? ('error' in facts ? facts.error : null);
  return {
    ...facts,
    ...(worker && {
      worker: { slot: worker.slot, generation: worker.generation, pid: pidOf(worker.id) },
    }),
    ...(announcement.type === 'worker-exited' && { explanation: explainExit(announcement) }),
    ...(announcement.type === 'worker-disconnected' && { explanation: DISCONNECTED }),
    ...(ending && { ending: undefined, reason: ending.reason, exitCode: ending.exitCode }),
    ...('error' in facts || ending ? { error: error === null ? null : fromErrorInfo(error) } : {}),
  };
}

/** Times are exact only inside. */
function wholeNumbers(facts: object): Record<string, number> {
  return Object.fromEntries(
    Object.entries(facts).flatMap(([name, value]) =>
      typeof value === 'number' ? [[name, Math.round(value)]] : [],
    ),
  );
}
