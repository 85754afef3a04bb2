// One turn of `step` while it is being worked out: the fleet so far, and the commands so far.
import type { Announcement, Command } from './command.ts';
import type { ErrorInfo } from './event.ts';
import { isAvailable, positionOf } from './fleet.ts';
import type { Fleet } from './fleet.ts';
import { exchanged } from './occupancy.ts';
import type { Exchange } from './occupancy.ts';
import type { DrainTimes } from './policy.ts';
import type { DrainCause, KillCause, Active, Worker } from './worker.ts';

/** The outside world, as far as a decision may look at it. */
export interface Context {
  /** Awake time in milliseconds: it stands still while the primary does not run. */
  readonly now: number;
  /** All that workers had said until this time, which is not after now, is known: who had not spoken was silent. */
  readonly heardUntil: number;
  /** A number from 0 up to, but not including, 1. */
  readonly random: () => number;
}

/** A worker that stopped serving, or being about to, without having been asked. */
export interface Failure {
  /** As it was known just before. */
  readonly worker: Active;
  readonly how: 'failed' | 'exited' | 'fork-failed' | 'timed-out' | 'incompatible';
  readonly error: ErrorInfo | null;
}

export interface Turn {
  /** As it was before the event. */
  readonly before: Fleet;
  readonly fleet: Fleet;
  readonly commands: readonly Command[];
  readonly deaths: readonly Failure[];
}

/** A rule turns what is known into what is to be done about it. */
export type Rule = (turn: Turn, context: Context) => Turn;

export function change(turn: Turn, changed: Partial<Fleet>): Turn {
  return { ...turn, fleet: { ...turn.fleet, ...changed } };
}

export function command(turn: Turn, ...commands: readonly Command[]): Turn {
  return { ...turn, commands: [...turn.commands, ...commands] };
}

export function announce(turn: Turn, announcement: Announcement): Turn {
  return command(turn, { type: 'announce', announcement });
}

export function addFailure(turn: Turn, death: Failure): Turn {
  return { ...turn, deaths: [...turn.deaths, death] };
}

export function replaceWorker(turn: Turn, worker: Worker): Turn {
  const { workers } = turn.fleet;
  const at = positionOf(workers, worker.id);
  const was = workers[at];
  return was?.id === worker.id ? exchange(turn, { was, is: worker }, workers.with(at, worker)) : turn;
}

export function removeWorker(turn: Turn, worker: Worker): Turn {
  const { workers } = turn.fleet;
  const at = positionOf(workers, worker.id);
  const was = workers[at];
  return was?.id === worker.id ? exchange(turn, { was, is: null }, workers.toSpliced(at, 1)) : turn;
}

/** Its id is the highest ever. */
export function addWorker(turn: Turn, worker: Worker): Turn {
  const { workers } = turn.fleet;
  return exchange(change(turn, { lastWorkerId: worker.id }), { was: null, is: worker }, [...workers, worker]);
}

function exchange(turn: Turn, exchange: Exchange, workers: readonly Worker[]): Turn {
  const { occupancy, slots } = turn.fleet;
  const isAvailableNow = (worker: Worker): boolean => isAvailable(turn.fleet, worker);
  return change(turn, { workers, occupancy: exchanged(occupancy, exchange, slots.length, isAvailableNow) });
}

/** What a drain may take at the most, before the primary kills. */
export function drainLimitMs(fleet: Fleet, times: DrainTimes): number {
  return times.graceMs + fleet.policy.closeMs;
}

export function drain(turn: Turn, worker: Worker, cause: DrainCause, context: Context): Turn {
  const { policy } = turn.fleet;
  const final = cause === 'shutdown';
  const { idleMs, graceMs } = final ? policy.shutdown : policy.rollout;
  const limit = context.now + drainLimitMs(turn.fleet, { idleMs, graceMs });
  const draining: Worker = {
    ...life(worker),
    state: 'draining',
    cause,
    killAt: worker.state === 'draining' ? Math.min(worker.killAt, limit) : limit,
  };
  return announce(
    command(replaceWorker(turn, draining), {
      type: 'drain',
      worker: worker.id,
      cause,
      final,
      idleMs,
      graceMs,
      closeMs: policy.closeMs,
    }),
    { type: 'worker-draining', worker: draining, cause },
  );
}

/** The worker said that it drains by itself, with the shutdown's times: only the deadline is left to keep. */
export function expectExit(turn: Turn, worker: Worker, context: Context): Turn {
  const killAt = context.now + drainLimitMs(turn.fleet, turn.fleet.policy.shutdown);
  return replaceWorker(turn, { ...life(worker), state: 'draining', cause: 'failing', killAt });
}

export function kill(turn: Turn, worker: Worker, cause: KillCause, context: Context): Turn {
  const killing: Worker = { ...life(worker), state: 'killing', cause, killedAt: context.now };
  return announce(command(replaceWorker(turn, killing), { type: 'kill', worker: worker.id }), {
    type: 'worker-killed',
    worker: killing,
    cause,
  });
}

/** A shutdown that had to kill, or in which a worker failed, is no success. The first reason stands. */
export function failShutdown(turn: Turn, reason: 'timed-out' | 'unclean'): Turn {
  const { phase } = turn.fleet;
  if (phase.name !== 'stopping' || phase.ending.exitCode !== 0) return turn;
  return change(turn, { phase: { name: 'stopping', ending: { exitCode: 1, reason, error: null } } });
}

function life({
  id,
  slot,
  generation,
  forkedAt,
}: Worker): Pick<Worker, 'id' | 'slot' | 'generation' | 'forkedAt'> {
  return { id, slot, generation, forkedAt };
}
