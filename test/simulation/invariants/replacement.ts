// Which worker gives way to which, and when.
import type { Drain, Known, Ledger } from '../ledger.ts';
import type { Invariant } from './invariant.ts';

export const replacement: readonly Invariant[] = [
  {
    name: 'with surge for every slot, none gives up its old worker before all successors are available',
    step: ({ ledger, world }) => {
      if (world.policy.rollout.maxSurge < ledger.size) return null;
      const given = ledger.drains.find((drain) => isLastOfRollout(ledger, drain));
      const lacking = ledger.slots.find((slot) => !ledger.hasSuccessor(slot));
      return given === undefined || lacking === undefined
        ? null
        : `#${given.worker.id} drains, slot ${lacking} has no available successor`;
    },
  },
  {
    name: 'where there is room for a successor, no slot gives up its old worker before one has been available',
    step: ({ ledger, world }) => {
      if (world.policy.rollout.maxSurge === 0) return null;
      const given = ledger.drains.find((drain) => isLastOfRollout(ledger, drain));
      return given === undefined || ledger.knownToWork.has(ledger.targetBefore)
        ? null
        : `#${given.worker.id} drains`;
    },
  },
  {
    name: 'where there is room for a successor, no retiring worker drains before it is available',
    step: ({ ledger }) => {
      const retired = ledger.drains.find(
        (drain) =>
          drain.cause === 'recycle' && isLastOld(ledger, drain) && !ledger.hasSuccessor(drain.worker.slot),
      );
      // A successor was forked into the slot that it left, which takes no surge.
      return retired === undefined || !ledger.hasSurge() ? null : `#${retired.worker.id} drains`;
    },
  },
  {
    name: 'an old worker that leaves its slot empty is followed at once: no more of them drain than successors may boot',
    step: ({ ledger }) => {
      const left = ledger.drains.find(
        ({ worker: { slot }, cause, wasReady }) =>
          wasReady && (cause === 'rollout' || cause === 'recycle') && ledger.inSlot(slot).length === 0,
      );
      return left === undefined
        ? null
        : `#${left.worker.id} drains, and slot ${left.worker.slot} stays empty`;
    },
  },
  {
    name: 'a retiring worker with an available successor goes as soon as it can be spared, and few enough drain',
    step: ({ ledger }) => {
      if (!ledger.isServing || ledger.areEnoughDraining) return null;
      const others = (worker: Known): number =>
        ledger.available().filter(({ id }) => id !== worker.id).length;
      const idle = ledger
        .ready()
        .find(
          (worker) =>
            ledger.isRetiring(worker) &&
            (!ledger.isRolling || worker.generation === ledger.target) &&
            ledger.hasSuccessor(worker.slot) &&
            others(worker) >= ledger.needed,
        );
      return idle === undefined ? null : `#${idle.id} stays`;
    },
  },
  {
    name: 'of two old workers in a slot, an available one stays',
    step: ({ ledger }) => {
      const wrong = ledger.drains.find(({ worker, cause, wasReady }) => {
        const isReplaced = wasReady && (cause === 'rollout' || cause === 'recycle') && ledger.isOld(worker);
        if (!isReplaced || !ledger.isAvailable({ ...worker, state: 'ready' })) return false;
        return ledger
          .inSlot(worker.slot)
          .some((other) => other.state === 'ready' && ledger.isOld(other) && !ledger.isAvailable(other));
      });
      return wrong === undefined ? null : `#${wrong.worker.id} drains`;
    },
  },
];

function isLastOfRollout(ledger: Ledger, drain: Drain): boolean {
  const isOfOldRelease = ledger.isRolling && drain.worker.generation !== ledger.target;
  return drain.cause === 'rollout' && isOfOldRelease && isLastOld(ledger, drain);
}

/** Is no other old worker left in its slot? */
function isLastOld(ledger: Ledger, { worker, wasReady }: Drain): boolean {
  if (!wasReady) return false;
  return !ledger.inSlot(worker.slot).some((other) => ledger.isOld(other));
}
