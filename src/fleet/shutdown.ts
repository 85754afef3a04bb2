// Rules: when the fleet is to stop, everybody drains, or is killed where force is asked for; then it finishes.
import type { Ending, Fleet, Phase } from './fleet.ts';
import { findWorker, isRolling, isServing, readyWorkers, activeWorkers } from './fleet.ts';
import { abortRollout } from './rollout.ts';
import { announce, change, command, drain, kill } from './turn.ts';
import type { Context, Turn } from './turn.ts';

const GRACEFUL: Ending = { exitCode: 0, reason: 'requested', error: null };

export function shutDown(turn: Turn, context: Context): Turn {
  if (isServing(turn.fleet)) return turn;
  return obey(leave(isRolling(turn.fleet) ? abortRollout(turn, 'stopping', null) : turn, context), context);
}

/** Serve on for `shutdown.delayMs`, and let everybody say that it will end. */
function leave(turn: Turn, { now }: Context): Turn {
  const { phase } = turn.fleet;
  if (phase.name !== 'leaving') return turn;
  if (now >= phase.drainAt) return change(turn, { phase: { name: 'stopping', ending: GRACEFUL } });
  const untold = readyWorkers(turn.fleet).filter(
    ({ id }) => hasEntered(turn, 'leaving') || findWorker(turn.before, id)?.state !== 'ready',
  );
  const told = command(turn, ...untold.map(({ id }) => ({ type: 'leave', worker: id }) as const));
  return hasEntered(turn, 'leaving')
    ? announce(told, { type: 'fleet-leaving', delayMs: phase.drainAt - now })
    : told;
}

function obey(turn: Turn, context: Context): Turn {
  const { phase, workers } = turn.fleet;
  if (phase.name !== 'stopping') return turn;
  const { ending } = phase;
  // The primary's copies go first: else connections wait in a queue that nobody will empty.
  const told = hasEntered(turn, 'stopping')
    ? announce(command(turn, { type: 'release-sockets' }), { type: 'fleet-stopping', ending })
    : turn;
  if (ending.reason === 'forced') {
    return workers
      .filter((worker) => worker.state !== 'killing')
      .reduce((sofar, worker) => kill(sofar, worker, 'forced', context), told);
  }
  const patient = workers.filter((worker) => worker.state === 'draining' && worker.cause !== 'shutdown');
  return [...activeWorkers(turn.fleet), ...patient].reduce(
    (sofar, worker) => drain(sofar, worker, 'shutdown', context),
    told,
  );
}

/** Nobody is left, or whoever is left does not even die of SIGKILL. */
export function finish(turn: Turn, context: Context): Turn {
  const { phase } = turn.fleet;
  if (phase.name !== 'stopping' || context.now < lastWait(turn.fleet)) return turn;
  const { ending } = phase;
  return command(change(turn, { phase: { name: 'stopped', ending } }), { type: 'finish', ending });
}

/** Until when a fleet that is stopping waits for the workers that are left: Infinity while one may still obey. */
export function lastWait({ workers, policy }: Fleet): number {
  const waits = workers.map((worker) =>
    worker.state === 'killing' ? worker.killedAt + policy.closeMs : Infinity,
  );
  return Math.max(-Infinity, ...waits);
}

function hasEntered({ before, fleet }: Turn, name: Phase['name']): boolean {
  return fleet.phase.name === name && before.phase.name !== name;
}
