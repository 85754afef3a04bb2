// What is wanted, what is actual, and the questions that decisions ask of them.
import type { ErrorInfo } from './event.ts';
import { inSlot, survey } from './occupancy.ts';
import type { Occupancy } from './occupancy.ts';
import type { Policy } from './policy.ts';
import { isReady, isActive } from './worker.ts';
import type { Ready, Active, Worker } from './worker.ts';

/** A release: the real paths behind the entry file and the working directory, pinned. */
export interface Generation {
  readonly id: number;
  readonly entry: string;
  readonly cwd: string;
}

/** How long to wait with the next worker, after what became of those before. */
export interface Backoff {
  /** Deaths in a row that came before the worker was stable. */
  readonly earlyExits: number;
  /** No fork before this time. */
  readonly notBefore: number;
}

/** What a slot remembers of the workers that filled it: of those that are wanted, unless it says otherwise. */
export interface Slot extends Backoff {
  /** Of the settled generation in a rollout: what it does says nothing about the new one. */
  readonly stopgap: Backoff;
}

/** How the life of the fleet ends, and so with which code the process does. */
export interface Ending {
  readonly exitCode: 0 | 1;
  readonly reason: 'requested' | 'boot-failed' | 'gave-up' | 'forced' | 'timed-out' | 'unclean';
  readonly error: ErrorInfo | null;
}

export type Phase =
  /** No worker was ever ready. */
  | { readonly name: 'starting' }
  | { readonly name: 'running' }
  /** Asked to stop; serves on, and respawns workers that crash, until load balancers have noticed. */
  | { readonly name: 'leaving'; readonly drainAt: number }
  | { readonly name: 'stopping'; readonly ending: Ending }
  | { readonly name: 'stopped'; readonly ending: Ending };

export interface Fleet {
  readonly policy: Policy;
  /** The time of the last step. */
  readonly asOf: number;
  /** What workers said, and whether they ended, is known until this time: not after the last step. */
  readonly heardUntil: number;
  readonly phase: Phase;
  /** Wanted: how many workers. There is one slot for each. */
  readonly slots: readonly Slot[];
  /** Wanted: the generation that forks are of. In a rollout in which nobody serves, of the settled one, too. */
  readonly target: Generation;
  /** When it was last asked for another one: so when the rollout began, if there is one. */
  readonly targetSince: number;
  /** What is wanted goes back to this one when a rollout aborts. They differ only during a rollout. */
  readonly stable: Generation;
  /** Actual, in the order of their forks, so of their ids. */
  readonly workers: readonly Worker[];
  /** The same workers, as rules ask for them. */
  readonly occupancy: Occupancy;
  readonly lastGenerationId: number;
  readonly lastWorkerId: number;
}

export const FRESH: Backoff = { earlyExits: 0, notBefore: 0 };
export const FRESH_SLOT: Slot = { ...FRESH, stopgap: FRESH };

export function createFleet(policy: Policy, size: number, release: Omit<Generation, 'id'>): Fleet {
  const generation: Generation = { id: 1, ...release };
  return {
    policy,
    asOf: 0,
    heardUntil: 0,
    phase: { name: 'starting' },
    slots: Array.from({ length: size }, () => FRESH_SLOT),
    target: generation,
    targetSince: 0,
    stable: generation,
    workers: [],
    occupancy: survey([], size, () => false),
    lastGenerationId: generation.id,
    lastWorkerId: 0,
  };
}

/** Is the fleet to become what is wanted: may a rollout, a recycling, another size begin, or go on? */
export function isServing(fleet: Fleet): boolean {
  return fleet.phase.name === 'starting' || fleet.phase.name === 'running';
}

/** Does the service have to be there for clients? A slot that is empty is filled until draining begins, and then no more. */
export function isRespawning(fleet: Fleet): boolean {
  const { phase, asOf } = fleet;
  return isServing(fleet) || (phase.name === 'leaving' && asOf < phase.drainAt);
}

export function isRolling(fleet: Fleet): boolean {
  return fleet.target.id !== fleet.stable.id;
}

export function findWorker({ workers }: Fleet, id: number): Worker | undefined {
  const worker = workers[positionOf(workers, id)];
  return worker?.id === id ? worker : undefined;
}

/** Where the worker of this id is, or would be. */
export function positionOf(workers: readonly Worker[], id: number): number {
  let [from, to] = [0, workers.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((workers[middle]?.id ?? Infinity) < id) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** The same fleet, with what follows from its workers, its size and the time worked out anew. */
export function surveyed(fleet: Fleet): Fleet {
  const isAvailableNow = (worker: Worker): boolean => isAvailable(fleet, worker);
  return { ...fleet, occupancy: survey(fleet.workers, fleet.slots.length, isAvailableNow) };
}

export function readyWorkers(fleet: Fleet): readonly Ready[] {
  return fleet.workers.filter(isReady);
}

export function activeWorkers(fleet: Fleet): readonly Active[] {
  return fleet.workers.filter(isActive);
}

/**
 * Must it be replaced? A ready worker of a *newer* generation than the wanted one is not: it is what an aborted
 * rollout left behind, and it works.
 */
export function isOutdated(fleet: Fleet, worker: Active): boolean {
  return worker.generation < fleet.target.id || (worker.state === 'ready' && worker.due !== null);
}

/** Has it been ready for long enough to take an old worker's place? It may have died, and the primary not know it yet. */
export function isAvailable(fleet: Fleet, worker: Worker): boolean {
  return worker.state === 'ready' && fleet.heardUntil >= availableAt(fleet, worker);
}

export function availableAt({ policy }: Fleet, worker: Ready): number {
  return worker.readyAt + policy.rollout.minReadyMs;
}

/** The workers of a slot that are current, the one to keep first: it serves, it is what is wanted, it came first. */
export function currentWorkers(fleet: Fleet, slot: number): readonly Active[] {
  const current = inSlot(fleet.occupancy, slot).filter((worker) => !isOutdated(fleet, worker));
  return current.length < 2
    ? current
    : current.toSorted((a, b) => currentRank(fleet, a) - currentRank(fleet, b) || a.id - b.id);
}

function currentRank(fleet: Fleet, worker: Active): number {
  return (worker.state === 'ready' ? 0 : 2) + (worker.generation === fleet.target.id ? 0 : 1);
}

/** Is every slot filled by a ready worker, whatever its generation? */
export function isFull(fleet: Fleet): boolean {
  return isServing(fleet) && fleet.slots.every((_, slot) => inSlot(fleet.occupancy, slot).some(isReady));
}

/** Do workers of several generations serve, although no rollout is under way? */
export function isMixed(fleet: Fleet): boolean {
  return !isRolling(fleet) && new Set(readyWorkers(fleet).map((worker) => worker.generation)).size > 1;
}
