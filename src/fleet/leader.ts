// Rule: one worker is the leader, for what must run once in the whole fleet. It is never two, and soon one again.
//
// A worker is the leader at most once in its life, until it drains, so to drain it is to recall it. The next leader is elected
// when the old one has stepped down or exited, not before: one that hangs, or whose channel is closed, may still be at work.
import { isAvailable, readyWorkers } from './fleet.ts';
import type { Fleet } from './fleet.ts';
import { first, inOrder, occupantsOf } from './slot.ts';
import { announce, change, command } from './turn.ts';
import type { Turn } from './turn.ts';
import type { Ready } from './worker.ts';

export function electLeader(turn: Turn): Turn {
  const { fleet } = turn;
  // In a shutdown no worker is ready.
  if (fleet.leader !== null) return turn;
  const worker = candidate(fleet);
  if (worker === undefined) return turn;
  const elected = command(change(turn, { leader: worker.id }), { type: 'elect', worker: worker.id });
  return announce(elected, { type: 'leader-elected', worker });
}

/** The one that is likely to stay: so a rollout moves the leader once. */
function candidate(fleet: Fleet): Ready | undefined {
  const candidates = readyWorkers(fleet);
  if (candidates.length < 2) return candidates[0];
  const staying = new Set([...fleet.slots.keys()].map((slot) => occupantsOf(fleet, slot).current?.id));
  return candidates.toSorted(
    inOrder(
      // One that is ready but not available may be of a release that does not work.
      first((worker) => isAvailable(fleet, worker)),
      first((worker) => staying.has(worker.id)),
      (a, b) => a.slot - b.slot,
      (a, b) => a.id - b.id,
    ),
  )[0];
}
