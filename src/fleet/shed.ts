// Rule: a worker that holds clearly more connections than its share gives some back. Their clients connect anew, and whichever
// worker is free takes them: connections that are kept alive never move by themselves.
//
// Example: 4 workers hold 64, 0, 0 and 0 connections, as after a scale-up. The share is 16. The first one gives back the 48 above it,
// and some of them come back to it, as chance has it: 34, 14, 10, 6. Then 18: 21, 17, 15, 11. Then 5: 18, 18, 15, 13. It stays so, as
// 18 is not clearly more than 16.
import { isFull, isRolling, readyWorkers } from './fleet.ts';
import type { Fleet, Shedding } from './fleet.ts';
import { announce, change, command } from './turn.ts';
import type { Context, Turn } from './turn.ts';
import { isRecycled } from './worker.ts';
import type { Ready } from './worker.ts';

/** Clearly more than the share is this part of it more, and at least so many connections: chance alone makes that much. */
const TOLERANCE = { part: 0.2, connections: 2 } as const;

/**
 * How long it takes, in ms, until those that were given back are counted where they are then: a worker looks twice in that time, and
 * its first look may come before its clients have connected anew.
 */
const SETTLE_MS = 1_000;

/**
 * After so many rounds in a row it seems not to help, as where all clients come back to the same worker, or send requests seldom: from
 * then on each pause is twice as long as the one before.
 */
const MOST_ROUNDS = 12;

/** At most 2 ** 7 times as long: somewhat over 2 minutes. */
const MOST_DOUBLINGS = 7;

/** A worker gives back no more than this at once: each costs a handshake. */
const MOST_AT_ONCE = 256;

export function shed(turn: Turn, { now }: Context): Turn {
  const { fleet } = turn;
  if (now < settledAt(fleet)) return turn;
  const { at, rounds } = fleet.shedding;
  const { share, above } = divide(fleet);
  if (above.length === 0) return rounds === 0 ? turn : change(turn, { shedding: { at, rounds: 0 } });
  return above.reduce(
    (sofar, worker) => giveBack(sofar, worker, share),
    change(turn, { shedding: { at: now, rounds: rounds + 1 } }),
  );
}

/** Infinity: as the workers are counted, none has to give anything back. */
export function nextShedAt(fleet: Fleet): number {
  const at = settledAt(fleet);
  return at === Infinity || divide(fleet).above.length === 0 ? Infinity : at;
}

/** When every worker is there to stay, and was counted since connections were given back. Infinity: that is not to be seen. */
function settledAt(fleet: Fleet): number {
  const { policy, phase, shedding } = fleet;
  if (!policy.shed || phase.name !== 'running' || fleet.slots.length < 2) return Infinity;
  if (isRolling(fleet) || !isFull(fleet)) return Infinity;
  const ready = readyWorkers(fleet);
  if (ready.some((worker) => worker.connections === null || isRecycled(worker))) return Infinity;
  return Math.max(shedding.at + pauseMs(shedding), ...ready.map(({ readyAt }) => readyAt + SETTLE_MS));
}

interface Division {
  /** How many connections each would hold if all held the same. */
  readonly share: number;
  /** Those that hold clearly more, and have told so since connections were last given back. */
  readonly above: readonly Ready[];
}

function divide(fleet: Fleet): Division {
  const { shedding } = fleet;
  const ready = readyWorkers(fleet);
  const share = ready.reduce((sum, { connections }) => sum + (connections ?? 0), 0) / ready.length;
  return {
    share,
    above: ready.filter((worker) => worker.heardAt > shedding.at && isClearlyAbove(share, worker)),
  };
}

function pauseMs({ rounds }: Shedding): number {
  return SETTLE_MS * 2 ** Math.min(Math.max(0, rounds - MOST_ROUNDS), MOST_DOUBLINGS);
}

function isClearlyAbove(share: number, { connections }: Ready): boolean {
  return (connections ?? 0) > share + Math.max(TOLERANCE.part * share, TOLERANCE.connections);
}

function giveBack(turn: Turn, worker: Ready, share: number): Turn {
  const connections = Math.min(Math.ceil((worker.connections ?? 0) - share), MOST_AT_ONCE);
  const told = command(turn, { type: 'shed', worker: worker.id, connections });
  return announce(told, { type: 'connections-shed', worker, connections });
}
