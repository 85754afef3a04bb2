// The leader: never two, and soon one again.
import { readingMs } from '../primary.ts';
import { latencyMs } from '../process.ts';
import type { Invariant } from './invariant.ts';

export const leader: readonly Invariant[] = [
  {
    name: 'no two processes ever do what only the leader may do',
    step: ({ world }) => world.twoLeaders,
  },
  {
    name: 'a leader is elected only if there is none, and only a ready worker that never was the leader',
    command: ({ ledger }, command) => {
      if (command.type !== 'elect') return null;
      const { leader, elected } = ledger.leadership;
      if (leader !== null) return `#${command.worker}, while #${leader} is the leader`;
      if (elected.has(command.worker)) return `#${command.worker} for the second time`;
      const { state } = ledger.workers.get(command.worker) ?? { state: 'unknown' };
      return state === 'ready' ? null : `#${command.worker} is ${state}`;
    },
  },
  {
    name: 'as long as a worker is ready, and the fleet does not stop, there is a leader after every step',
    step: ({ ledger }) =>
      ledger.isRespawning && ledger.leadership.leader === null && ledger.ready().length > 0
        ? 'there is none'
        : null,
  },
  {
    name: 'an available worker that stays is preferred',
    command: ({ ledger, moment }, command) => {
      if (command.type !== 'elect') return null;
      const worker = ledger.workers.get(command.worker);
      if (worker === undefined) return 'an unknown worker';
      const better = ledger
        .available()
        .find((each) => !ledger.isOld(each) && each.slot < ledger.size && each.slot < worker.slot);
      // One that shares its slot with another current one may be surplus.
      const isAlone =
        better !== undefined && ledger.inSlot(better.slot).filter((each) => !ledger.isOld(each)).length === 1;
      return isAlone ? `#${worker.id}, and not #${better.id} (${moment.now})` : null;
    },
  },
  {
    name: 'who was elected leads in fact, unless it cannot read',
    step: ({ ledger, moment, world }) => {
      const { leader, electedAt } = ledger.leadership;
      if (leader === null || moment.now <= electedAt + readingMs + latencyMs) return null;
      const process = world.processes.get(leader);
      if (process === undefined || process.state !== 'ready' || process.isDisconnected) return null;
      return process.isFrozen || process.thawedAt > electedAt || process.isLeading
        ? null
        : `#${leader} does not`;
    },
  },
];
