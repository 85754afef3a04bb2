// How many workers are ready at least, and how many are active at most.
import type { Invariant } from './invariant.ts';

export const capacity: readonly Invariant[] = [
  {
    name: 'a ready worker that is drained leaves size - maxUnavailable available ones behind',
    step: ({ ledger }) => {
      const isVoluntary = ledger.drains.some(({ cause, wasReady }) => wasReady && cause !== 'shutdown');
      const left = ledger.available().length;
      return isVoluntary && left < ledger.needed ? `${left} left, ${ledger.needed} needed` : null;
    },
  },
  {
    name: 'ready >= size - maxUnavailable, unless something crashed',
    step: ({ ledger }) => {
      if (!ledger.isServing || ledger.isTroubled) return null;
      const ready = ledger.ready().length;
      return ready < ledger.needed ? `${ready} ready, ${ledger.needed} needed` : null;
    },
  },
  {
    name: 'active workers <= size + maxSurge',
    command: ({ ledger, world }, command) => {
      if (command.type !== 'fork') return null;
      const active = ledger.active();
      const isEmpty = active.every(({ slot }) => slot !== command.slot);
      const limit = ledger.size + world.policy.rollout.maxSurge;
      return isEmpty || active.length < limit ? null : `${active.length + 1} are active, ${limit} may be`;
    },
    step: ({ ledger, world }) => {
      const active = ledger.active().filter(({ slot }) => slot < ledger.size).length;
      const limit = ledger.size + world.policy.rollout.maxSurge;
      return active > limit ? `${active} are active, ${limit} may be` : null;
    },
  },
  {
    name: 'a rollout, or a recycling, drains no worker while as many drain as may; all else does not wait',
    command: ({ ledger }, command) => {
      if (command.type !== 'drain' || (command.cause !== 'rollout' && command.cause !== 'recycle'))
        return null;
      return ledger.areEnoughDraining ? `#${command.worker} is one too many` : null;
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
    name: 'a worker of a slot that was scaled away stays only while it is needed',
    step: ({ ledger }) => {
      if (!ledger.isServing) return null;
      const extra = ledger.active().filter(({ slot }) => slot >= ledger.size);
      if (extra.length === 0) return null;
      if (extra.some(({ state }) => state === 'booting')) return 'it still boots';
      return ledger.available().length > ledger.needed ? 'it can be spared' : null;
    },
  },
];
