// When workers are forked, and of which release.
import type { Ledger } from '../ledger.ts';
import type { Invariant } from './invariant.ts';

export const forks: readonly Invariant[] = [
  {
    name: 'a fork is for an existing slot, after its backoff, with a new id',
    command: ({ ledger }, command) => {
      if (command.type !== 'fork') return null;
      if (!ledger.isRespawning) return `a fork while ${ledger.phase}`;
      if (command.worker <= ledger.lastWorker) return `#${command.worker} a second time`;
      if (command.slot >= ledger.size) return `there is no slot ${command.slot}`;
      const delay = ledger.earlyExits.delayOf(command.slot);
      return delay?.generation === command.generation.id && ledger.now < delay.until
        ? `slot ${command.slot} must wait until ${delay.until}`
        : null;
    },
  },
  {
    name: 'a slot has at most one worker of a release, apart from one that retires',
    command: ({ ledger }, command) => {
      if (command.type !== 'fork') return null;
      const twin = ledger
        .inSlot(command.slot)
        .find((worker) => worker.generation === command.generation.id && !ledger.isRetiring(worker));
      return twin === undefined ? null : `slot ${command.slot} has #${twin.id}`;
    },
  },
  {
    name: 'no fork is of a release that was aborted, or of another one than its generation',
    command: ({ ledger }, command) => {
      if (command.type !== 'fork') return null;
      const { id, entry, cwd } = command.generation;
      if (ledger.aborted.has(id)) return `generation ${id} was aborted`;
      if (!ledger.isServing && id !== ledger.stable) return `generation ${id}, while ${ledger.phase}`;
      const its = ledger.generations.get(id);
      return entry === its?.entry && cwd === its.cwd ? null : `generation ${id} is not ${entry} in ${cwd}`;
    },
  },
  {
    name: 'no slot is left empty that could be filled',
    step: ({ ledger }) => {
      if (!ledger.isRespawning) return null;
      const empty = ledger.slots.find(
        (slot) => ledger.inSlot(slot).length === 0 && (mayComeBack(ledger, slot) || maySucceed(ledger, slot)),
      );
      return empty === undefined ? null : `slot ${empty}`;
    },
  },
  {
    name: 'while a release rolls out, a slot that it has not taken over has a worker to fall back on, or gets it back',
    step: ({ ledger }) => {
      if (!ledger.isServing || !ledger.isRolling) return null;
      const lost = ledger.slots.find(
        (slot) =>
          ledger.releaseOf(slot) === ledger.stable &&
          !hasFallback(ledger, slot) &&
          mayComeBack(ledger, slot) &&
          hasRoom(ledger, slot),
      );
      return lost === undefined ? null : `slot ${lost} does not get it back`;
    },
  },
  {
    name: 'no worker is forked and told to go in the same step',
    command: ({ ledger }, command) => {
      const isToGo = command.type === 'drain' || command.type === 'kill';
      return isToGo && ledger.forks.includes(command.worker)
        ? `${command.type} for #${command.worker}`
        : null;
    },
  },
  {
    name: 'while a fleet is about to stop it replaces no worker',
    step: ({ ledger }) => {
      if (ledger.isServing || !ledger.isRespawning) return null;
      const pair = ledger.slots.find(
        (slot) => ledger.inSlot(slot).filter(({ forkedAt }) => forkedAt > ledger.leavingAt).length > 1,
      );
      return pair === undefined ? null : `slot ${pair} was filled twice`;
    },
  },
];

/** May a worker of the slot's own release be forked now, as far as its backoff and the boots under way are concerned? */
function mayComeBack(ledger: Ledger, slot: number): boolean {
  return !ledger.isDelayed(slot) && !ledger.areEnoughBooting(ledger.releaseOf(slot));
}

/**
 * May a first successor be forked into an empty slot? It does not have to wait for the backoff of the old release. But room for
 * one worker stays free for that release, in case that the successors hang.
 */
function maySucceed(ledger: Ledger, slot: number): boolean {
  const { isServing, isRolling, size, policy, stable, target } = ledger;
  if (!isServing || !isRolling || ledger.releaseOf(slot) !== stable) return false;
  const underWay = ledger
    .active()
    .filter((worker) => worker.generation === target && !ledger.isAvailable(worker)).length;
  return underWay < Math.max(1, size + policy.rollout.maxSurge - 1) && !ledger.areEnoughBooting(target);
}

/** A worker that would serve on if the rollout was aborted now. */
function hasFallback(ledger: Ledger, slot: number): boolean {
  return ledger
    .inSlot(slot)
    .some(
      ({ generation, state }) =>
        generation === ledger.stable || (state === 'ready' && generation !== ledger.target),
    );
}

/** Was there room for one more worker in the slot, before successors were forked in this step? Those come after it. */
function hasRoom(ledger: Ledger, slot: number): boolean {
  const others = ledger
    .active()
    .filter(({ id, generation }) => generation !== ledger.target || !ledger.forks.includes(id));
  return others.every((worker) => worker.slot !== slot) || ledger.hasSurge(others);
}
