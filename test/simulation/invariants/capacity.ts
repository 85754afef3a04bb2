// How many serve, and how many there are at the most.
import type { Invariant } from './invariant.ts';

export const capacity: readonly Invariant[] = [
  {
    name: 'whoever is drained unasked leaves size - maxUnavailable reliable workers behind',
    step: ({ ledger, world }) => {
      const isVoluntary = ledger.drains.some(({ cause, wasReady }) => wasReady && cause !== 'shutdown');
      const left = ledger.reliable().length;
      const needed = ledger.size - world.policy.rollout.maxUnavailable;
      return isVoluntary && left < needed ? `${left} left, ${needed} needed` : null;
    },
  },
  {
    name: 'ready >= size - maxUnavailable, unless something crashed',
    step: ({ ledger, world }) => {
      if (!ledger.isServing || ledger.isTroubled) return null;
      const ready = ledger.ready().length;
      const needed = ledger.size - world.policy.rollout.maxUnavailable;
      return ready < needed ? `${ready} ready, ${needed} needed` : null;
    },
  },
  {
    name: 'processes <= size + maxSurge + those on their way out',
    command: ({ ledger, world }, command) => {
      if (command.type !== 'fork') return null;
      const staying = ledger.staying();
      const isEmpty = staying.every(({ slot }) => slot !== command.slot);
      const limit = ledger.size + world.policy.rollout.maxSurge;
      return isEmpty || staying.length < limit ? null : `${staying.length + 1} stay, ${limit} may`;
    },
    step: ({ ledger, world }) => {
      const staying = ledger.staying().filter(({ slot }) => slot < ledger.size).length;
      const limit = ledger.size + world.policy.rollout.maxSurge;
      return staying > limit ? `${staying} stay, ${limit} may` : null;
    },
  },
  {
    name: 'no more workers of a generation boot at once than may',
    command: ({ ledger }, command) => {
      if (command.type !== 'fork' || !ledger.areEnoughBooting(command.generation.id)) return null;
      return `#${command.worker} is one too many of generation ${command.generation.id}`;
    },
  },
  {
    name: 'a worker of a slot that was scaled away stays only while it is missed',
    step: ({ ledger, world }) => {
      if (!ledger.isServing) return null;
      const extra = ledger.staying().filter(({ slot }) => slot >= ledger.size);
      if (extra.length === 0) return null;
      if (extra.some(({ state }) => state === 'booting')) return 'it still boots';
      const needed = ledger.size - world.policy.rollout.maxUnavailable;
      return ledger.reliable().length > needed ? 'nobody would miss it' : null;
    },
  },
];
