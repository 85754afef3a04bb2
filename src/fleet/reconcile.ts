// Wanted against actual: which commands? The rules, in the order in which they look at a turn.
import { forkMissing } from './fill.ts';
import { isFull, readyWorkers } from './fleet.ts';
import { killOverdue } from './overdue.ts';
import { cancelBoots, drainExtra, drainOutdated } from './replace.ts';
import { completeRollout } from './rollout.ts';
import { finish, shutDown } from './shutdown.ts';
import { forkStopgaps, makeRoom } from './stopgap.ts';
import { announce } from './turn.ts';
import type { Context, Rule, Turn } from './turn.ts';
import { assessFailures } from './verdict.ts';

const RULES: readonly Rule[] = [
  killOverdue,
  assessFailures,
  shutDown,
  cancelBoots,
  makeRoom,
  drainExtra,
  drainOutdated,
  forkStopgaps,
  forkMissing,
  completeRollout,
  tellWhenFull,
  finish,
];

export function reconcile(turn: Turn, context: Context): Turn {
  return RULES.reduce((sofar, rule) => rule(sofar, context), turn);
}

/** Rule: every slot has come to be filled by a ready worker. */
function tellWhenFull(turn: Turn): Turn {
  const { before, fleet } = turn;
  if (isFull(before) || !isFull(fleet)) return turn;
  // In a rollout in which nobody served it may be what was known to work that does again.
  const isNew = readyWorkers(fleet).some((worker) => worker.generation === fleet.target.id);
  const { id: generation, entry, cwd } = isNew ? fleet.target : fleet.stable;
  return announce(turn, { type: 'fleet-ready', size: fleet.slots.length, generation, entry, cwd });
}
