// For how long a slot waits before its worker is respawned.
import type { Invariant } from './invariant.ts';

export const backoff: readonly Invariant[] = [
  {
    name: 'a delay is after that many early exits, and as long as they allow',
    command: ({ ledger, world }, command) => {
      if (command.type !== 'announce' || command.announcement.type !== 'respawn-delayed') return null;
      const { slot, generation, earlyExits, delayMs, slowest } = command.announcement;
      const { maxEarlyExits, backoff } = world.policy.respawn;
      const counts = ledger.failures
        .filter(({ worker }) => worker.slot === slot && worker.generation === generation)
        .map((failure) => failure.earlyExits);
      if (!counts.includes(earlyExits)) return `slot ${slot}: ${earlyExits}, counted ${counts.join(', ')}`;
      if (slowest !== earlyExits >= maxEarlyExits) return `slot ${slot}: ${earlyExits}, slowest: ${slowest}`;
      if (slowest) return delayMs === backoff.maxMs ? null : `slot ${slot}: ${delayMs} ms`;
      const bound = Math.min(backoff.maxMs, backoff.initialMs * 2 ** (earlyExits - 2));
      return delayMs > 0 && delayMs <= bound ? null : `slot ${slot}: ${delayMs} ms of ${bound}`;
    },
  },
  {
    name: 'a slot waits, and says so, after the second early exit in a row, or as many as are the most',
    step: ({ ledger, world }) => {
      if (ledger.phase === 'starting' || !ledger.isRespawning) return null;
      const least = Math.min(2, world.policy.respawn.maxEarlyExits);
      const hasty = ledger.failures.find(
        ({ worker: { slot, generation }, earlyExits }) =>
          (earlyExits ?? 0) >= least && generation === ledger.releaseOf(slot) && !ledger.isDelayed(slot),
      );
      return hasty === undefined
        ? null
        : `slot ${hasty.worker.slot} does not, after ${hasty.earlyExits} early exits`;
    },
  },
];
