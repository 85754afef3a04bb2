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
      const delay = ledger.delays.get(command.slot);
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
        .find(({ generation, isRetiring }) => generation === command.generation.id && !isRetiring);
      return twin === undefined ? null : `slot ${command.slot} has #${twin.id}`;
    },
  },
  {
    name: 'no fork is of a release that was aborted, or of another one than its generation',
    command: ({ ledger }, command) => {
      if (command.type !== 'fork') return null;
      const { id, entry } = command.generation;
      if (ledger.aborted.has(id)) return `generation ${id} was aborted`;
      if (!ledger.isServing && id !== ledger.stable) return `generation ${id}, while ${ledger.phase}`;
      return entry === ledger.entries.get(id) ? null : `generation ${id} is not ${entry}`;
    },
  },
  {
    name: 'no slot is left empty that does not wait for its backoff',
    step: ({ ledger }) => {
      if (!ledger.isRespawning || isBootLimited(ledger)) return null;
      const empty = ledger.slots.find((slot) => ledger.inSlot(slot).length === 0 && !ledger.isDelayed(slot));
      return empty === undefined ? null : `slot ${empty}`;
    },
  },
  {
    name: 'a slot is respawned as what it was, until a successor has shown that its release works',
    step: ({ ledger }) => {
      if (!ledger.isRespawning || ledger.phase === 'starting' || isBootLimited(ledger)) return null;
      const lost = ledger.failures.find(({ worker: { slot, generation } }) => {
        const isOfOldRelease = ledger.isRolling && generation === ledger.stable;
        if (!isOfOldRelease || slot >= ledger.size || ledger.knownToWork.has(ledger.target)) return false;
        const isBack = ledger.inSlot(slot).some((worker) => worker.generation !== ledger.target);
        return !isBack && !ledger.isDelayed(slot) && hasRoom(ledger, slot);
      });
      return lost === undefined ? null : `slot ${lost.worker.slot} does not come back`;
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
  {
    name: 'a delay is after that many early exits, and as long as they allow',
    command: ({ ledger, world }, command) => {
      if (command.type !== 'announce' || command.announcement.type !== 'respawn-delayed') return null;
      const { slot, generation, earlyExits, delayMs, slowest } = command.announcement;
      const { maxEarlyExits, backoff } = world.policy.respawn;
      const counted = ledger.peaks.get(`${slot} ${generation}`) ?? 0;
      if (earlyExits > counted) return `slot ${slot}: ${earlyExits}, counted ${counted}`;
      if (slowest !== earlyExits >= maxEarlyExits) return `slot ${slot}: ${earlyExits}, slowest: ${slowest}`;
      if (slowest) return delayMs === backoff.maxMs ? null : `slot ${slot}: ${delayMs} ms`;
      const bound = Math.min(backoff.maxMs, backoff.initialMs * 2 ** (earlyExits - 2));
      return delayMs > 0 && delayMs <= bound ? null : `slot ${slot}: ${delayMs} ms of ${bound}`;
    },
  },
];

function isBootLimited(ledger: Ledger): boolean {
  return [...ledger.entries.keys()].some((generation) => ledger.areEnoughBooting(generation));
}

/** May one more worker be forked into it? */
export function hasRoom(ledger: Ledger, slot: number): boolean {
  const active = ledger.active();
  const taken = new Set(active.map((worker) => worker.slot).filter((its) => its < ledger.size));
  return !taken.has(slot) || active.length - taken.size < ledger.policy.rollout.maxSurge;
}
