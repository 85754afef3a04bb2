// Connections are given back by whoever holds clearly more than its share, and that comes to an end.
import type { Ledger } from '../ledger.ts';
import type { Invariant } from './invariant.ts';

/** What was given back has to be counted where it is then, before more is. */
const settleMs = 1_000;

/** Chance makes that much of a difference: below it nothing is to be evened. */
const slack = 2;

export const shedding: readonly Invariant[] = [
  {
    name: 'connections are given back only by a complete fleet that neither rolls nor stops, and only if that is wanted',
    command: ({ ledger }, command) => {
      if (command.type !== 'shed') return null;
      if (!ledger.policy.shed) return 'it is switched off';
      if (ledger.phase !== 'running') return `it is ${ledger.phase}`;
      if (ledger.isRolling) return 'it rolls';
      return ledger.isFull ? null : 'a slot has no ready worker';
    },
  },
  {
    name: 'a worker gives back no more than what it holds above its share, by what the workers have told',
    command: ({ ledger }, command) => {
      if (command.type !== 'shed') return null;
      const held = ledger.workers.get(command.worker)?.connections ?? 0;
      const share = shareOf(ledger);
      if (held <= share + slack) return `#${command.worker} holds ${held}, and its share is ${share}`;
      const above = Math.ceil(held - share);
      return command.connections <= above ? null : `${command.connections} of ${above} above the share`;
    },
  },
  {
    name: 'before more is given back, it is counted what came of the last time',
    command: ({ ledger }, command) => {
      if (command.type !== 'shed' || ledger.shedAt === ledger.now) return null;
      const sinceMs = ledger.now - ledger.shedAt;
      if (sinceMs < settleMs) return `${sinceMs} ms later`;
      const fresh = ledger.ready().find(({ readyAt }) => ledger.now - readyAt < settleMs);
      return fresh === undefined ? null : `#${fresh.id} has just become ready`;
    },
  },
];

function shareOf(ledger: Ledger): number {
  const ready = ledger.ready();
  return ready.reduce((sum, { connections }) => sum + (connections ?? 0), 0) / ready.length;
}
