// One turn of `step` while it is being worked out: the fleet so far, the commands so far, and the actions of the rules.
import type { Announcement, Command } from './command.ts';
import type { ErrorInfo } from './event.ts';
import { freshSlot, isAvailable, positionOf } from './fleet.ts';
import type { Ending, Fleet, Generation, Slot } from './fleet.ts';
import { exchanged } from './occupancy.ts';
import type { Exchange } from './occupancy.ts';
import type { DrainTimes } from './policy.ts';
import type { Active, Booting, DrainCause, KillCause, Worker } from './worker.ts';

/** The outside world, as far as a decision may look at it. */
export interface Context {
  /** In milliseconds. Everything that had happened until then is known, or among the events of this step. */
  readonly now: number;
  /** A number from 0 up to, but not including, 1. */
  readonly random: () => number;
}

/** An active worker has failed: it had not been told to stop. */
export interface Failure {
  /** As it was known just before. */
  readonly worker: Active;
  readonly how: 'failing' | 'exited' | 'fork-failed' | 'timed-out' | 'incompatible';
  readonly error: ErrorInfo | null;
}

export interface Turn {
  /** The fleet before the events. */
  readonly before: Fleet;
  readonly fleet: Fleet;
  readonly commands: readonly Command[];
  /** Failures that the rules have not assessed yet. */
  readonly failures: readonly Failure[];
  /** What makes the exit code of a shutdown 1. */
  readonly mishap: 'timed-out' | 'unclean' | null;
}

/** A rule looks at a turn, and adds what is to be done: changes to the fleet, and commands. */
export type Rule = (turn: Turn, context: Context) => Turn;

export function change(turn: Turn, changed: Partial<Fleet>): Turn {
  return { ...turn, fleet: { ...turn.fleet, ...changed } };
}

export function changeSlot(turn: Turn, index: number, slot: Slot): Turn {
  return change(turn, { slots: turn.fleet.slots.with(index, slot) });
}

export function command(turn: Turn, ...commands: readonly Command[]): Turn {
  return { ...turn, commands: [...turn.commands, ...commands] };
}

export function announce(turn: Turn, announcement: Announcement): Turn {
  return command(turn, { type: 'announce', announcement });
}

export function addFailure(turn: Turn, failure: Failure): Turn {
  return { ...turn, failures: [...turn.failures, failure] };
}

/** The first one stands. */
export function addMishap(turn: Turn, mishap: 'timed-out' | 'unclean'): Turn {
  return { ...turn, mishap: turn.mishap ?? mishap };
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
  if (was?.id !== worker.id) return turn;
  const { leader } = turn.fleet;
  const left = leader === worker.id ? change(turn, { leader: null }) : turn;
  return exchange(left, { was, is: null }, workers.toSpliced(at, 1));
}

function exchange(turn: Turn, exchange: Exchange, workers: readonly Worker[]): Turn {
  const { occupancy, slots } = turn.fleet;
  const isAvailableNow = (worker: Worker): boolean => isAvailable(turn.fleet, worker);
  return change(turn, { workers, occupancy: exchanged(occupancy, exchange, slots.length, isAvailableNow) });
}

export function fork(turn: Turn, slot: number, generation: Generation, { now }: Context): Turn {
  const { lastWorkerId, workers } = turn.fleet;
  const id = lastWorkerId + 1;
  const worker: Booting = {
    state: 'booting',
    id,
    slot,
    generation: generation.id,
    forkedAt: now,
    debugged: false,
    recycle: null,
  };
  const forked = exchange(change(turn, { lastWorkerId: id }), { was: null, is: worker }, [
    ...workers,
    worker,
  ]);
  return announce(command(forked, { type: 'fork', worker: id, slot, generation }), {
    type: 'worker-forked',
    worker,
  });
}

/** How long a drain may take before the primary kills the worker. */
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
    wasReady: hasBeenReady(worker),
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

/** The worker drains by itself, with the times of a shutdown, so there is no command, only a deadline. */
export function expectExit(turn: Turn, worker: Worker, { now }: Context): Turn {
  const killAt = now + drainLimitMs(turn.fleet, turn.fleet.policy.shutdown);
  const wasReady = hasBeenReady(worker);
  return replaceWorker(turn, { ...life(worker), state: 'draining', cause: 'failing', wasReady, killAt });
}

function hasBeenReady(worker: Worker): boolean {
  return worker.state === 'ready' || (worker.state === 'draining' && worker.wasReady);
}

export function kill(turn: Turn, worker: Worker, cause: KillCause, { now }: Context): Turn {
  const killing: Worker = { ...life(worker), state: 'killing', cause, killedAt: now };
  return announce(command(replaceWorker(turn, killing), { type: 'kill', worker: worker.id }), {
    type: 'worker-killed',
    worker: killing,
    cause,
  });
}

/** From now on the slot is respawned as the target generation. One that is handed over already keeps its backoff. */
export function handOver(turn: Turn, index: number): Turn {
  const { slots, target } = turn.fleet;
  return slots[index]?.release.id === target.id ? turn : changeSlot(turn, index, freshSlot(target));
}

/** The workers drain, unless they are to be killed. */
export function stop(turn: Turn, ending: Ending, isForced = false): Turn {
  return change(turn, { phase: { name: 'stopping', ending, isForced } });
}

function life({
  id,
  slot,
  generation,
  forkedAt,
}: Worker): Pick<Worker, 'id' | 'slot' | 'generation' | 'forkedAt'> {
  return { id, slot, generation, forkedAt };
}
