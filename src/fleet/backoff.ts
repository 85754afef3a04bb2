// How long a slot waits before it is filled again, and when its early exits are forgotten.
import { NO_BACKOFF } from './fleet.ts';
import type { Backoff, Fleet } from './fleet.ts';
import { inSlot } from './occupancy.ts';
import type { Policy } from './policy.ts';
import { change } from './turn.ts';
import type { Context, Failure, Turn } from './turn.ts';

type RespawnPolicy = Policy['respawn'];

/** Rule: a worker that has been ready for `minUptimeMs` clears the backoff of its slot. */
export function resetBackoff(turn: Turn): Turn {
  const { before, fleet } = turn;
  // As before the events: the uptime also counts if the worker has just asked to retire, or failed.
  const known = { ...fleet, occupancy: before.occupancy };
  if (!fleet.slots.some(({ backoff }) => hasRecord(backoff))) return turn;
  const healthy = fleet.slots.map(
    ({ backoff }, index) => hasRecord(backoff) && hasHealthyWorker(known, index),
  );
  if (!healthy.includes(true)) return turn;
  return change(turn, {
    slots: fleet.slots.map((slot, index) =>
      healthy[index] === true ? { ...slot, backoff: NO_BACKOFF } : slot,
    ),
  });
}

function hasRecord({ earlyExits, notBefore }: Backoff): boolean {
  return earlyExits !== NO_BACKOFF.earlyExits || notBefore !== NO_BACKOFF.notBefore;
}

function hasHealthyWorker({ now, occupancy, policy, slots }: Fleet, index: number): boolean {
  return inSlot(occupancy, index).some(
    (worker) =>
      worker.state === 'ready' &&
      // While a worker retires, the backoff is that of its successors.
      worker.recycle === null &&
      worker.generation === slots[index]?.release.id &&
      now >= worker.readyAt + policy.respawn.minUptimeMs,
  );
}

/** The next backoff of a slot. After an uptime of `minUptimeMs` it starts from the beginning. */
export function afterFailure(
  { earlyExits }: Backoff,
  failure: Failure,
  policy: RespawnPolicy,
  { now, random }: Context,
): Backoff {
  const next = isEarly(failure, now, policy) ? earlyExits + 1 : 0;
  return { earlyExits: next, notBefore: now + respawnDelayMs(next, policy, random) };
}

function isEarly({ worker }: Failure, now: number, { minUptimeMs }: RespawnPolicy): boolean {
  return worker.state === 'booting' || now < worker.readyAt + minUptimeMs;
}

/**
 * Exponential backoff with full jitter: a random time below a bound that doubles with every early exit in a row.
 * The first respawn is immediate. From `maxEarlyExits` on, a slot is at its slowest pace: it always waits for `maxMs`.
 */
export function respawnDelayMs(earlyExits: number, policy: RespawnPolicy, random: () => number): number {
  const { initialMs, maxMs } = policy.backoff;
  if (isSlowest({ earlyExits }, policy)) return maxMs;
  if (earlyExits <= 1) return 0;
  return random() * Math.min(maxMs, initialMs * 2 ** (earlyExits - 2));
}

export function isSlowest(
  { earlyExits }: Pick<Backoff, 'earlyExits'>,
  { maxEarlyExits }: RespawnPolicy,
): boolean {
  return earlyExits >= maxEarlyExits;
}
