// Whose place is taken, and when.
import type { Drain, Known, Ledger } from '../ledger.ts';
import type { Invariant } from './invariant.ts';

export const replacement: readonly Invariant[] = [
  {
    name: 'with surge for everybody, no slot gives up its old worker before all successors are proven',
    step: ({ ledger, world }) => {
      if (world.policy.rollout.maxSurge < ledger.size) return null;
      const given = ledger.drains.find((drain) => isLastOfRollout(ledger, drain));
      const lacking = ledger.slots.findIndex((_, slot) => !hasProven(ledger, slot));
      return given === undefined || lacking === -1
        ? null
        : `#${given.worker.id} drains, slot ${lacking} has no proven successor`;
    },
  },
  {
    name: 'where there is room for a successor, no slot gives up its old worker before one is proven',
    step: ({ ledger, world }) => {
      if (world.policy.rollout.maxSurge === 0) return null;
      const given = ledger.drains.find((drain) => isLastOfRollout(ledger, drain));
      return given === undefined || ledger.slots.some((_, slot) => hasProven(ledger, slot))
        ? null
        : `#${given.worker.id} drains`;
    },
  },
  {
    name: 'where there is room for a successor, no tired worker drains before it is proven',
    step: ({ ledger, world }) => {
      const tired = ledger.drains.find(
        (drain) =>
          drain.cause === 'recycle' && isLastOld(ledger, drain) && !hasProven(ledger, drain.worker.slot),
      );
      if (tired === undefined) return null;
      const staying = ledger.staying();
      const taken = new Set(staying.filter(({ slot }) => slot < ledger.size).map(({ slot }) => slot));
      // A successor was forked into the slot that it left.
      const surge = staying.length - taken.size;
      return surge < world.policy.rollout.maxSurge ? `#${tired.worker.id} drains` : null;
    },
  },
  {
    name: 'a tired worker with a proven successor goes as soon as nobody misses it',
    step: ({ ledger, world }) => {
      if (!ledger.isServing) return null;
      const others = (worker: Known): number => ledger.reliable().filter(({ id }) => id !== worker.id).length;
      const needed = ledger.size - world.policy.rollout.maxUnavailable;
      const idle = ledger
        .ready()
        .find(
          (worker) =>
            worker.isTired &&
            worker.generation >= ledger.target &&
            hasProven(ledger, worker.slot) &&
            others(worker) >= needed,
        );
      return idle === undefined ? null : `#${idle.id} stays`;
    },
  },
  {
    name: 'of two old workers in a slot, the one that an abort can better go back to stays',
    step: ({ ledger }) => {
      const worth = (worker: Readonly<Known>): number =>
        (ledger.isAvailable({ ...worker, state: 'ready' }) ? 4 : 0) +
        (worker.generation === ledger.stable ? 2 : 0) +
        (worker.isTired ? 0 : 1);
      const wrong = ledger.drains.find(
        ({ worker, cause, wasReady }) =>
          wasReady &&
          (cause === 'rollout' || cause === 'recycle') &&
          ledger.isOld(worker) &&
          ledger
            .ready()
            .some(
              (other) => other.slot === worker.slot && ledger.isOld(other) && worth(other) < worth(worker),
            ),
      );
      return wrong === undefined ? null : `#${wrong.worker.id} drains`;
    },
  },
];

function isLastOfRollout(ledger: Ledger, drain: Drain): boolean {
  return drain.cause === 'rollout' && drain.worker.generation < ledger.target && isLastOld(ledger, drain);
}

/** Does it leave no other old one in its slot? */
function isLastOld(ledger: Ledger, { worker, wasReady }: Drain): boolean {
  if (!wasReady) return false;
  return !ledger.ready().some((other) => other.slot === worker.slot && ledger.isOld(other));
}

function hasProven(ledger: Ledger, slot: number): boolean {
  return ledger.current(slot).some((worker) => ledger.isAvailable(worker));
}
