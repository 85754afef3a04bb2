// When no worker is ready: never for longer than a release that works needs to boot.
import type { Invariant } from './invariant.ts';

export const outages: readonly Invariant[] = [
  {
    name: 'while no worker is ready in a rollout, a release that is known to work boots, or waits for its backoff',
    step: ({ ledger }) => {
      const mustServe = ledger.phase === 'running' && ledger.needed > 0 && ledger.isRolling;
      if (!mustServe || !ledger.knownToWork.has(ledger.stable) || ledger.ready().length > 0) return null;
      const boots = ledger
        .active()
        .some(({ generation }) => generation !== ledger.target || ledger.knownToWork.has(generation));
      const waits = ledger.slots.some((slot) => ledger.isDelayed(slot));
      return boots || waits ? null : 'only a release that has not shown yet that it works boots';
    },
  },
  {
    name: 'while no worker is available, no boot of the stable release is cancelled',
    step: ({ ledger }) => {
      if (ledger.phase !== 'running' || ledger.available().length > 0 || ledger.needed <= 0) return null;
      const lost = ledger.drains.find(
        ({ worker: { generation, slot }, wasReady }) =>
          !wasReady &&
          generation === ledger.stable &&
          slot < ledger.size &&
          !ledger.inSlot(slot).some((other) => other.generation === generation),
      );
      const isForTheOther = ledger.policy.rollout.maxSurge === 0 && ledger.isRolling;
      return lost === undefined || isForTheOther ? null : `#${lost.worker.id} is stopped`;
    },
  },
];
