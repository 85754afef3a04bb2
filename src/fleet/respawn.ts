// How long does a slot wait before it is filled again, and when is there no point in trying?
import { currentWorkers, FRESH } from './fleet.ts';
import type { Fleet, Patience, Slot } from './fleet.ts';
import type { Policy } from './policy.ts';
import type { Context, Death } from './turn.ts';

/** A healthy stretch clears what a slot remembers, even if it does not end in a death. */
export function forgive(fleet: Fleet): readonly Slot[] {
  return fleet.slots.map((slot, index) =>
    isFresh(slot) || !hasStableWorker(fleet, index) ? slot : { ...slot, ...FRESH },
  );
}

function isFresh({ earlyDeaths, notBefore }: Slot): boolean {
  return earlyDeaths === FRESH.earlyDeaths && notBefore === FRESH.notBefore;
}

function hasStableWorker(fleet: Fleet, index: number): boolean {
  const { stableMs } = fleet.policy.respawn;
  return currentWorkers(fleet, index).some(
    (worker) => worker.state === 'ready' && fleet.heardUntil >= worker.readyAt + stableMs,
  );
}

/** What is remembered after one more death. A death after a healthy stretch starts from the beginning. */
export function afterDeath(
  { earlyDeaths }: Patience,
  death: Death,
  { respawn }: Policy,
  { now, random }: Context,
): Patience {
  const deaths = isEarly(death, now, respawn) ? earlyDeaths + 1 : 0;
  return { earlyDeaths: deaths, notBefore: now + respawnDelayMs(deaths, respawn, random) };
}

/** Did this worker die before it could be called healthy? */
function isEarly({ worker }: Death, now: number, { stableMs }: Policy['respawn']): boolean {
  return worker.state === 'booting' || now < worker.readyAt + stableMs;
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
  { earlyDeaths }: Pick<Patience, 'earlyDeaths'>,
  { maxEarlyDeaths }: Policy['respawn'],
): boolean {
  return earlyDeaths >= maxEarlyDeaths;
}

/** Every slot is at its slowest pace, and nobody serves. */
export function isHopeless(fleet: Fleet): boolean {
  return fleet.occupancy.ready === 0 && fleet.slots.every((slot) => isSlowest(slot, fleet.policy.respawn));
}
