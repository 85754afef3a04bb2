// Rule: what does a death say about the release, the slot, and the whole fleet?
import type { AbortReason } from './command.ts';
import type { ErrorInfo } from './event.ts';
import type { Ending, Fleet, Slot } from './fleet.ts';
import { isProven, isRolling, isServing } from './fleet.ts';
import { afterDeath, isEarly, isHopeless, isSlowest, respawnDelayMs } from './respawn.ts';
import { abortRollout } from './rollout.ts';
import { announce, change } from './turn.ts';
import type { Context, Death, Turn } from './turn.ts';

export function judgeDeaths(turn: Turn, context: Context): Turn {
  const judged = turn.deaths.reduce((sofar, death) => judge(sofar, death, context), turn);
  return { ...judged, deaths: [] };
}

function judge(turn: Turn, death: Death, context: Context): Turn {
  const { fleet } = turn;
  if (!isServing(fleet)) return turn;
  const ofWanted = death.worker.generation === fleet.wanted.id;
  // A boot that is not wanted any more says nothing: its successor will show. What is known to work may be booted
  // while nobody serves, and has to back off.
  const isStopgap = fleet.phase.name === 'running' && death.worker.generation === fleet.settled.id;
  if (death.worker.state === 'booting' && !ofWanted && !isStopgap) return turn;
  const slot = slotAfter(fleet, death, context);
  if (isRolling(fleet) && ofWanted && isAgainstRelease(fleet, death, slot)) {
    return abortRollout(turn, abortReason(death), death.error);
  }
  if (fleet.phase.name === 'starting') return end(turn, 'boot-failed', death.error);
  const counted = slot === null ? turn : remember(turn, death.worker.slot, slot, context);
  return isHopeless(counted.fleet) ? end(counted, 'gave-up', death.error) : counted;
}

/** One that proved itself, but dies again and again, would keep a rollout from ever ending. */
function isAgainstRelease(fleet: Fleet, { worker }: Death, slot: Slot | null): boolean {
  return !isProven(fleet, worker) || (slot !== null && isSlowest(slot, fleet.policy.respawn));
}

function abortReason({ how, worker }: Death): AbortReason {
  switch (how) {
    case 'fork-failed':
    case 'incompatible':
      return how;
    case 'failed':
    case 'exited':
      return worker.state === 'booting' ? 'boot-failed' : 'died-early';
    case 'timed-out':
      return worker.state === 'booting' ? 'boot-timeout' : 'died-early';
  }
}

/** What the worker's slot remembers now; null: it was scaled away meanwhile. */
function slotAfter({ slots, policy }: Fleet, death: Death, { now, random }: Context): Slot | null {
  const slot = slots[death.worker.slot];
  if (slot === undefined) return null;
  const early = isEarly(death, now, policy.respawn);
  return afterDeath(slot, early, now, (deaths) => respawnDelayMs(deaths, policy.respawn, random));
}

function remember(turn: Turn, index: number, slot: Slot, { now }: Context): Turn {
  const { slots, policy } = turn.fleet;
  const counted = change(turn, { slots: slots.with(index, slot) });
  if (slot.notBefore <= now) return counted;
  return announce(counted, {
    type: 'respawn-delayed',
    slot: index,
    earlyDeaths: slot.earlyDeaths,
    delayMs: slot.notBefore - now,
    slowest: isSlowest(slot, policy.respawn),
  });
}

function end(turn: Turn, reason: Ending['reason'], error: ErrorInfo | null): Turn {
  return change(turn, { phase: { name: 'stopping', ending: { exitCode: 1, reason, error } } });
}
