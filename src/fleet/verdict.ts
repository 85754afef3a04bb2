// Rule: what does a death say about the release, the slot, and the whole fleet?
import type { AbortReason } from './command.ts';
import type { ErrorInfo } from './event.ts';
import type { Ending } from './fleet.ts';
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
  if (isRolling(fleet) && ofWanted && !isProven(fleet, death.worker)) {
    return abortRollout(turn, abortReason(death), death.error);
  }
  // A cancelled boot cannot fail the start: its successor will show.
  if (fleet.phase.name === 'starting') return ofWanted ? end(turn, 'boot-failed', death.error) : turn;
  const counted = countDeath(turn, death, context);
  return isHopeless(counted.fleet) ? end(counted, 'gave-up', death.error) : counted;
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

function countDeath(turn: Turn, death: Death, { now, random }: Context): Turn {
  const { slots, policy } = turn.fleet;
  const index = death.worker.slot;
  const before = slots[index];
  // The slot may have been scaled away meanwhile.
  if (before === undefined) return turn;
  const early = isEarly(death, now, policy.respawn);
  const slot = afterDeath(before, early, now, (deaths) => respawnDelayMs(deaths, policy.respawn, random));
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
