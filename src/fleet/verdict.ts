// Rule: what does a death say about the release, the slot, and the whole fleet?
import type { AbortReason } from './command.ts';
import type { ErrorInfo } from './event.ts';
import type { Ending, Fleet, Backoff, Slot } from './fleet.ts';
import { isAvailable, isRespawning, isRolling } from './fleet.ts';
import { afterFailure, isHopeless, isSlowest } from './respawn.ts';
import { abortRollout } from './rollout.ts';
import { announce, change } from './turn.ts';
import type { Context, Failure, Turn } from './turn.ts';

export function assessFailures(turn: Turn, context: Context): Turn {
  const judged = turn.deaths.reduce((sofar, death) => judge(sofar, death, context), turn);
  return { ...judged, deaths: [] };
}

function judge(turn: Turn, death: Failure, context: Context): Turn {
  const { fleet } = turn;
  const { generation, slot: index, state } = death.worker;
  if (!isRespawning(fleet)) return turn;
  if (isRolling(fleet) && generation !== fleet.target.id) return judgeStopgap(turn, death, context);
  // A boot that is not wanted any more says nothing: its successor will show.
  if (state === 'booting' && generation !== fleet.target.id) return turn;
  const slot = fleet.slots[index];
  const patience = slot === undefined ? null : afterFailure(slot, death, fleet.policy, context);
  if (isRolling(fleet) && isAgainstRelease(fleet, death, patience)) {
    return abortRollout(turn, abortReason(death), death);
  }
  if (fleet.phase.name === 'starting') return end(turn, 'boot-failed', death.error);
  if (slot === undefined || patience === null) return giveUpIfHopeless(turn, death);
  return giveUpIfHopeless(remember(turn, death, { ...slot, ...patience }, patience, context), death);
}

/** Of an old release while a new one is rolled out: it may have to back off, but does not speak for the new one. */
function judgeStopgap(turn: Turn, death: Failure, context: Context): Turn {
  const { phase, policy, stable, slots } = turn.fleet;
  const slot = slots[death.worker.slot];
  const mayComeBack = phase.name === 'running' && death.worker.generation === stable.id;
  if (slot === undefined || !mayComeBack) return turn;
  const stopgap = afterFailure(slot.stopgap, death, policy, context);
  return remember(turn, death, { ...slot, stopgap }, stopgap, context);
}

/** Also while the fleet is leaving: a client that connects meanwhile would only wait in the queue, for an answer that never comes. */
function giveUpIfHopeless(turn: Turn, { error }: Failure): Turn {
  return isHopeless(turn.fleet) ? end(turn, 'gave-up', error) : turn;
}

/** One that proved itself, but dies again and again, would keep a rollout from ever ending. */
function isAgainstRelease(fleet: Fleet, { worker }: Failure, patience: Backoff | null): boolean {
  return !isAvailable(fleet, worker) || (patience !== null && isSlowest(patience, fleet.policy.respawn));
}

function abortReason({ how, worker }: Failure): AbortReason {
  switch (how) {
    case 'fork-failed':
    case 'incompatible':
      return how;
    case 'failed':
    case 'exited':
      return worker.state === 'booting' ? 'boot-failed' : 'crashed';
    case 'timed-out':
      return worker.state === 'booting' ? 'boot-timeout' : 'crashed';
  }
}

function remember(turn: Turn, { worker }: Failure, slot: Slot, patience: Backoff, { now }: Context): Turn {
  const { slots, policy } = turn.fleet;
  const counted = change(turn, { slots: slots.with(worker.slot, slot) });
  if (patience.notBefore <= now) return counted;
  return announce(counted, {
    type: 'respawn-delayed',
    slot: worker.slot,
    generation: worker.generation,
    earlyExits: patience.earlyExits,
    delayMs: patience.notBefore - now,
    slowest: isSlowest(patience, policy.respawn),
  });
}

function end(turn: Turn, reason: Ending['reason'], error: ErrorInfo | null): Turn {
  return change(turn, { phase: { name: 'stopping', ending: { exitCode: 1, reason, error } } });
}
