// How long does a slot wait before it is filled again, and when is there no point in trying?
import { currentWorkers, FRESH } from './fleet.ts';
import type { Fleet, Backoff, Slot } from './fleet.ts';
import type { Policy } from './policy.ts';
import type { Context, Failure } from './turn.ts';

/** A healthy stretch clears what a slot remembers, even if it does not end in a death. */
export function forgive(fleet: Fleet): readonly Slot[] {
  return fleet.slots.map((slot, index) =>
    isFresh(slot) || !hasHealthyWorker(fleet, index) ? slot : { ...slot, ...FRESH },
  );
}

function isFresh({ earlyExits, notBefore }: Slot): boolean {
  return earlyExits === FRESH.earlyExits && notBefore === FRESH.notBefore;
}

function hasHealthyWorker(fleet: Fleet, index: number): boolean {
  const { minUptimeMs } = fleet.policy.respawn;
  return currentWorkers(fleet, index).some(
    (worker) => worker.state === 'ready' && fleet.heardUntil >= worker.readyAt + minUptimeMs,
  );
}

/** What is remembered after one more death. A death after a healthy stretch starts from the beginning. */
export function afterFailure(
  { earlyExits }: Backoff,
  death: Failure,
  { respawn }: Policy,
  { now, random }: Context,
): Backoff {
  const deaths = isEarly(death, now, respawn) ? earlyExits + 1 : 0;
  return { earlyExits: deaths, notBefore: now + respawnDelayMs(deaths, respawn, random) };
}

/** Did this worker die before it could be called healthy? */
function isEarly({ worker }: Failure, now: number, { minUptimeMs }: Policy['respawn']): boolean {
  return worker.state === 'booting' || now < worker.readyAt + minUptimeMs;
}

/**
 * Exponential backoff with full jitter: a random time below a bound that doubles with every early death in a row.
 * The first respawn is immediate; from `maxEarlyExits` on it is the slowest pace.
 */
export function respawnDelayMs(earlyExits: number, respawn: Policy['respawn'], random: () => number): number {
  const { initialMs, maxMs } = respawn.backoff;
  if (earlyExits <= 1 && !isSlowest({ earlyExits }, respawn)) return 0;
  if (isSlowest({ earlyExits }, respawn)) return maxMs;
  return random() * Math.min(maxMs, initialMs * 2 ** (earlyExits - 2));
}

export function isSlowest(
  { earlyExits }: Pick<Backoff, 'earlyExits'>,
  { maxEarlyExits }: Policy['respawn'],
): boolean {
  return earlyExits >= maxEarlyExits;
}

/** Every slot is at its slowest pace, and nobody serves. */
export function isHopeless(fleet: Fleet): boolean {
  return fleet.occupancy.ready === 0 && fleet.slots.every((slot) => isSlowest(slot, fleet.policy.respawn));
}
