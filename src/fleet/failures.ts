// Rule: a failure may abort the rollout, delay the respawn of its slot, or end the fleet.
import { afterFailure, isSlowest } from './backoff.ts';
import type { AbortReason } from './command.ts';
import { isAvailable, isRespawning, isRolling } from './fleet.ts';
import type { Backoff, Fleet } from './fleet.ts';
import { abortRollout } from './rollout.ts';
import { announce, changeSlot, stop } from './turn.ts';
import type { Context, Failure, Turn } from './turn.ts';
import { isRecycled } from './worker.ts';

export function assessFailures(turn: Turn, context: Context): Turn {
  const assessed: Turn = { ...turn, failures: [] };
  // A worker fails only once in a step: one that is incompatible may also have exited. The first failure counts.
  const failed = new Map(turn.failures.toReversed().map((failure) => [failure.worker.id, failure]));
  const failures = turn.failures.filter((failure) => failed.get(failure.worker.id) === failure);
  return failures.reduce((sofar, failure) => assess(sofar, failure, context), assessed);
}

function assess(turn: Turn, failure: Failure, context: Context): Turn {
  const { fleet } = turn;
  const { error, worker } = failure;
  if (!isRespawning(fleet)) return turn;
  const slot = fleet.slots[worker.slot];
  const isOfTarget = worker.generation === fleet.target.id;
  // A boot of a release that its slot does not need any more: its failure has no consequence.
  if (worker.state === 'booting' && !isOfTarget && worker.generation !== slot?.release.id) return turn;
  const backoff = slot && afterFailure(slot.backoff, failure, fleet.policy.respawn, context);
  if (isRolling(fleet) && isOfTarget && isAgainstRelease(turn, failure, backoff)) {
    return abortRollout(turn, abortReason(failure), failure);
  }
  if (fleet.phase.name === 'starting') return stop(turn, { exitCode: 1, reason: 'boot-failed', error });
  // While a worker retires, the backoff of its slot is that of its successors.
  const isCounted = slot !== undefined && worker.generation === slot.release.id && !isRecycled(worker);
  const counted = isCounted && backoff ? delayRespawn(turn, failure, backoff) : turn;
  return isHopeless(counted.fleet) ? stop(counted, { exitCode: 1, reason: 'gave-up', error }) : counted;
}

/**
 * A failure before the worker was available speaks against its release. So do failures of available workers that have brought
 * their slot to its slowest pace: the rollout would never end otherwise.
 */
function isAgainstRelease(
  { before, fleet }: Turn,
  { worker }: Failure,
  backoff: Backoff | undefined,
): boolean {
  const slot = fleet.slots[worker.slot];
  // A slot that was scaled away, and may have come back just now, belongs to no release: its available worker counts as handed over.
  const wasScaledAway = slot === undefined || worker.slot >= before.slots.length;
  const isHandedOver = wasScaledAway || slot.release.id === fleet.target.id;
  return (
    !isAvailable(fleet, worker) ||
    !isHandedOver ||
    (backoff !== undefined && isSlowest(backoff, fleet.policy.respawn))
  );
}

function abortReason({ how, worker }: Failure): AbortReason {
  switch (how) {
    case 'fork-failed':
    case 'incompatible':
      return how;
    case 'failing':
    case 'exited':
      return worker.state === 'booting' ? 'boot-failed' : 'crashed';
    case 'timed-out':
      return worker.state === 'booting' ? 'boot-timeout' : 'crashed';
  }
}

function delayRespawn(turn: Turn, { worker }: Failure, backoff: Backoff): Turn {
  const { now, policy, slots } = turn.fleet;
  const slot = slots[worker.slot];
  if (slot === undefined) return turn;
  const delayed = changeSlot(turn, worker.slot, { ...slot, backoff });
  if (backoff.notBefore <= now) return delayed;
  return announce(delayed, {
    type: 'respawn-delayed',
    slot: worker.slot,
    generation: worker.generation,
    earlyExits: backoff.earlyExits,
    delayMs: backoff.notBefore - now,
    slowest: isSlowest(backoff, policy.respawn),
  });
}

/**
 * Every slot is at its slowest pace, and no worker is ready. This also ends a fleet that is leaving, since a client that
 * connects meanwhile would only wait in the accept queue. It does not end a rollout: the new release may be the fix.
 */
function isHopeless(fleet: Fleet): boolean {
  return (
    !isRolling(fleet) &&
    fleet.occupancy.ready === 0 &&
    fleet.slots.every(({ backoff }) => isSlowest(backoff, fleet.policy.respawn))
  );
}
