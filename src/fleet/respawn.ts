// How long does a slot wait before it is filled again, and when is there no point in trying?
import { currentWorkers, FRESH_SLOT, readyWorkers } from './fleet.ts';
import type { Fleet, Slot } from './fleet.ts';
import type { Policy } from './policy.ts';
import type { Death } from './turn.ts';

/** A healthy stretch clears what a slot remembers, even if it does not end in a death. */
export function forgive(fleet: Fleet): readonly Slot[] {
  return fleet.slots.map((slot, index) => (hasStableWorker(fleet, index) ? FRESH_SLOT : slot));
}

function hasStableWorker(fleet: Fleet, index: number): boolean {
  const { stableMs } = fleet.policy.respawn;
  return currentWorkers(fleet, index).some(
    (worker) => worker.state === 'ready' && fleet.asOf >= worker.readyAt + stableMs,
  );
}

/** Did this worker die before it could be called healthy? */
export function isEarly(death: Death, now: number, { stableMs }: Policy['respawn']): boolean {
  return death.worker.state === 'booting' || now < death.worker.readyAt + stableMs;
}

/** What the slot remembers after one more death. A death after a healthy stretch starts from the beginning. */
export function afterDeath(
  slot: Slot,
  early: boolean,
  now: number,
  delayMs: (deaths: number) => number,
): Slot {
  const earlyDeaths = early ? slot.earlyDeaths + 1 : 0;
  return { earlyDeaths, notBefore: now + delayMs(earlyDeaths) };
}

/**
 * Exponential backoff with full jitter: a random time below a bound that doubles with every early death in a row.
 * The first respawn is immediate; from `maxEarlyDeaths` on it is the slowest pace.
 */
export function respawnDelayMs(
  earlyDeaths: number,
  respawn: Policy['respawn'],
  random: () => number,
): number {
  const { initialMs, maxMs } = respawn.backoff;
  if (earlyDeaths <= 1 && !isSlowest({ earlyDeaths }, respawn)) return 0;
  if (isSlowest({ earlyDeaths }, respawn)) return maxMs;
  return random() * Math.min(maxMs, initialMs * 2 ** (earlyDeaths - 2));
}

export function isSlowest(
  { earlyDeaths }: Pick<Slot, 'earlyDeaths'>,
  { maxEarlyDeaths }: Policy['respawn'],
): boolean {
  return earlyDeaths >= maxEarlyDeaths;
}

/** Every slot is at its slowest pace, and nobody serves. */
export function isHopeless(fleet: Fleet): boolean {
  return (
    readyWorkers(fleet).length === 0 && fleet.slots.every((slot) => isSlowest(slot, fleet.policy.respawn))
  );
}
