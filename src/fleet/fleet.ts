// The state of a fleet: its target, and its actual workers.
import { inSlot, survey } from './occupancy.ts';
import type { ErrorInfo } from './event.ts';
import type { Occupancy } from './occupancy.ts';
import type { Policy } from './policy.ts';
import { isReady, isRecycled } from './worker.ts';
import type { Active, Ready, Worker } from './worker.ts';

/** A release: the real paths behind the entry file and the working directory, pinned. */
export interface Generation {
  /** Later generations have higher ids. */
  readonly id: number;
  readonly entry: string;
  readonly cwd: string;
}

/** How long a slot waits before it is filled again. */
export interface Backoff {
  /** Exits in a row that came before the worker had been ready for `respawn.minUptimeMs`. */
  readonly earlyExits: number;
  /** No worker is respawned before this time. */
  readonly notBefore: number;
}

export interface Slot {
  /**
   * What a worker of this slot is respawned as. In a rollout it changes from the stable to the target generation when
   * the successor is available, when the old worker has to go first because there is no room for two, or at once if no worker
   * of the fleet was ever ready.
   */
  readonly release: Generation;
  /** For workers of that release. */
  readonly backoff: Backoff;
}

/** How the fleet ends, and which exit code the process has. */
export interface Ending {
  readonly exitCode: 0 | 1;
  readonly reason: 'requested' | 'boot-failed' | 'gave-up' | 'forced' | 'timed-out' | 'unclean';
  readonly error: ErrorInfo | null;
}

export type Phase =
  /** No worker has been ready yet. */
  | { readonly name: 'starting' }
  | { readonly name: 'running' }
  /** About to stop: workers serve on, and are respawned, until load balancers have noticed. */
  | { readonly name: 'leaving'; readonly drainAt: number }
  | {
      readonly name: 'stopping';
      readonly ending: Ending;
      /** The workers are killed instead of drained. */
      readonly isForced: boolean;
    }
  | { readonly name: 'stopped'; readonly ending: Ending };

export interface Fleet {
  readonly policy: Policy;
  /** The time of the last step, in ms. Everything that had happened until then is known. */
  readonly now: number;
  readonly phase: Phase;
  /** One for each worker that the fleet is to have. */
  readonly slots: readonly Slot[];
  /** The generation that every slot is to run. */
  readonly target: Generation;
  /** When the target was set: the start of the rollout, if one is under way. */
  readonly targetSince: number;
  /** The generation of the last rollout that was completed. It differs from the target only during a rollout. */
  readonly stable: Generation;
  /** In the order in which they were forked, which is that of their ids. */
  readonly workers: readonly Worker[];
  /** The same workers, indexed. */
  readonly occupancy: Occupancy;
  readonly lastWorkerId: number;
  /**
   * The id of the one worker that may do what only the leader does. It stays the leader until it says that it has stepped down,
   * or its process has exited, whatever its state. Null: there is none.
   */
  readonly leader: number | null;
  readonly shedding: Shedding;
}

/** What came of telling workers to give back connections. */
export interface Shedding {
  /** When they were last told to. -Infinity: never. */
  readonly at: number;
  /** How often they were, one time after the other, since every worker last held its share. */
  readonly rounds: number;
}

export const NO_BACKOFF: Backoff = { earlyExits: 0, notBefore: 0 };

export function freshSlot(release: Generation): Slot {
  return { release, backoff: NO_BACKOFF };
}

/** Every slot as it is when a rollout ends before it is complete: it belongs to the stable generation again. */
export function stableSlots({ slots, stable }: Fleet): readonly Slot[] {
  return slots.map((slot) => (slot.release.id === stable.id ? slot : freshSlot(stable)));
}

/** A fleet without workers. The first step forks them. */
export function createFleet(policy: Policy, size: number, generation: Generation): Fleet {
  return {
    policy,
    now: 0,
    phase: { name: 'starting' },
    slots: Array.from({ length: size }, () => freshSlot(generation)),
    target: generation,
    targetSince: 0,
    stable: generation,
    workers: [],
    occupancy: survey([], size, () => false),
    lastWorkerId: 0,
    leader: null,
    shedding: { at: -Infinity, rounds: 0 },
  };
}

/** May the fleet roll out, recycle workers and change its size? */
export function isServing({ phase }: Fleet): boolean {
  return phase.name === 'starting' || phase.name === 'running';
}

/** Are crashed workers respawned? A fleet that is about to stop does so until it begins to drain. */
export function isRespawning(fleet: Fleet): boolean {
  return isServing(fleet) || (fleet.phase.name === 'leaving' && fleet.now < fleet.phase.drainAt);
}

export function isRolling({ target, stable }: Fleet): boolean {
  return target.id !== stable.id;
}

export function findWorker({ workers }: Fleet, id: number): Worker | undefined {
  const worker = workers[positionOf(workers, id)];
  return worker?.id === id ? worker : undefined;
}

/** The index of the worker with this id, or the one at which it would be inserted. */
export function positionOf(workers: readonly Worker[], id: number): number {
  let [from, to] = [0, workers.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((workers[middle]?.id ?? Infinity) < id) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** The same fleet with a new index of its workers, which is needed when the workers, the size or the time have changed. */
export function surveyed(fleet: Fleet): Fleet {
  const occupancy = survey(fleet.workers, fleet.slots.length, (worker) => isAvailable(fleet, worker));
  return { ...fleet, occupancy };
}

export function readyWorkers({ workers }: Fleet): readonly Ready[] {
  return workers.filter(isReady);
}

/** Is it to be replaced, because it asked to, or because a rollout is under way and it is not of the target? */
export function isOutdated(fleet: Fleet, worker: Active): boolean {
  return isRecycled(worker) || (isRolling(fleet) && worker.generation !== fleet.target.id);
}

/** Does every slot have a ready worker, of any generation? */
export function isFull(fleet: Fleet): boolean {
  return isServing(fleet) && fleet.slots.every((_, slot) => inSlot(fleet.occupancy, slot).some(isReady));
}

/** Has it been ready for `rollout.minReadyMs`? */
export function isAvailable(fleet: Fleet, worker: Worker): boolean {
  return worker.state === 'ready' && fleet.now >= availableAt(fleet, worker);
}

export function availableAt({ policy }: Fleet, { readyAt }: Ready): number {
  return readyAt + policy.rollout.minReadyMs;
}

/** Are workers of several generations ready although no rollout is under way? */
export function isMixed(fleet: Fleet): boolean {
  return !isRolling(fleet) && new Set(readyWorkers(fleet).map(({ generation }) => generation)).size > 1;
}
